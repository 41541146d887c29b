"""POST /jobs/{jobId}/resume."""

from __future__ import annotations

import pytest

from functions.db import jobs
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
from tests.integration.admin_api.conftest import DEFINITIONS

PATH = f"{BASE}/jobs/cleanup/resume"
RULE = "lamplighter-local-job-cleanup"


@pytest.fixture
def paused(api: Api, deployed: Connection) -> Connection:
    assert api("POST", f"{BASE}/jobs/cleanup/pause", actor="grace").status == 204
    return deployed


def test_a_resumed_job_fires_again_and_has_a_next_execution(api: Api, paused: Connection, aws: Aws) -> None:
    assert api("POST", PATH, permissions=("jobs.manage",)).status == 204
    assert aws.rules()[RULE] == "ENABLED"
    job = api("GET", f"{BASE}/jobs/cleanup").json
    assert (job["isPaused"], job["pausedBy"], job["pausedAt"]) == (False, None, None)
    assert job["nextExecution"] is not None


def test_resume_uses_the_schedule_of_now_not_of_the_pause(api: Api, paused: Connection, aws: Aws) -> None:
    changed = [d._replace(schedule="@daily") if d.id == "cleanup" else d for d in DEFINITIONS]
    jobs.store_definitions(paused, changed)
    assert api("POST", PATH).status == 204
    rule = aws.client("events").describe_rule(Name=RULE)
    assert (rule["State"], rule["ScheduleExpression"]) == ("ENABLED", "cron(0 0 * * ? *)")


def test_resuming_a_running_job_changes_nothing(api: Api, deployed: Connection, aws: Aws) -> None:
    before = (api("GET", f"{BASE}/jobs/cleanup").json, aws.rules())
    assert api("POST", PATH).status == 204
    assert (api("GET", f"{BASE}/jobs/cleanup").json, aws.rules()) == before


def test_each_resume_leaves_an_audit_row_in_its_transaction(api: Api, paused: Connection) -> None:
    answer = api("POST", PATH)
    assert audited(paused)[-1] == (ACTOR, "cleanup", "jobs.resume", answer.request_id)
    api("POST", f"{BASE}/jobs/cleanup/pause")
    paused.execute("ALTER TABLE lamplighter.audit RENAME TO gone")
    assert api("POST", PATH).status == 500
    assert api("GET", f"{BASE}/jobs/cleanup").json["isPaused"] is True


def test_aws_away_is_503_and_says_what_holds_and_what_does_not(api: Api, paused: Connection, aws: Aws) -> None:
    with aws.away():
        answer = api("POST", PATH)
    assert (answer.status, answer.code) == (503, "aws_unavailable")
    assert "lifted in PostgreSQL" in answer.json["detail"]
    assert api("GET", f"{BASE}/jobs/cleanup").json["isPaused"] is False
    assert aws.rules()[RULE] == "DISABLED"
    assert api("POST", PATH).status == 204, "and resuming again enables the rule"
    assert aws.rules()[RULE] == "ENABLED"


def test_an_unknown_removed_or_impossible_id_is_404(api: Api, deployed: Connection) -> None:
    assert_knows_no_other_ids(api, "POST", "/jobs/{}/resume")


def test_it_needs_a_token(api: Api, paused: Connection) -> None:
    assert_needs_a_token(api, "POST", "/jobs/cleanup/resume")


def test_seeing_does_not_include_resuming(api: Api, paused: Connection) -> None:
    assert_needs("jobs.pause", api, "POST", "/jobs/cleanup/resume")
    assert api("GET", f"{BASE}/jobs/cleanup").json["isPaused"] is True


def test_it_is_limited(api: Api, paused: Connection) -> None:
    assert_limited(api, paused, "POST", "/jobs/cleanup/resume")
