"""POST /executions/{executionId}/reschedule."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.executions import queue_manual
from functions.db.one_time import Enqueued, enqueue
from functions.db.outcomes import Outcome
from tests.integration.admin_api.api import ACTOR, BASE, Answer, Api
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.cases import (
    assert_knows_no_other_executions,
    assert_limited,
    assert_needs,
    assert_needs_a_token,
    audited,
)
from tests.integration.admin_api.reports import audit_of, start_schedules
from tests.integration.admin_api.runs import FIRST, run
from tests.integration.seeds import claimed

RESCHEDULE = "/executions/{}/reschedule"
HOUR = timedelta(hours=1)


def later(connection: Connection, ahead: timedelta | None = HOUR, **options: Any) -> Enqueued:
    start_at = None if ahead is None else datetime.now(UTC) + ahead
    return enqueue(connection, job_id="plain", start_at=start_at, **options)


def reschedule(api: Api, execution_id: object, **fields: Any) -> Answer:
    return api("POST", BASE + RESCHEDULE.format(execution_id), permissions=("jobs.manage",), json_body=fields)


def shown(api: Api, execution_id: object) -> Any:
    return api("GET", f"{BASE}/executions/{execution_id}").json


def assert_refused(answer: Answer, *named: str) -> None:
    assert (answer.status, answer.code) == (409, "executions_not_reschedulable"), answer.body
    for each in named:
        assert each in answer.json["detail"]


def test_it_starts_at_the_new_time_which_gets_a_schedule_of_its_own(api: Api, reporting: Connection, aws: Aws) -> None:
    waiting = later(reporting)
    at = (datetime.now(UTC) + 3 * HOUR).replace(microsecond=0)
    assert reschedule(api, waiting.execution_id, at=at.isoformat()).status == 204
    execution = shown(api, waiting.execution_id)
    assert (execution["status"], execution["dueAt"]) == ("scheduled", at.isoformat())
    assert execution["waiting"]["for"] == "time"
    (schedule,) = start_schedules(aws)
    assert schedule["ScheduleExpression"] == f"at({at:%Y-%m-%dT%H:%M:%S})"
    assert aws.invocations == []


def test_brought_forward_to_now_its_function_is_invoked(api: Api, reporting: Connection, aws: Aws) -> None:
    waiting = later(reporting)
    assert reschedule(api, waiting.execution_id, delay=0).status == 204
    assert shown(api, waiting.execution_id)["status"] == "queued"
    ((_, _, event),) = aws.invocations
    assert event["execution_id"] == str(waiting.execution_id)


def test_put_off_an_event_on_its_way_starts_nothing(api: Api, reporting: Connection) -> None:
    waiting = later(reporting, None)
    assert reschedule(api, waiting.execution_id, delay=7200).status == 204
    claim = claimed(reporting, "plain", at=waiting.scheduled_at, cause="one_time", execution_id=waiting.execution_id)
    assert claim.decision == "duplicate"


def test_the_audit_row_says_what_the_time_was_and_is(api: Api, reporting: Connection) -> None:
    waiting = later(reporting)
    answer = reschedule(api, waiting.execution_id, at="2026-12-24T18:00:00+01:00")
    ((actor, job_id, before, after, request_id),) = audit_of(reporting, "executions.reschedule")
    assert (actor, job_id, request_id) == (ACTOR, "plain", answer.request_id)
    named = {"execution_id": str(waiting.execution_id)}
    assert datetime.fromisoformat(before.pop("due_at")) == waiting.due_at
    assert (before, after) == (named, named | {"due_at": "2026-12-24T17:00:00+00:00"})
    reporting.execute("ALTER TABLE lamplighter.audit RENAME TO gone")
    assert reschedule(api, waiting.execution_id, delay=0).status == 500
    assert shown(api, waiting.execution_id)["dueAt"] == "2026-12-24T17:00:00+00:00"


def test_what_has_started_has_ended_or_will_be_retried_is_409_and_says_so(
    api: Api, reporting: Connection, aws: Aws
) -> None:
    assert_refused(reschedule(api, run(reporting, "cleanup", FIRST, None), delay=0), "'schedule'")
    ended = run(reporting, "cleanup", FIRST + HOUR, Outcome(status="succeeded"))
    assert_refused(reschedule(api, ended, delay=0), "'succeeded'")
    again = Outcome(status="retrying", attempt_status="failed", retry_at=datetime.now(UTC) + HOUR)
    assert_refused(reschedule(api, run(reporting, "cleanup", FIRST + 2 * HOUR, again), delay=0), "retried")
    started = later(reporting, None)
    claimed(reporting, "plain", at=started.scheduled_at, cause="one_time", execution_id=started.execution_id)
    assert_refused(reschedule(api, started.execution_id, delay=0), "it has started")
    assert (aws.invocations, audited(reporting)) == ([], [])


def test_what_was_triggered_or_waits_for_another_is_409_and_says_so(api: Api, reporting: Connection) -> None:
    triggered = queue_manual(reporting, "cleanup", Author(actor="ann")).id
    assert_refused(reschedule(api, triggered, delay=0), "'manual'")
    parent = later(reporting)
    child = later(reporting, None, after=parent.execution_id)
    assert_refused(reschedule(api, child.execution_id, delay=0), str(parent.execution_id))


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({}, "validation_failed", "at"),
        ({"at": None}, "validation_failed", "at"),
        ({"at": "2026-12-24T18:00:00"}, "validation_failed", "offset"),
        ({"delay": -1}, "validation_failed", "delay"),
        ({"at": "2199-12-24T18:00:00Z"}, "enqueue_invalid", "a year ahead"),
        ({"at": "2026-12-24T18:00:00Z", "delay": 5}, "enqueue_invalid", "exclude each other"),
        ({"params": {}}, "validation_failed", "'params'"),
    ],
)
def test_a_time_there_cannot_be_is_400(
    api: Api, reporting: Connection, fields: dict[str, Any], code: str, named: str
) -> None:
    waiting = later(reporting)
    answer = reschedule(api, waiting.execution_id, **fields)
    assert (answer.status, answer.code) == (400, code)
    assert named in answer.json["detail"]
    assert waiting.due_at is not None
    assert datetime.fromisoformat(shown(api, waiting.execution_id)["dueAt"]) == waiting.due_at


def test_no_body_is_400(api: Api, reporting: Connection) -> None:
    answer = api("POST", BASE + RESCHEDULE.format(later(reporting).execution_id))
    assert (answer.status, answer.code) == (400, "validation_failed")


def test_aws_away_is_no_error_and_the_execution_shows_it(api: Api, reporting: Connection, aws: Aws) -> None:
    waiting = later(reporting)
    with aws.away():
        assert reschedule(api, waiting.execution_id, delay=7200).status == 204
    execution = shown(api, waiting.execution_id)
    assert execution["waiting"]["for"] == "time"
    assert "Could not connect" in execution["waiting"]["error"]


def test_an_unknown_or_impossible_id_is_404(api: Api, reporting: Connection) -> None:
    assert_knows_no_other_executions(api, "POST", RESCHEDULE)
    assert reschedule(api, uuid.uuid4(), delay=0).status == 404


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "POST", RESCHEDULE.format(uuid.uuid4()))


def test_seeing_does_not_include_rescheduling(api: Api, reporting: Connection) -> None:
    assert_needs("jobs.manage", api, "POST", RESCHEDULE.format(later(reporting).execution_id))
    assert audited(reporting) == []


def test_it_is_limited(api: Api, reporting: Connection) -> None:
    waiting = later(reporting)
    assert_limited(api, reporting, "POST", RESCHEDULE.format(waiting.execution_id), json_body={"delay": 7200})
