"""POST /jobs/{jobId}/executions."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import database
from functions.db.connection import Connection, connect
from functions.db.one_time import enqueue
from functions.db.outcomes import Outcome
from functions.params import LARGEST_PARAMS_BYTES
from tests.integration.admin_api.api import ACTOR, BASE, Answer, Api, token
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.cases import (
    assert_knows_no_other_ids,
    assert_limited,
    assert_needs,
    assert_needs_a_token,
    audited,
)
from tests.integration.admin_api.reports import PATH, audit_of, start_schedules
from tests.integration.admin_api.runs import FIRST, run
from tests.integration.waiting import until_waiting

SECRET = "hunter2-hunter2"
pytestmark = pytest.mark.usefixtures("reporting")


def post(api: Api, path: str = PATH, **fields: Any) -> Answer:
    return api("POST", path, permissions=("jobs.manage",), json_body=fields)


def shown(api: Api, answer: Answer) -> Any:
    return api("GET", answer.headers["Location"].removeprefix("/prod"), permissions=("jobs.view",)).json


def executions_in(connection: Connection) -> int:
    row = connection.execute("SELECT count(*) FROM lamplighter.execution").fetchone()
    assert row is not None
    return int(row[0])


def assert_refused(answer: Answer, status: int, code: str, *named: str) -> None:
    assert (answer.status, answer.code) == (status, code), answer.body
    for each in named:
        assert each in answer.json["detail"]


def test_what_is_due_now_is_written_down_and_its_function_invoked(api: Api, aws: Aws) -> None:
    answer = post(api, params={"to": "ann", "day": "2026-12-24"})
    assert answer.status == 201
    execution = shown(api, answer)
    assert (execution["job"], execution["status"], execution["cause"]) == ("report", "queued", "one_time")
    assert execution["params"] == {"to": "ann", "day": "2026-12-24"}
    assert execution["waiting"]["for"] == "event"
    event = {"cause": "one_time", "job_id": "report", "execution_id": execution["id"],
             "scheduled_at": execution["scheduledAt"]}  # fmt: skip
    assert aws.invocations == [("lamplighter-local-job-report", "Event", event)]


@pytest.mark.parametrize("when", ["delay", "at"])
def test_what_is_due_later_gets_a_schedule_that_starts_it_then(api: Api, aws: Aws, when: str) -> None:
    due_at = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)
    given: Any = 7200 if when == "delay" else due_at.astimezone().isoformat()
    execution = shown(api, post(api, params={"to": "ann"}, **{when: given}))
    assert (execution["status"], execution["waiting"]["for"], aws.invocations) == ("scheduled", "time", [])
    assert abs(datetime.fromisoformat(execution["dueAt"]) - due_at) < timedelta(seconds=30)
    (schedule,) = start_schedules(aws)
    whole = datetime.fromisoformat(execution["dueAt"])
    whole = whole if not whole.microsecond else whole.replace(microsecond=0) + timedelta(seconds=1)
    assert schedule["ScheduleExpression"] == f"at({whole:%Y-%m-%dT%H:%M:%S})"
    assert json.loads(schedule["Target"]["Input"])["execution_id"] == execution["id"]


def test_without_a_body_a_job_whose_params_have_defaults_or_that_has_none_runs_now(api: Api, aws: Aws) -> None:
    for job_id in ("plain", "cleanup"):
        answer = api("POST", f"{BASE}/jobs/{job_id}/executions")
        assert (answer.status, shown(api, answer)["params"]) == (201, None)
    assert len(aws.invocations) == 2


def test_null_is_as_good_as_not_given(api: Api) -> None:
    nothing = dict.fromkeys(("params", "at", "delay", "key", "after", "on"))
    assert post(api, f"{BASE}/jobs/plain/executions", **nothing).status == 201


def test_the_audit_row_says_who_asked_for_what_and_is_written_with_the_execution(
    api: Api, reporting: Connection
) -> None:
    answer = post(api, params={"to": "ann"}, delay=7200, key="k-1")
    ((actor, job_id, before, after, request_id),) = audit_of(reporting, "executions.enqueue")
    execution = shown(api, answer)
    assert (actor, job_id, before, request_id) == (ACTOR, "report", None, answer.request_id)
    assert after == {"execution_id": execution["id"], "status": "scheduled", "due_at": execution["dueAt"],
                     "params": {"to": "ann"}, "key": "k-1"}  # fmt: skip
    reporting.execute("ALTER TABLE lamplighter.audit RENAME TO gone")
    assert post(api, params={"to": "ann"}).status == 500
    assert executions_in(reporting) == 1


def test_no_secret_is_in_an_answer_or_an_audit_row_and_the_job_gets_it(api: Api, reporting: Connection) -> None:
    params = {"to": "ann", "pin": SECRET, "card": {"number": SECRET}, "cards": [{"number": SECRET}],
              "headers": {"Authorization": SECRET}}  # fmt: skip
    answer = post(api, params=params)
    execution = shown(api, answer)
    assert execution["params"] == {"to": "ann", "pin": "***", "card": "***", "cards": "***",
                                   "headers": {"Authorization": "***"}}  # fmt: skip
    rows = reporting.execute("SELECT params, secret_params FROM lamplighter.execution").fetchall()
    assert rows == [(params, ["pin", "card", "cards"])]
    ((_, _, _, after, _),) = audit_of(reporting, "executions.enqueue")
    everything = [answer.body, json.dumps(execution), json.dumps(after)]
    everything += [api("GET", f"{BASE}/{rest}").body for rest in ("executions", "jobs", "jobs/report")]
    assert SECRET not in "".join(everything)


@pytest.mark.parametrize(
    ("params", "named"),
    [
        (None, ["to"]),
        ({}, ["to is missing"]),
        ({"to": 5}, ["to (5): use a text"]),
        ({"to": "ann", "pages": 1.0}, ["pages (1.0): use a whole number"]),
        ({"to": "ann", "pages": True}, ["pages"]),
        ({"to": "ann", "day": "tomorrow"}, ["day ('tomorrow'): use a valid date"]),
        ({"to": "ann", "day": 5}, ["day (5): use a text or null"]),
        ({"to": "ann", "too": 1}, ["there is no field too", "pages"]),
        ({"to": "ann", "headers": {"a": 1}}, ["headers.a (1): use a text"]),
        ({"to": None, "pages": "x"}, ["to (None)", "pages ('x')"]),
    ],
)
def test_params_that_do_not_fit_are_400_and_named_with_their_rule(
    api: Api, reporting: Connection, params: Any, named: list[str]
) -> None:
    assert_refused(post(api, params=params), 400, "params_invalid", "'report'", *named)
    assert (executions_in(reporting), audit_of(reporting, "executions.enqueue")) == (0, [])


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"pin": [SECRET]}, "pin: use a text"),
        ({"card": {"number": [SECRET]}}, "card.number: use a text"),
        ({"card": {"number": "", SECRET: 1}}, "card: there is no field ***"),
        ({"card": SECRET}, "card: use"),
        ({"cards": [{"number": "", "holder": [SECRET]}]}, "cards.holder: use a text"),
        ({"headers": {"token": [SECRET]}}, "headers: use a text"),
    ],
)
def test_what_is_wrong_with_a_secret_is_said_without_it(api: Api, params: dict[str, Any], path: str) -> None:
    answer = post(api, params={"to": "ann", **params})
    assert_refused(answer, 400, "params_invalid", path)
    assert SECRET not in answer.body


def test_a_job_without_params_is_given_none(api: Api, reporting: Connection) -> None:
    path = f"{BASE}/jobs/cleanup/executions"
    assert_refused(post(api, path, params={"to": "ann"}), 400, "params_invalid", "takes no params")
    assert shown(api, post(api, path, params={}))["params"] is None


def test_params_are_as_large_as_the_library_lets_them_be_and_a_body_a_little_larger(api: Api) -> None:
    fits = "ä" * ((LARGEST_PARAMS_BYTES - len('{"to": ""}')) // 2)
    headers = {"Authorization": f"Bearer {token('*')}", "Content-Type": "application/json; charset=utf-8"}

    def send(to: str) -> Answer:
        return api("POST", PATH, headers=headers, body=json.dumps({"params": {"to": to}}, ensure_ascii=False))

    assert send(fits).status == 201
    assert_refused(send(fits + "ä"), 400, "params_invalid", str(LARGEST_PARAMS_BYTES))
    assert_refused(send(fits + "ä" * 6000), 413, "body_too_large")


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"at": "2026-12-24T18:00:00"}, "validation_failed", "offset"),
        ({"at": "tomorrow"}, "validation_failed", "ISO 8601"),
        ({"at": "9999-12-31T23:59:59-12:00"}, "enqueue_invalid", "a year ahead"),
        ({"at": 5}, "validation_failed", "at is invalid"),
        ({"delay": 366 * 24 * 3600 + 1}, "validation_failed", "delay"),
        ({"delay": -1}, "validation_failed", "delay"),
        ({"delay": "5"}, "validation_failed", "delay"),
        ({"delay": True}, "validation_failed", "delay"),
        ({"delay": 5, "at": "2026-12-24T18:00:00Z"}, "enqueue_invalid", "exclude each other"),
        ({"delay": 5, "after": str(uuid.UUID(int=1))}, "enqueue_invalid", "exclude each other"),
        ({"key": ""}, "enqueue_invalid", "key"),
        ({"key": "k" * 201}, "enqueue_invalid", "key"),
        ({"key": 5}, "validation_failed", "key"),
        ({"after": str(uuid.UUID(int=2)), "on": "missed"}, "validation_failed", "failed, finished, succeeded"),
        ({"on": "failed"}, "validation_failed", "after"),
        ({"params": []}, "validation_failed", "an object"),
        ({"parms": {}}, "validation_failed", "'parms'"),
    ],
)
def test_times_keys_and_fields_there_cannot_be_are_400(
    api: Api, reporting: Connection, fields: dict[str, Any], code: str, named: str
) -> None:
    given = fields if "params" in fields else {"params": {"to": "ann"}} | fields
    assert_refused(post(api, **given), 400, code, named)
    assert executions_in(reporting) == 0


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("{", "line 1"),
        ("[]", "object"),
        ('"x"', "object"),
        ("{} {}", "Extra data"),
        ('{"key": "a", "key": "b"}', "twice"),
        ('{"delay": NaN}', "NaN"),
        ('{"delay": 1e400}', "too large"),
        ('{"delay": ' + "9" * 5000 + "}", "digits"),
        ('{"key": "\\u0000"}', "NUL"),
        ('{"params": {"to": "\\ud800"}}', "surrogate"),
        ('{"params": {"\\u0000": 1}}', "NUL"),
        ('{"params": ' + '{"a": ' * 5000 + "1" + "}" * 5001, "nested"),
        ('{"params": {"to": ' + "[" * 100 + "]" * 100 + "}}", "nested"),
    ],
)
def test_a_body_that_is_no_json_object_is_400(api: Api, reporting: Connection, body: str, named: str) -> None:
    headers = {"Authorization": f"Bearer {token('*')}", "Content-Type": "application/json"}
    assert_refused(api("POST", PATH, headers=headers, body=body), 400, "validation_failed", named)
    assert executions_in(reporting) == 0


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_a_body_that_is_not_said_to_be_json_is_415(api: Api, reporting: Connection, kind: str | None) -> None:
    headers = {"Authorization": f"Bearer {token('*')}"} | ({} if kind is None else {"Content-Type": kind})
    answer = api("POST", PATH, headers=headers, body='{"params": {"to": "ann"}}')
    assert_refused(answer, 415, "content_type_unsupported", "application/json")
    assert (answer.headers["Accept"], executions_in(reporting)) == ("application/json", 0)


def test_a_key_whose_execution_is_unfinished_answers_204_with_that_one_and_changes_nothing(
    api: Api, reporting: Connection, aws: Aws
) -> None:
    first = post(api, params={"to": "ann"}, key="order 7")
    second = post(api, params={"to": "bob"}, key="order 7", delay=7200)
    assert (first.status, second.status) == (201, 204)
    assert second.headers["Location"] == first.headers["Location"]
    assert (shown(api, second)["params"], len(aws.invocations)) == ({"to": "ann"}, 1)
    assert (executions_in(reporting), len(audit_of(reporting, "executions.enqueue"))) == (1, 1)
    reporting.execute("UPDATE lamplighter.execution SET status = 'failed', finished_at = now()")
    third = post(api, params={"to": "ann"}, key="order 7")
    assert (third.status, third.headers["Location"] == first.headers["Location"]) == (201, False)


def test_of_two_clients_with_the_same_key_at_once_one_writes_it_down_and_both_get_it(
    api: Api, reporting: Connection, database_url: str
) -> None:
    mine_on = database.warm().get()
    with connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        with other.transaction():
            # The other client has written it down and not committed yet.
            theirs = enqueue(other, job_id="report", params={"to": "bob"}, key="k")
            mine = pool.submit(post, api, params={"to": "ann"}, key="k")
            until_waiting(reporting, mine_on)
        assert mine.result().status == 204
    assert mine.result().headers["Location"].endswith(str(theirs.execution_id))
    assert executions_in(reporting) == 1


def test_after_another_execution_it_waits_and_says_for_which_end_of_which(api: Api, aws: Aws) -> None:
    parent = shown(api, post(api, params={"to": "ann"}, delay=7200))["id"]
    child = shown(api, post(api, params={"to": "bob"}, after=parent, on="failed"))
    assert (child["status"], child["dueAt"]) == ("scheduled", None)
    assert child["waitingFor"] == {"execution": parent, "on": "failed"}
    assert child["waiting"]["for"] == "execution"
    assert parent in child["waiting"]["detail"]
    assert aws.invocations == []


def test_after_what_has_ended_so_it_runs_now(api: Api, reporting: Connection, aws: Aws) -> None:
    parent = run(reporting, "cleanup", FIRST, Outcome(status="succeeded"))
    child = shown(api, post(api, params={"to": "bob"}, after=str(parent)))
    assert (child["status"], child["waitingFor"], len(aws.invocations)) == ("queued", None, 1)


@pytest.mark.parametrize("after", [str(uuid.UUID(int=3)), "nope", ""])
def test_after_an_unknown_execution_is_404(api: Api, reporting: Connection, after: str) -> None:
    assert_refused(post(api, params={"to": "ann"}, after=after), 404, "executions_not_found")
    assert executions_in(reporting) == 0


def test_a_paused_jobs_execution_is_accepted_and_waits_for_its_resume(api: Api) -> None:
    api("POST", f"{BASE}/jobs/report/pause")
    answer = post(api, params={"to": "ann"})
    waiting = shown(api, answer)["waiting"]
    assert (answer.status, waiting["for"]) == (201, "resume")
    assert ACTOR in waiting["detail"]


@pytest.mark.parametrize(("delay", "waits_for"), [(0, "event"), (7200, "time")])
def test_aws_away_is_no_error_and_the_execution_shows_what_aws_said(
    api: Api, aws: Aws, delay: int, waits_for: str
) -> None:
    with aws.away():
        answer = post(api, params={"to": "ann"}, delay=delay)
    assert answer.status == 201
    waiting = shown(api, answer)["waiting"]
    assert (waiting["for"], waiting["sent"]) == (waits_for, 0 if delay else 1)
    assert "Could not connect" in waiting["error"]
    assert "the sweep" in waiting["detail"]


def test_a_month_without_a_partition_is_made(api: Api, reporting: Connection) -> None:
    month = datetime.now(UTC).strftime("%Y_%m")
    for table in ("execution", "attempt", "job_log"):
        reporting.execute(f"DROP TABLE lamplighter.{table}_{month}")
    assert post(api, params={"to": "ann"}).status == 201


def test_an_unknown_removed_or_impossible_id_is_404(api: Api, reporting: Connection, aws: Aws) -> None:
    assert_knows_no_other_ids(api, "POST", "/jobs/{}/executions")
    assert (executions_in(reporting), aws.invocations) == (0, [])


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "POST", "/jobs/cleanup/executions")


def test_seeing_does_not_include_enqueueing(api: Api, reporting: Connection) -> None:
    assert_needs("jobs.trigger", api, "POST", "/jobs/cleanup/executions")
    assert (executions_in(reporting), audited(reporting)) == (0, [])


def test_it_is_limited(api: Api, reporting: Connection) -> None:
    assert_limited(api, reporting, "POST", "/jobs/cleanup/executions")
