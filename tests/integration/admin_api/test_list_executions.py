"""GET /executions."""

from __future__ import annotations

import base64
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.dispatches import note_failed, take
from functions.db.executions import queue_manual
from functions.db.one_time import enqueue
from functions.db.outcomes import Outcome
from tests.integration.admin_api.api import BASE, Answer, Api
from tests.integration.admin_api.cases import assert_needs, assert_needs_a_token
from tests.integration.admin_api.runs import FIRST, run

PATH = f"{BASE}/executions"
HOUR = timedelta(hours=1)
KINDS = ("queued", "scheduled", "retrying", "running", "succeeded", "failed")


def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = api("GET", PATH + query, permissions=("jobs.view",))
    assert answer.status == 200, answer.body
    rows: list[dict[str, Any]] = answer.json["executions"]
    return rows


def statuses(api: Api, query: str = "") -> list[str]:
    return [row["status"] for row in listed(api, query)]


def one_of_each(connection: Connection) -> None:
    """One execution of `cleanup` of every kind, oldest last, and a queued one of `plain`."""
    later = datetime.now(UTC) + HOUR
    run(connection, "cleanup", FIRST, None)
    run(connection, "cleanup", FIRST - HOUR, Outcome(status="succeeded", result={"rows": 3}))
    run(connection, "cleanup", FIRST - 2 * HOUR, Outcome(status="failed", error_type="E", error_message="m" * 5000))
    run(connection, "cleanup", FIRST - 3 * HOUR,
        Outcome(status="retrying", attempt_status="failed", retry_at=later))  # fmt: skip
    enqueue(connection, job_id="cleanup", start_at=later)
    enqueue(connection, job_id="cleanup")
    enqueue(connection, job_id="plain")


def test_everything_is_listed_of_all_jobs_newest_first(api: Api, reporting: Connection) -> None:
    assert listed(api) == []
    one_of_each(reporting)
    rows = listed(api)
    assert sorted((row["job"], row["status"]) for row in rows) == sorted(
        [("plain", "queued"), *(("cleanup", kind) for kind in KINDS)]
    )
    assert [row["scheduledAt"] for row in rows] == sorted((row["scheduledAt"] for row in rows), reverse=True)


def test_what_waits_says_what_for(api: Api, reporting: Connection) -> None:
    one_of_each(reporting)
    rows = listed(api, "?status=queued,scheduled,retrying")
    assert [(row["job"], row["status"]) for row in rows] == [
        ("plain", "queued"), ("cleanup", "queued"), ("cleanup", "scheduled"), ("cleanup", "retrying"),
    ]  # fmt: skip
    assert [row["waiting"]["for"] for row in rows] == ["event", "event", "time", "time"]


def test_a_status_or_several_are_asked_for_by_name(api: Api, reporting: Connection) -> None:
    one_of_each(reporting)
    assert statuses(api, "?status=scheduled") == ["scheduled"]
    assert statuses(api, "?status=scheduled,retrying") == ["scheduled", "retrying"]
    assert statuses(api, "?jobId=cleanup&status=failed,running") == ["running", "failed"]


def test_of_one_job_everything_is_listed(api: Api, reporting: Connection) -> None:
    one_of_each(reporting)
    assert sorted(statuses(api, "?jobId=cleanup")) == sorted(KINDS)
    assert statuses(api, "?jobId=plain") == ["queued"]
    reporting.execute("UPDATE lamplighter.job SET removed_at = now(), removed_by = 'ann' WHERE id = 'cleanup'")
    assert len(listed(api, "?jobId=cleanup")) == len(KINDS), "the history of a removed job stays"


def test_an_item_is_the_execution_as_it_shows_itself_but_for_what_is_large(api: Api, reporting: Connection) -> None:
    one_of_each(reporting)
    left_out = {"errorStack", "cancelRequestedAt", "cancelRequestedBy", "attempts", "params", "cloudWatch"}
    for row in listed(api, "?jobId=cleanup"):
        alone = api("GET", f"{PATH}/{row['id']}").json
        assert alone.keys() - row.keys() == left_out
        if row["status"] == "failed":
            assert (len(row["error"]), len(alone["error"])) == (4003, 5003)
            del row["error"], alone["error"]
        assert row == {name: value for name, value in alone.items() if name not in left_out}


@pytest.mark.parametrize("query", ["", "&jobId=plain", "&jobId=plain&status=queued"])
def test_pages_hold_everything_once_also_while_more_is_enqueued(api: Api, reporting: Connection, query: str) -> None:
    ids = [str(enqueue(reporting, job_id="plain").execution_id) for _ in range(7)]
    found: list[str] = []
    cursor: str | None = ""
    sizes = []
    while cursor is not None:
        page = api("GET", f"{PATH}?limit=3{query}" + (f"&cursor={cursor}" if cursor else "")).json
        found += [row["id"] for row in page["executions"]]
        sizes.append(len(page["executions"]))
        cursor = page["nextCursor"]
        enqueue(reporting, job_id="plain")
    assert (found, sizes) == (ids[::-1], [3, 3, 1])


def test_two_of_two_jobs_at_the_same_instant_are_both_listed(api: Api, reporting: Connection) -> None:
    for job_id in ("plain", "cleanup"):
        enqueue(reporting, job_id=job_id)
    reporting.execute("UPDATE lamplighter.execution SET scheduled_at = date_trunc('hour', now()) + interval '1 us'")
    first = api("GET", f"{PATH}?limit=1").json
    second = api("GET", f"{PATH}?limit=1&cursor={first['nextCursor']}").json
    assert {row["job"] for row in first["executions"] + second["executions"]} == {"plain", "cleanup"}
    assert second["nextCursor"] is None


def test_a_page_holds_fifty_unless_told_otherwise(api: Api, reporting: Connection) -> None:
    for _ in range(52):
        enqueue(reporting, job_id="plain")
    assert (len(listed(api)), len(listed(api, "?limit=200"))) == (50, 52)


def _cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "limit=x", "limit=-1", "status=waiting", "status=queued,", "status=QUEUED",
        "jobId=cleanup&status=waiting", "cursor=", "cursor=%C3%A4", "cursor=x", "cause=cron", "from=today",
        "to=2026-11-23T09:00:00", "from=0", "since=2026-11-23T09:00:00Z",
        f"cursor={_cursor('2026-11-23T09:00:00 ' + str(uuid.UUID(int=1)))}",
        f"cursor={_cursor('2026-11-23T09:00:00+00:00 x')}", f"cursor={_cursor('tomorrow ' + str(uuid.UUID(int=2)))}",
    ],
)  # fmt: skip
def test_a_query_nobody_can_mean_is_400(api: Api, reporting: Connection, query: str) -> None:
    answer = api("GET", f"{PATH}?{query}")
    assert (answer.status, answer.code) == (400, "validation_failed"), answer.body


def test_a_time_is_asked_for_from_an_instant_on_and_up_to_another(api: Api, reporting: Connection) -> None:
    one_of_each(reporting)
    assert statuses(api, "?from=2026-11-23T08:00:00Z&to=2026-11-23T09:00:00Z") == ["succeeded"]
    assert statuses(api, "?from=2026-11-23T09:00:00%2B01:00&to=2026-11-23T09:00:00Z&jobId=cleanup") == ["succeeded"]
    assert statuses(api, "?to=2026-11-23T07:00:00Z") == ["retrying"]
    assert statuses(api, "?from=9999-12-31T23:59:59-12:00") == []


def test_a_cause_or_several_are_asked_for_by_name(api: Api, reporting: Connection) -> None:
    one_of_each(reporting)
    queue_manual(reporting, "plain", Author(actor="ann"))
    assert statuses(api, "?cause=manual") == ["queued"]
    assert sorted(statuses(api, "?cause=manual,one_time")) == ["queued", "queued", "queued", "scheduled"]
    assert statuses(api, "?cause=schedule&status=failed&jobId=cleanup") == ["failed"]
    assert statuses(api, "?cause=backfill") == []


def test_what_runs_shows_its_progress_and_what_was_enqueued_its_key(api: Api, reporting: Connection) -> None:
    run(reporting, "cleanup", FIRST, None)
    bar = {"label": "rows", "done": 3, "total": 7}
    reporting.execute("UPDATE lamplighter.execution SET progress = %s", (Jsonb([bar]),))
    enqueue(reporting, job_id="plain", key="tonight")
    assert [row["progress"] for row in listed(api, "?status=running")] == [[bar]]
    assert [row["key"] for row in listed(api, "?status=queued,running")] == ["tonight", None]


@pytest.mark.parametrize("at", ["jobs/cleanup/executions?", "executions?jobId=cleanup&"])
def test_of_one_job_pages_hold_each_of_its_kinds_once(api: Api, reporting: Connection, at: str) -> None:
    one_of_each(reporting)
    for query, expected in (("", 6), ("status=failed,succeeded,running,queued&", 4), ("cause=schedule&", 4)):
        found: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            page = api("GET", f"{BASE}/{at}{query}limit=2" + (f"&cursor={cursor}" if cursor else "")).json
            found += [row["id"] for row in page["executions"]]
            cursor = page["nextCursor"]
        assert (len(found), len(set(found))) == (expected, expected)


def test_an_unknown_job_is_404(api: Api, reporting: Connection) -> None:
    answer: Answer = api("GET", f"{PATH}?jobId=nope")
    assert (answer.status, answer.code) == (404, "jobs_not_found")


@pytest.mark.parametrize("job_id", ["", "Clean%20Up", "a,b", "x" * 101])
def test_an_id_no_job_can_have_is_400(api: Api, reporting: Connection, job_id: str) -> None:
    answer: Answer = api("GET", f"{PATH}?jobId={job_id}")
    assert (answer.status, answer.code) == (400, "validation_failed")


def test_what_aws_did_not_take_shows_how_often_it_was_tried_and_what_aws_said(api: Api, reporting: Connection) -> None:
    enqueued = enqueue(reporting, job_id="plain")
    take(reporting, limit=9)
    note_failed(reporting, enqueued.execution_id, enqueued.scheduled_at, "ThrottlingException: slow down")
    (row,) = listed(api)
    waiting = row["waiting"]
    assert (waiting["for"], waiting["sent"], waiting["error"]) == ("event", 1, "ThrottlingException: slow down")
    assert "tried once" in waiting["detail"]
    assert datetime.fromisoformat(waiting["lastSentAt"]) > datetime.now(UTC) - HOUR


def test_what_was_sent_and_not_heard_of_shows_when(api: Api, reporting: Connection) -> None:
    enqueue(reporting, job_id="plain")
    take(reporting, limit=9)
    reporting.execute("UPDATE lamplighter.execution SET dispatched_at = now() - interval '1 hour'")
    take(reporting, limit=9)
    (row,) = listed(api)
    assert (row["waiting"]["sent"], row["waiting"]["error"]) == (2, None)
    assert "2 times" in row["waiting"]["detail"]


def test_a_pause_holds_what_was_enqueued_and_not_what_somebody_triggered(api: Api, reporting: Connection) -> None:
    api("POST", f"{BASE}/jobs/plain/pause")
    queue_manual(reporting, "plain", Author(actor="ann"))
    enqueue(reporting, job_id="plain")
    enqueue(reporting, job_id="plain", start_at=datetime.now(UTC) + HOUR)
    rows = {row["cause"] + "-" + row["status"]: row["waiting"] for row in listed(api)}
    assert {name: waiting["for"] for name, waiting in rows.items()} == {
        "manual-queued": "event", "one_time-queued": "resume", "one_time-scheduled": "time",
    }  # fmt: skip
    assert "paused" in rows["one_time-scheduled"]["detail"]


def test_params_are_in_no_list(api: Api, reporting: Connection) -> None:
    enqueue(reporting, job_id="plain", params={"pages": 4711})
    assert "4711" not in api("GET", PATH).body + api("GET", f"{PATH}?jobId=plain").body


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "GET", "/executions")


def test_managing_does_not_include_seeing(api: Api) -> None:
    assert_needs("jobs.view", api, "GET", "/executions")
