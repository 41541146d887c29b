"""GET /plan and POST /plan/apply: what a reconcile would do, what somebody changed in AWS, and doing it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.services import plan as plan_service
from functions.db import jobs, triggers
from functions.db.connection import Connection, connect
from functions.definition import JobDefinition
from tests.integration.admin_api.api import ACTOR, BASE, Answer, Api, token
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.cases import assert_limited, assert_needs, assert_needs_a_token, audited

PATH = f"{BASE}/plan"
APPLY = f"{BASE}/plan/apply"
RULE = "lamplighter-local-job-cleanup"
ORPHAN = "lamplighter-local-job-of-yesterday"


def planned(api: Api, query: str = "") -> dict[str, Any]:
    answer = api("GET", PATH + query, permissions=("jobs.view",))
    assert answer.status == 200
    found: dict[str, Any] = answer.json
    return found


def drift(api: Api, query: str = "") -> dict[str, tuple[str, str | None]]:
    return {step["name"]: (step["action"], step["drift"]) for step in planned(api, query)["steps"]}


def test_right_after_a_deploy_there_is_nothing_to_do(api: Api, deployed: Connection) -> None:
    found = planned(api)
    assert (found["isClean"], found["drifted"], found["steps"]) == (True, 0, [])
    assert found["counts"] == {"leave": 5}


def test_what_somebody_did_in_aws_is_told_apart(api: Api, deployed: Connection, aws: Aws) -> None:
    api("POST", f"{BASE}/jobs/restore/pause")
    events = aws.client("events")
    events.disable_rule(Name=RULE)
    events.enable_rule(Name="lamplighter-local-job-restore")
    events.put_rule(Name=ORPHAN, ScheduleExpression="rate(1 hour)", State="ENABLED")
    found = drift(api)
    assert found[RULE] == ("state", "disabled")
    assert found["lamplighter-local-job-restore"] == ("state", "enabled")
    assert found[ORPHAN] == ("remove", "orphan")
    (step,) = [step for step in planned(api)["steps"] if step["name"] == RULE]
    assert step["job"] == "cleanup"
    assert step["differences"] == [{"field": "State", "before": "DISABLED", "after": "ENABLED"}]


def test_a_deleted_and_a_changed_rule_are_told_apart(api: Api, deployed: Connection, aws: Aws) -> None:
    events = aws.client("events")
    ids = [target["Id"] for target in events.list_targets_by_rule(Rule=RULE)["Targets"]]
    events.remove_targets(Rule=RULE, Ids=ids)
    events.delete_rule(Name=RULE)
    restore = "lamplighter-local-job-restore"
    events.put_rule(Name=restore, ScheduleExpression="cron(0 5 * * ? *)", State="ENABLED")
    assert drift(api) == {RULE: ("create", "missing"), restore: ("update", "changed")}
    assert planned(api)["drifted"] == 2


def test_a_target_changed_by_hand_is_seen_by_a_deep_look(api: Api, deployed: Connection, aws: Aws) -> None:
    aws.client("events").put_targets(Rule=RULE, Targets=[{"Id": "job", "Arn": "arn:aws:lambda:eu:1:function:other"}])
    assert drift(api) == {}
    assert drift(api, "?deep=true") == {RULE: ("update", "changed")}


def test_what_we_want_changed_ourselves_is_no_drift(api: Api, deployed: Connection, aws: Aws) -> None:
    definitions = [JobDefinition(id="cleanup", schedule="@daily"), JobDefinition(id="new", schedule="@daily")]
    jobs.store_definitions(deployed, definitions)
    found = drift(api)
    assert found[RULE] == ("update", None)
    assert found["lamplighter-local-job-new"] == ("create", None)
    assert found["lamplighter-local-job-restore"] == ("remove", None)


def test_looking_changes_nothing(api: Api, deployed: Connection, aws: Aws) -> None:
    aws.client("events").disable_rule(Name=RULE)
    before = (aws.rules(), triggers.all_triggers(deployed), audited(deployed))
    planned(api, "?deep=true")
    assert (aws.rules(), triggers.all_triggers(deployed), audited(deployed)) == before


def test_applying_repairs_it_and_leaves_an_audit_row(api: Api, deployed: Connection, aws: Aws) -> None:
    events = aws.client("events")
    events.disable_rule(Name=RULE)
    events.put_rule(Name=ORPHAN, ScheduleExpression="rate(1 hour)", State="ENABLED")
    answer = api("POST", APPLY, permissions=("jobs.manage",))
    assert (answer.status, answer.json["left"], answer.json["isFinished"]) == (200, {}, True)
    assert {name: answer.json["done"][name] for name in ("state", "remove")} == {"state": 1, "remove": 1}
    assert aws.rules()[RULE] == "ENABLED"
    assert ORPHAN not in aws.rules()
    assert audited(deployed)[-1] == (ACTOR, None, "plan.apply", answer.request_id)
    assert planned(api)["isClean"] is True


def test_applying_does_only_what_was_seen(api: Api, deployed: Connection, aws: Aws) -> None:
    events = aws.client("events")
    events.disable_rule(Name=RULE)
    seen = api("GET", PATH)
    assert seen.headers["ETag"] == api("GET", PATH).headers["ETag"]
    events.disable_rule(Name="lamplighter-local-job-restore")
    before = audited(deployed)
    assert _apply_if(api, seen.headers["ETag"]).code == "precondition_failed"
    assert (aws.rules()[RULE], audited(deployed)) == ("DISABLED", before)
    assert _apply_if(api, api("GET", PATH).headers["ETag"]).status == 200
    assert aws.rules()[RULE] == "ENABLED"


def _apply_if(api: Api, etag: str) -> Answer:
    return api("POST", APPLY, headers={"Authorization": f"Bearer {token('*')}", "If-Match": etag})


def test_while_another_reconcile_runs_it_is_refused(
    api: Api, deployed: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_service, "_LOCK_TIMEOUT", timedelta(milliseconds=50))
    before = audited(deployed)
    with connect(database_url) as other, other.transaction():
        triggers.lock(other, None)
        answer = api("POST", APPLY)
        assert (answer.status, answer.code) == (409, "reconcile_running")
        assert api("GET", PATH).status == 200
    assert audited(deployed) == before


def test_what_there_is_no_time_for_is_left_and_done_by_the_next(
    api: Api, deployed: Connection, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.client("events").disable_rule(Name=RULE)
    with monkeypatch.context() as patched:
        patched.setattr(plan_service, "_TIME_LIMIT", timedelta())
        answer = api("POST", APPLY)
    assert (answer.json["isFinished"], answer.json["left"]["state"]) == (False, 1)
    assert aws.rules()[RULE] == "DISABLED"
    assert api("POST", APPLY).json["isFinished"] is True
    assert aws.rules()[RULE] == "ENABLED"


def test_with_aws_away_both_are_503(api: Api, deployed: Connection, aws: Aws) -> None:
    with aws.away():
        for method, path in (("GET", PATH), ("POST", APPLY)):
            answer = api(method, path)
            assert (answer.status, answer.code) == (503, "aws_unavailable")


def test_what_aws_would_refuse_is_said_and_nothing_is_changed(api: Api, deployed: Connection, aws: Aws) -> None:
    permissions = ({"Action": "x" * 9_000, "Resource": "*"},)
    jobs.store_definitions(deployed, [JobDefinition(id="cleanup", schedule="@hourly", permissions=permissions)])
    before = aws.rules()
    for method, path in (("GET", PATH), ("POST", APPLY)):
        answer = api(method, path)
        assert (answer.status, answer.code) == (409, "aws_limit_exceeded")
    assert aws.rules() == before


def test_they_need_a_token(api: Api) -> None:
    assert_needs_a_token(api, "GET", "/plan")
    assert_needs_a_token(api, "POST", "/plan/apply")


def test_seeing_does_not_include_applying_nor_the_other_way_round(api: Api, deployed: Connection) -> None:
    assert_needs("jobs.view", api, "GET", "/plan")
    assert_needs("jobs.manage", api, "POST", "/plan/apply")


def test_applying_is_limited(api: Api, deployed: Connection) -> None:
    assert_limited(api, deployed, "POST", "/plan/apply")
