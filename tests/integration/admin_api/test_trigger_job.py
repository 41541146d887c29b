"""POST /jobs/{jobId}/trigger."""

from __future__ import annotations

import pytest

from functions import naming
from functions.db.connection import Connection
from tests.integration.admin_api.api import ACTOR, BASE, Api
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.cases import (
    assert_knows_no_other_ids,
    assert_limited,
    assert_needs,
    assert_needs_a_token,
    audited,
)

PATH = f"{BASE}/jobs/cleanup/trigger"


@pytest.fixture(autouse=True)
def _function(request: pytest.FixtureRequest, aws: Aws) -> None:
    if "reporting" not in request.fixturenames:
        aws.create_function(naming.job_name("local", "cleanup"))


def test_the_jobs_function_is_invoked_without_waiting_for_it(api: Api, deployed: Connection, aws: Aws) -> None:
    answer = api("POST", PATH, permissions=("jobs.manage",))
    assert answer.status == 204
    ((name, kind, event),) = aws.invocations
    assert (name, kind) == ("lamplighter-local-job-cleanup", "Event")
    (item,) = api("GET", f"{BASE}/jobs/cleanup").json["executionHistory"]
    assert (item["status"], item["cause"], item["attempt"]) == ("queued", "manual", 0)
    assert event == {
        "cause": "manual",
        "job_id": "cleanup",
        "execution_id": item["jobId"],
        "scheduled_at": item["scheduledAt"],
    }
    assert item["startedAt"] == item["scheduledAt"], "what waits says since when"


def test_location_is_the_execution_behind_the_stage_the_client_used(api: Api, deployed: Connection, aws: Aws) -> None:
    location = api("POST", PATH).headers["Location"]
    execution_id = aws.invocations[0][2]["execution_id"]
    assert location == f"/prod/api/v1/admin/executions/{execution_id}"
    execution = api("GET", location.removeprefix("/prod")).json
    assert (execution["id"], execution["job"], execution["status"]) == (execution_id, "cleanup", "queued")


def test_the_row_and_the_audit_row_are_written_together(api: Api, deployed: Connection) -> None:
    answer = api("POST", PATH)
    assert audited(deployed)[-1] == (ACTOR, "cleanup", "jobs.trigger", answer.request_id)
    deployed.execute("ALTER TABLE lamplighter.audit RENAME TO gone")
    assert api("POST", PATH).status == 500
    assert len(api("GET", f"{BASE}/jobs/cleanup").json["executionHistory"]) == 1


def test_a_paused_job_is_triggered_and_stays_paused(api: Api, deployed: Connection, aws: Aws) -> None:
    api("POST", f"{BASE}/jobs/cleanup/pause")
    assert api("POST", PATH).status == 204
    assert len(aws.invocations) == 1
    assert api("GET", f"{BASE}/jobs/cleanup").json["isPaused"] is True
    assert aws.rules()["lamplighter-local-job-cleanup"] == "DISABLED"


def test_two_triggers_are_two_executions(api: Api, deployed: Connection, aws: Aws) -> None:
    assert [api("POST", PATH).status for _ in range(2)] == [204, 204]
    assert len({event["execution_id"] for _, _, event in aws.invocations}) == 2
    assert len({event["scheduled_at"] for _, _, event in aws.invocations}) == 2


def test_a_job_whose_function_is_missing_fails_and_says_so(api: Api, deployed: Connection) -> None:
    answer = api("POST", f"{BASE}/jobs/by-hand/trigger")
    assert (answer.status, answer.code) == (400, "jobs_trigger_failed")
    assert "by-hand" in answer.json["detail"]
    (item,) = api("GET", f"{BASE}/jobs/by-hand").json["executionHistory"]
    assert (item["status"], item["error"].split(":")[0]) == ("failed", "TriggerFailed")


def test_aws_away_is_a_failed_trigger(api: Api, deployed: Connection, aws: Aws) -> None:
    with aws.away():
        answer = api("POST", PATH)
    assert (answer.status, answer.code) == (400, "jobs_trigger_failed")
    (item,) = api("GET", f"{BASE}/jobs/cleanup").json["executionHistory"]
    assert item["status"] == "failed"


def test_a_job_that_has_params_without_defaults_is_not_triggered_but_enqueued(
    api: Api, reporting: Connection, aws: Aws
) -> None:
    answer = api("POST", f"{BASE}/jobs/report/trigger")
    assert (answer.status, answer.code) == (400, "params_invalid")
    assert "no default for to" in answer.json["detail"]
    assert (api("GET", f"{BASE}/jobs/report").json["executionHistory"], aws.invocations) == ([], [])
    assert api("POST", f"{BASE}/jobs/plain/trigger").status == 204


def test_a_body_is_ignored_whatever_it_is(api: Api, deployed: Connection) -> None:
    assert api("POST", PATH, body='{"broken').status == 204


def test_an_unknown_removed_or_impossible_id_is_404(api: Api, deployed: Connection, aws: Aws) -> None:
    assert_knows_no_other_ids(api, "POST", "/jobs/{}/trigger")
    assert aws.invocations == []


def test_it_needs_a_token(api: Api, deployed: Connection) -> None:
    assert_needs_a_token(api, "POST", "/jobs/cleanup/trigger")


def test_seeing_does_not_include_triggering(api: Api, deployed: Connection, aws: Aws) -> None:
    assert_needs("jobs.trigger", api, "POST", "/jobs/cleanup/trigger")
    assert aws.invocations == []


def test_it_is_limited(api: Api, deployed: Connection) -> None:
    assert_limited(api, deployed, "POST", "/jobs/cleanup/trigger")
