"""JOBS_ENABLED=false: everything can be looked at, nothing can be changed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from functions.db.connection import Connection
from functions.db.one_time import enqueue
from functions.settings import settings
from tests.integration.admin_api.api import ACTOR, BASE, Api
from tests.integration.admin_api.cases import audited

CHANGES = [
    ("POST", "/jobs/cleanup/trigger"),
    ("POST", "/jobs/cleanup/pause"),
    ("POST", "/jobs/cleanup/resume"),
    ("DELETE", "/jobs/cleanup"),
    ("POST", "/jobs/restore"),
    ("POST", f"/executions/{uuid.UUID(int=1)}/cancel"),
    ("POST", f"/executions/{uuid.UUID(int=2)}/retry"),
    ("POST", f"/executions/{uuid.UUID(int=3)}/reschedule"),
    ("POST", "/jobs/cleanup/executions"),
]


@pytest.fixture
def off(deployed: Connection, api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """A deployment whose jobs were switched off after it had been used."""
    assert api("GET", f"{BASE}/jobs/cleanup").json["nextExecution"] is not None
    monkeypatch.setenv("JOBS_ENABLED", "false")
    settings.cache_clear()
    yield deployed
    settings.cache_clear()


@pytest.mark.parametrize(("method", "path"), CHANGES)
def test_a_change_is_refused_and_leaves_no_trace(api: Api, off: Connection, method: str, path: str) -> None:
    before = audited(off)
    answer = api(method, BASE + path)
    assert (answer.status, answer.code) == (409, "jobs_disabled")
    assert "JOBS_ENABLED" in answer.json["detail"]
    assert audited(off) == before
    assert off.execute("SELECT FROM lamplighter.mutation_count WHERE actor = %s", (ACTOR,)).fetchall() == []


def test_who_may_not_change_anything_is_told_that_and_not_the_switch(api: Api, off: Connection) -> None:
    assert api("POST", f"{BASE}/jobs/cleanup/pause", permissions=("jobs.view",)).status == 403
    assert api("POST", f"{BASE}/jobs/cleanup/pause", headers={}).status == 401


def test_jobs_and_history_are_read_as_always_and_nothing_runs_next(api: Api, off: Connection) -> None:
    listed = api("GET", f"{BASE}/jobs")
    assert (listed.status, {job["nextExecution"] for job in listed.json}) == (200, {None})
    assert {job["isPaused"] for job in listed.json} == {False}
    shown = api("GET", f"{BASE}/jobs/cleanup")
    assert (shown.status, shown.json["cron"], shown.json["nextExecution"]) == (200, "@hourly", None)


def test_what_waits_says_that_jobs_are_switched_off(api: Api, off: Connection) -> None:
    enqueue(off, job_id="cleanup")
    (waiting,) = api("GET", f"{BASE}/executions").json["executions"]
    assert waiting["waiting"]["for"] == "enabled"
    assert "JOBS_ENABLED" in waiting["waiting"]["detail"]
