"""GET /jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from functions.db.connection import Connection
from functions.db.outcomes import Outcome
from tests.integration.admin_api.api import BASE, Api
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.cases import assert_needs, assert_needs_a_token
from tests.integration.admin_api.runs import FIRST, run


def test_every_job_is_listed_by_id_except_removed_ones(api: Api, deployed: Connection) -> None:
    answer = api("GET", f"{BASE}/jobs", permissions=("jobs.view",))
    assert answer.status == 200
    assert [job["id"] for job in answer.json] == ["a.b_c-1", "by-hand", "cleanup", "restore"]


def test_a_job_that_never_ran_has_its_schedule_and_no_last_execution(api: Api, deployed: Connection) -> None:
    before = datetime.now(UTC)
    (job,) = [job for job in api("GET", f"{BASE}/jobs").json if job["id"] == "cleanup"]
    next_hour = before.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    assert datetime.fromisoformat(job.pop("nextExecution")) in (next_hour, next_hour + timedelta(hours=1))
    assert datetime.fromisoformat(job.pop("createdAt")).utcoffset() == timedelta(0)
    assert job == {
        "id": "cleanup",
        "cron": "@hourly",
        "timezone": "UTC",
        "description": "Removes what expired",
        "tags": [],
        "state": "enabled",
        "timeout": 60.0,
        "lastExecution": None,
        "lastStatus": None,
        "lastDuration": None,
        "isPaused": False,
        "pausedAt": None,
        "pausedBy": None,
        "pauseReason": None,
        "pausedUntil": None,
    }


def test_a_job_shows_when_and_how_its_last_execution_went(api: Api, deployed: Connection) -> None:
    run(deployed, "cleanup", FIRST, Outcome(status="failed", error_type="E", error_message="no"))
    run(deployed, "cleanup", FIRST + timedelta(hours=1), Outcome(status="succeeded"))
    (job,) = [job for job in api("GET", f"{BASE}/jobs").json if job["id"] == "cleanup"]
    started_at = datetime.fromisoformat(job["lastExecution"])
    assert abs(datetime.now(UTC) - started_at) < timedelta(minutes=1)
    assert (job["lastStatus"], job["lastDuration"] < 60) == ("succeeded", True)


def test_a_paused_job_keeps_its_schedule_and_has_no_next_execution(api: Api, deployed: Connection) -> None:
    api("POST", f"{BASE}/jobs/cleanup/pause", actor="grace")
    (job,) = [job for job in api("GET", f"{BASE}/jobs").json if job["id"] == "cleanup"]
    assert (job["isPaused"], job["cron"], job["nextExecution"]) == (True, "@hourly", None)
    assert job["pausedBy"] == "grace"
    assert abs(datetime.now(UTC) - datetime.fromisoformat(job["pausedAt"])) < timedelta(minutes=1)


def test_a_job_run_by_hand_only_has_no_cron(api: Api, deployed: Connection) -> None:
    (job,) = [job for job in api("GET", f"{BASE}/jobs").json if job["id"] == "by-hand"]
    assert (job["cron"], job["nextExecution"]) == (None, None)


def test_a_job_no_longer_in_code_is_not_listed(api: Api, deployed: Connection) -> None:
    deployed.execute("UPDATE lamplighter.job SET in_code = false WHERE id = 'cleanup'")
    assert "cleanup" not in [job["id"] for job in api("GET", f"{BASE}/jobs").json]


def test_instants_are_in_utc_whatever_the_databases_zone_is(
    api: Api, deployed: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGTZ", "Asia/Kathmandu")
    deployed.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    api("GET", f"{BASE}/jobs")  # finds its connection dead
    (job, *_) = api("GET", f"{BASE}/jobs").json
    assert job["createdAt"].endswith("+00:00")


def test_without_jobs_the_list_is_empty(api: Api) -> None:
    answer = api("GET", f"{BASE}/jobs")
    assert (answer.status, answer.json) == (200, [])


def test_aws_is_not_needed_to_list(api: Api, deployed: Connection, aws: Aws) -> None:
    with aws.away():
        assert api("GET", f"{BASE}/jobs").status == 200


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "GET", "/jobs")


def test_managing_does_not_include_seeing(api: Api) -> None:
    assert_needs("jobs.view", api, "GET", "/jobs")
