"""POST /jobs/{jobId}/pause."""

from __future__ import annotations

import logging

import pytest

from functions.db.connection import Connection
from tests.integration.admin_api.api import ACTOR, BASE, Api, token
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.cases import (
    assert_knows_no_other_ids,
    assert_limited,
    assert_needs,
    assert_needs_a_token,
    audited,
)
from tests.integration.admin_api.runs import FIRST, run

PATH = f"{BASE}/jobs/cleanup/pause"
RULE = "lamplighter-local-job-cleanup"


def test_a_paused_jobs_rule_is_disabled_and_no_other(api: Api, deployed: Connection, aws: Aws) -> None:
    before = aws.rules()
    assert api("POST", PATH, permissions=("jobs.manage",)).status == 204
    assert aws.rules() == {**before, RULE: "DISABLED"}
    assert api("GET", f"{BASE}/jobs/cleanup").json["isPaused"] is True


def test_pausing_twice_keeps_who_paused_first_and_when(api: Api, deployed: Connection) -> None:
    assert api("POST", PATH, actor="grace").status == 204
    first = api("GET", f"{BASE}/jobs/cleanup").json
    assert api("POST", PATH, actor="ada").status == 204
    assert api("GET", f"{BASE}/jobs/cleanup").json == first
    assert first["pausedBy"] == "grace"


def test_each_pause_leaves_an_audit_row_with_the_request(api: Api, deployed: Connection) -> None:
    answer = api("POST", PATH)
    assert audited(deployed)[-1] == (ACTOR, "cleanup", "jobs.pause", answer.request_id)
    row = deployed.execute("SELECT before, after FROM lamplighter.audit ORDER BY id DESC LIMIT 1").fetchone()
    assert row is not None
    assert (row[0]["paused"], row[1]["paused"]) == (False, True)


def test_without_its_audit_row_there_is_no_pause(api: Api, deployed: Connection, aws: Aws) -> None:
    deployed.execute("ALTER TABLE lamplighter.audit RENAME TO gone")
    assert api("POST", PATH).status == 500
    assert api("GET", f"{BASE}/jobs/cleanup").json["isPaused"] is False
    assert aws.rules()[RULE] == "ENABLED"


def test_aws_away_pauses_all_the_same_because_the_claim_looks_again(
    api: Api, deployed: Connection, aws: Aws, caplog: pytest.LogCaptureFixture
) -> None:
    with aws.away(), caplog.at_level(logging.WARNING, logger="chalicelib"):
        answer = api("POST", PATH)
    assert answer.status == 204
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("chalicelib")]
    assert answer.request_id in line
    assert "'cleanup'" in line
    assert aws.rules()[RULE] == "ENABLED"
    run(deployed, "cleanup", FIRST, None)
    (item,) = api("GET", f"{BASE}/jobs/cleanup").json["executionHistory"]
    assert (item["status"], item["reason"]) == ("skipped", "paused")


def test_a_job_without_a_rule_can_be_paused(api: Api, deployed: Connection) -> None:
    assert api("POST", f"{BASE}/jobs/by-hand/pause").status == 204
    assert api("GET", f"{BASE}/jobs/by-hand").json["isPaused"] is True


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_no_json_does_no_harm(api: Api, deployed: Connection, content_type: str) -> None:
    headers = {"Authorization": f"Bearer {token('*')}", "Content-Type": content_type}
    assert api("POST", PATH, headers=headers, body='{"reason": ').status == 204


def test_an_unknown_removed_or_impossible_id_is_404(api: Api, deployed: Connection) -> None:
    assert_knows_no_other_ids(api, "POST", "/jobs/{}/pause")


def test_it_needs_a_token(api: Api, deployed: Connection) -> None:
    assert_needs_a_token(api, "POST", "/jobs/cleanup/pause")


def test_seeing_does_not_include_pausing(api: Api, deployed: Connection) -> None:
    assert_needs("jobs.pause", api, "POST", "/jobs/cleanup/pause")
    assert api("GET", f"{BASE}/jobs/cleanup").json["isPaused"] is False


def test_it_is_limited(api: Api, deployed: Connection) -> None:
    assert_limited(api, deployed, "POST", "/jobs/cleanup/pause")
