"""GET /quota: how much of AWS's limits is used."""

from __future__ import annotations

from typing import Any

import pytest

from functions.db import jobs
from functions.db.connection import Connection
from functions.definition import JobDefinition
from functions.scheduling.reconcile import reconcile
from functions.settings import settings
from tests.integration.admin_api.api import BASE, Api
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.cases import assert_needs, assert_needs_a_token

PATH = f"{BASE}/quota"


def meters(api: Api) -> dict[str, Any]:
    answer = api("GET", PATH, permissions=("jobs.view",))
    assert answer.status == 200
    return {meter.pop("resource"): meter for meter in answer.json["meters"]}


def test_rules_of_others_count_too_and_ours_are_told_apart(api: Api, deployed: Connection, aws: Aws) -> None:
    for number in range(120):
        aws.client("events").put_rule(Name=f"theirs-{number}", ScheduleExpression="rate(1 hour)")
    rules = meters(api)["rules"]
    assert rules == {"used": 123, "ours": 3, "limit": 300, "share": 0.41, "isNear": False}


def test_from_80_percent_on_it_is_near(api: Api, deployed: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    for limit, is_near in ((3, True), (4, False)):
        monkeypatch.setenv("RULES_LIMIT", str(limit))
        settings.cache_clear()
        assert meters(api)["rules"]["isNear"] is is_near


def test_schedules_are_those_of_jobs_and_of_what_waits(api: Api, deployed: Connection) -> None:
    jobs.store_definitions(deployed, [JobDefinition(id="zoned", schedule="@daily", timezone="Europe/Prague")])
    reconcile(deployed, settings())
    assert api("POST", f"{BASE}/jobs/zoned/executions", json_body={"delay": 3600}).status == 201
    found = meters(api)
    assert (found["schedules"]["used"], found["schedules"]["limit"]) == (2, 10_000_000)
    assert found["targetsPerRule"]["limit"] == 5


def test_with_aws_away_it_is_503(api: Api, deployed: Connection, aws: Aws) -> None:
    with aws.away():
        answer = api("GET", PATH)
    assert (answer.status, answer.code) == (503, "aws_unavailable")


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "GET", "/quota")


def test_managing_does_not_include_seeing(api: Api) -> None:
    assert_needs("jobs.view", api, "GET", "/quota")
