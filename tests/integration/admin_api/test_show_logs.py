"""GET /executions/{executionId}/logs."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from functions.db.claims import claim
from functions.db.connection import Connection
from functions.db.outcomes import Outcome, finish
from functions.log_lines import LogLine
from tests.integration.admin_api.api import BASE, Answer, Api
from tests.integration.admin_api.cases import assert_needs, assert_needs_a_token
from tests.integration.admin_api.runs import FIRST, run


def ran(connection: Connection, job_id: str, *said: str) -> uuid.UUID:
    """An execution that said this."""
    execution_id, token = uuid.uuid4(), uuid.uuid4()
    whose = {"execution_id": execution_id, "scheduled_at": FIRST, "token": token}
    claim(connection, job_id=job_id, cause="schedule", overlap="allow", lease=timedelta(minutes=5), **whose)  # type: ignore[arg-type]
    lines = [LogLine(logged_at=FIRST, level="INFO", message=text, fields={"n": 1}) for text in said]
    assert finish(connection, Outcome(status="succeeded"), lines=lines, **whose)  # type: ignore[arg-type]
    return execution_id


def said(answer: Answer) -> list[tuple[int, str]]:
    assert answer.status == 200
    return [(line["line"], line["message"]) for line in answer.json["lines"]]


def test_the_newest_lines_come_in_order_and_those_after_a_line_on_demand(api: Api, deployed: Connection) -> None:
    path = f"{BASE}/executions/{ran(deployed, 'cleanup', *map(str, range(1, 451)))}/logs"
    every = [(number, str(number)) for number in range(1, 451)]
    assert said(api("GET", path, permissions=("jobs.view",))) == every[250:]
    assert said(api("GET", f"{path}?after=0")) == every[:200]
    assert said(api("GET", f"{path}?after=200")) == every[200:400]
    assert said(api("GET", f"{path}?after=450")) == []


def test_a_line_has_its_instant_level_and_fields(api: Api, deployed: Connection) -> None:
    answer = api("GET", f"{BASE}/executions/{ran(deployed, 'cleanup', 'one')}/logs")
    line = {
        "line": 1, "loggedAt": "2026-11-23T09:00:00+00:00", "level": "INFO", "message": "one", "fields": {"n": 1}
    }  # fmt: skip
    assert answer.json == {"attempt": 1, "lines": [line]}


def test_lines_of_another_execution_are_not_among_them(api: Api, deployed: Connection) -> None:
    ran(deployed, "cleanup", "theirs")
    assert said(api("GET", f"{BASE}/executions/{ran(deployed, 'by-hand', 'mine')}/logs")) == [(1, "mine")]


def test_an_execution_without_lines_has_none(api: Api, deployed: Connection) -> None:
    assert said(api("GET", f"{BASE}/executions/{run(deployed, 'cleanup', FIRST, None)}/logs")) == []


@pytest.mark.parametrize("after", ["-1", "1.5", "x", "", "2147483648", "9" * 400, "²", "1%27"])
def test_what_is_no_line_number_is_refused_with_the_rule(api: Api, deployed: Connection, after: str) -> None:
    answer = api("GET", f"{BASE}/executions/{uuid.uuid4()}/logs?after={after}")
    assert (answer.status, answer.code) == (400, "validation_failed")
    assert "a whole number" in answer.json["detail"]


@pytest.mark.parametrize("execution_id", [str(uuid.uuid4()), "1", "%00", "a" * 300])
def test_an_unknown_or_impossible_id_is_404(api: Api, execution_id: str) -> None:
    answer = api("GET", f"{BASE}/executions/{execution_id}/logs")
    assert (answer.status, answer.code) == (404, "executions_not_found")


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "GET", f"/executions/{uuid.uuid4()}/logs")


def test_managing_does_not_include_seeing(api: Api) -> None:
    assert_needs("jobs.view", api, "GET", f"/executions/{uuid.uuid4()}/logs")
