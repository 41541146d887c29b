"""GET /audit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import cursors
from functions.db import audit
from functions.db.audit import Author
from functions.db.connection import Connection
from tests.integration.admin_api.api import ACTOR, BASE, Api
from tests.integration.admin_api.cases import assert_needs, assert_needs_a_token

PATH = f"{BASE}/audit"
SECRET = "hunter2-hunter2"


def trail(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = api("GET", PATH + query, permissions=("audit.view",))
    assert answer.status == 200, answer.body
    entries: list[dict[str, Any]] = answer.json["entries"]
    return entries


def test_a_change_says_who_made_it_what_it_changed_and_by_which_request(api: Api, deployed: Connection) -> None:
    answer = api("POST", f"{BASE}/jobs/cleanup/pause")
    newest, first = trail(api)
    assert (first["action"], first["actor"], first["jobId"]) == ("jobs.remove", "deployer", "removed")
    assert (newest["action"], newest["actor"], newest["jobId"]) == ("jobs.pause", ACTOR, "cleanup")
    assert newest["requestId"] == answer.request_id
    assert (newest["before"]["paused"], newest["after"]["paused"]) == (False, True)
    assert datetime.now(UTC) - datetime.fromisoformat(newest["at"]) < timedelta(minutes=5)


def test_changes_are_asked_for_by_job_actor_action_and_time(api: Api, deployed: Connection) -> None:
    for number in range(6):
        author = Author(actor=f"actor-{number % 2}", reason="because")
        audit.record(deployed, author, f"jobs.do-{number % 3}", job_id="cleanup", after={"n": number})
    deployed.execute("ALTER TABLE lamplighter.audit DISABLE TRIGGER append_only")
    deployed.execute("UPDATE lamplighter.audit SET at = '2026-11-20T00:00Z'::timestamptz + id * interval '1 h'")
    assert [row["after"]["n"] for row in trail(api, "?actor=actor-1")] == [5, 3, 1]
    assert [row["after"]["n"] for row in trail(api, "?action=jobs.do-0")] == [3, 0]
    assert [row["after"]["n"] for row in trail(api, "?actor=actor-0&action=jobs.do-0&jobId=cleanup")] == [0]
    assert [row["jobId"] for row in trail(api, "?jobId=removed")] == ["removed"]
    at = {row["after"]["n"]: row["at"].replace("+", "%2B") for row in trail(api, "?jobId=cleanup")}
    assert [row["after"]["n"] for row in trail(api, f"?from={at[2]}&to={at[4]}")] == [3, 2]
    assert trail(api, "?actor=nobody") == trail(api, "?jobId=nope") == []


@pytest.mark.parametrize("query", ["", "&jobId=cleanup", "&actor=ann", "&action=jobs.do"])
def test_pages_hold_everything_once_also_what_happened_at_one_instant(
    api: Api, deployed: Connection, query: str
) -> None:
    deployed.execute("ALTER TABLE lamplighter.audit DISABLE TRIGGER append_only")
    deployed.execute("DELETE FROM lamplighter.audit")
    for _ in range(7):
        audit.record(deployed, Author(actor="ann"), "jobs.do", job_id="cleanup")
    deployed.execute("UPDATE lamplighter.audit SET at = date_trunc('hour', at)")
    found: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api("GET", f"{PATH}?limit=3{query}" + (f"&cursor={cursor}" if cursor else "")).json
        found += [entry["id"] for entry in page["entries"]]
        cursor = page["nextCursor"]
        audit.record(deployed, Author(actor="ann"), "jobs.do", job_id="cleanup")
    assert found == sorted(found, reverse=True)
    assert (len(found), len(set(found))) == (7, 7)


def test_no_secret_is_in_it(api: Api, reporting: Connection) -> None:
    params = {"to": "ann", "pin": SECRET, "card": {"number": SECRET}, "headers": {"authorization": SECRET}}
    enqueued = api("POST", f"{BASE}/jobs/report/executions", json_body={"params": params, "key": "k"})
    assert enqueued.status == 201
    audit.record(reporting, Author(actor="ann"), "jobs.do", before={"api_key": SECRET}, after={"db": {"dsn": SECRET}})
    reporting.execute("UPDATE lamplighter.execution SET status = 'failed', finished_at = now()")
    assert api("POST", f"{BASE}/executions/retry", json_body={"jobId": "report"}).status == 200
    answer = api("GET", PATH)
    assert len(answer.json["entries"]) == 3
    assert SECRET not in answer.body
    assert answer.json["entries"][2]["after"]["params"]["pin"] == "***"


def _cursor(*values: object) -> str:
    return cursors.encode(*values)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=201", "jobId=Clean%20Up", "actor=", "action=", "from=today", "to=2026-11-23", "cursor=x",
        "actor=%00", "user=ann", f"cursor={_cursor('2026-11-23T09:00:00+00:00', '1')}",
        f"cursor={_cursor('2026-11-23T09:00:00+00:00', 2**63)}", f"cursor={_cursor('2026-11-23T09:00:00', 1)}",
        f"cursor={_cursor('2026-11-23T09:00:00+00:00', True)}",
    ],
)  # fmt: skip
def test_a_query_nobody_can_mean_is_400(api: Api, deployed: Connection, query: str) -> None:
    answer = api("GET", f"{PATH}?{query}")
    assert (answer.status, answer.code) == (400, "validation_failed")


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "GET", "/audit")


def test_seeing_jobs_does_not_include_seeing_who_changed_them(api: Api) -> None:
    assert_needs("audit.view", api, "GET", "/audit")
