"""GET /jobs/{jobId}."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from functions.db import jobs
from functions.db.connection import Connection
from functions.db.outcomes import Outcome
from functions.definition import JobDefinition
from functions.retry import Retry
from tests.integration.admin_api.api import BASE, Api
from tests.integration.admin_api.cases import assert_knows_no_other_ids, assert_needs, assert_needs_a_token
from tests.integration.admin_api.reports import DEFINITIONS
from tests.integration.admin_api.runs import FIRST, run


def test_the_detail_is_the_listed_job_and_its_history(api: Api, deployed: Connection) -> None:
    execution_id = run(deployed, "cleanup", FIRST, Outcome(status="succeeded"))
    answer = api("GET", f"{BASE}/jobs/cleanup", permissions=("jobs.view",))
    assert answer.status == 200
    detail = answer.json
    (item,) = detail.pop("executionHistory")
    del detail["trigger"], detail["paramsSchema"], detail["definition"]
    assert detail in api("GET", f"{BASE}/jobs").json
    assert item["startedAt"] == detail["lastExecution"]
    assert 0 <= item["duration"] < 60
    assert item["finishedAt"] >= item["startedAt"]
    assert {name: item[name] for name in item.keys() - {"startedAt", "finishedAt", "duration"}} == {
        "jobId": str(execution_id),
        "status": "succeeded",
        "error": None,
        "cause": "schedule",
        "scheduledAt": "2026-11-23T09:00:00+00:00",
        "attempt": 1,
        "retryAt": None,
        "dueAt": None,
        "reason": None,
    }


def test_the_detail_says_what_fires_the_job_and_why_that(api: Api, deployed: Connection) -> None:
    trigger = api("GET", f"{BASE}/jobs/cleanup").json["trigger"]
    applied_at = datetime.fromisoformat(trigger.pop("appliedAt"))
    assert timedelta() <= datetime.now(UTC) - applied_at < timedelta(hours=1)
    assert trigger == {"backend": "rule", "reason": "a rule can serve it", "startedAt": None}
    assert api("GET", f"{BASE}/jobs/by-hand").json["trigger"] is None


def test_the_detail_has_the_definition_as_it_was_deployed(api: Api, connection: Connection) -> None:
    definition = JobDefinition(
        id="a", schedule="@daily", timeout=timedelta(minutes=5), memory_mb=512, retry=Retry(attempts=2),
        overlap="allow", misfire="run_once", pause_after_failures=3, concurrency=7, jitter=timedelta(minutes=5),
        permissions=({"Action": "s3:GetObject", "Resource": "*"},), tags=("billing", "nightly"), source="m:f",
    )  # fmt: skip
    jobs.store_definitions(connection, [definition])
    detail = api("GET", f"{BASE}/jobs/a").json
    assert (detail["timeout"], detail["tags"]) == (300, ["billing", "nightly"])
    retry = detail["definition"].pop("retry")
    assert retry["attempts"] == 2
    assert detail["definition"] == {
        "memoryMb": 512, "overlap": "allow", "misfire": "run_once", "pauseAfterFailures": 3, "concurrency": 7,
        "jitter": 300, "permissions": [{"Action": "s3:GetObject", "Resource": "*"}], "source": "m:f",
        "hash": definition.hash,
    }  # fmt: skip


def test_the_etag_is_another_one_after_a_change_and_the_same_after_a_run(api: Api, deployed: Connection) -> None:
    def etag() -> str:
        return api("GET", f"{BASE}/jobs/cleanup").headers["ETag"]

    first = etag()
    run(deployed, "cleanup", FIRST, Outcome(status="succeeded"))
    assert etag() == first
    seen = {first}
    for change in ("pause", "resume"):
        api("POST", f"{BASE}/jobs/cleanup/{change}")
        seen.add(etag())
    assert len(seen) == 2, "a job that runs as before is the same version"
    jobs.store_definitions(deployed, [JobDefinition(id="cleanup", schedule="@daily")])
    assert etag() not in seen


def test_a_failure_says_what_went_wrong(api: Api, deployed: Connection) -> None:
    outcome = Outcome(status="failed", error_type="ValueError", error_message="no such row", error_stack="Trace…")
    run(deployed, "cleanup", FIRST, outcome)
    (item,) = api("GET", f"{BASE}/jobs/cleanup").json["executionHistory"]
    assert (item["status"], item["error"]) == ("failed", "ValueError: no such row")


def test_history_is_the_newest_50_newest_first_and_never_another_jobs(api: Api, deployed: Connection) -> None:
    for minute in range(55):
        run(deployed, "cleanup", FIRST + timedelta(minutes=minute), Outcome(status="succeeded"))
    run(deployed, "a.b_c-1", FIRST, Outcome(status="succeeded"))
    history = api("GET", f"{BASE}/jobs/cleanup").json["executionHistory"]
    newest = [(FIRST + timedelta(minutes=minute)).isoformat() for minute in range(54, 4, -1)]
    assert [item["scheduledAt"] for item in history] == newest
    assert len(api("GET", f"{BASE}/jobs/a.b_c-1").json["executionHistory"]) == 1


def test_an_execution_past_its_lease_is_lost_not_running(api: Api, deployed: Connection) -> None:
    run(deployed, "cleanup", FIRST, None, lease=timedelta(0))
    run(deployed, "a.b_c-1", FIRST, None)
    detail = api("GET", f"{BASE}/jobs/cleanup").json
    assert (detail["lastStatus"], detail["executionHistory"][0]["status"]) == ("lost", "lost")
    assert api("GET", f"{BASE}/jobs/a.b_c-1").json["executionHistory"][0]["status"] == "running"


def test_an_occurrence_while_paused_is_skipped_for_that_reason(api: Api, deployed: Connection) -> None:
    api("POST", f"{BASE}/jobs/cleanup/pause")
    run(deployed, "cleanup", FIRST, None)
    (item,) = api("GET", f"{BASE}/jobs/cleanup").json["executionHistory"]
    assert (item["status"], item["reason"], item["startedAt"] is None) == ("skipped", "paused", False)


@pytest.mark.parametrize("path", ["a.b_c-1", "a%2Eb_c%2D1", "restore", "cleanup/"])
def test_ids_are_read_percent_decoded(api: Api, deployed: Connection, path: str) -> None:
    answer = api("GET", f"{BASE}/jobs/{path}")
    assert (answer.status, answer.json["id"]) == (200, path.replace("%2E", ".").replace("%2D", "-").rstrip("/"))


def test_an_unknown_removed_or_impossible_id_is_404(api: Api, deployed: Connection) -> None:
    assert_knows_no_other_ids(api, "GET", "/jobs/{}")


def test_it_needs_a_token(api: Api, deployed: Connection) -> None:
    assert_needs_a_token(api, "GET", "/jobs/cleanup")


def test_who_may_not_look_is_not_told_what_exists(api: Api, deployed: Connection) -> None:
    assert_needs("jobs.view", api, "GET", "/jobs/cleanup")
    assert_needs("jobs.view", api, "GET", "/jobs/nope")


def test_the_detail_says_what_params_the_job_takes_and_the_default_of_no_secret(
    api: Api, reporting: Connection
) -> None:
    schema = api("GET", f"{BASE}/jobs/report").json["paramsSchema"]
    assert schema == json.loads(json.dumps(DEFINITIONS[0].params_schema))
    pin = schema["$defs"]["ReportParams"]["properties"]["pin"]
    assert pin == {"type": "string", "writeOnly": True}
    assert api("GET", f"{BASE}/jobs/cleanup").json["paramsSchema"] is None
