"""POST /jobs/{jobId}/pause."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.db.connection import Connection
from tests.integration.admin_api.api import ACTOR, BASE, Answer, Api, token
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


def test_a_pause_says_why_and_until_when(api: Api, deployed: Connection, aws: Aws) -> None:
    before, until = aws.rules(), (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert api("POST", PATH, json_body={"reason": "the database moves", "until": until}).status == 204
    job = api("GET", f"{BASE}/jobs/cleanup").json
    assert (job["state"], job["pauseReason"], job["pausedUntil"]) == ("paused", "the database moves", until)
    assert aws.rules() == before, "so nothing in AWS has to change when it ends"
    row = deployed.execute("SELECT after, reason FROM lamplighter.audit ORDER BY id DESC LIMIT 1").fetchone()
    assert row is not None
    assert (row[0]["resume_at"], row[1]) == (until, "the database moves")


def test_pausing_again_replaces_reason_and_end(api: Api, deployed: Connection, aws: Aws) -> None:
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    seen = []
    for body in ({"until": until}, None, {"reason": "for good"}, {"reason": "not so", "until": until}):
        assert api("POST", PATH, json_body=body).status == 204
        job = api("GET", f"{BASE}/jobs/cleanup").json
        seen.append((job["pauseReason"], job["pausedUntil"], aws.rules()[RULE]))
    on, off = "ENABLED", "DISABLED"
    assert seen == [(None, until, on), (None, until, on), ("for good", None, off), ("not so", until, on)]


def test_a_pause_with_an_end_turns_a_rule_on_that_the_last_resume_could_not(
    api: Api, deployed: Connection, aws: Aws
) -> None:
    assert api("POST", PATH).status == 204
    with aws.away():
        assert api("POST", f"{BASE}/jobs/cleanup/resume").status == 503
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert api("POST", PATH, json_body={"until": until}).status == 204
    assert aws.rules()[RULE] == "ENABLED", "else nothing fires it once the pause is over"


def test_after_its_end_a_pause_is_over_at_once(api: Api, deployed: Connection) -> None:
    assert api("POST", PATH, json_body={"until": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}).status == 204
    deployed.execute("UPDATE lamplighter.job SET resume_at = clock_timestamp() WHERE id = 'cleanup'")
    listed = {job["id"]: job for job in api("GET", f"{BASE}/jobs").json}
    for job in (listed["cleanup"], api("GET", f"{BASE}/jobs/cleanup").json):
        assert (job["state"], job["isPaused"], job["pausedUntil"]) == ("enabled", False, None)
        assert job["nextExecution"] is not None


def test_an_end_for_a_pause_whose_rule_is_off_needs_aws(api: Api, deployed: Connection, aws: Aws) -> None:
    body = {"until": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}
    with aws.away():
        assert api("POST", f"{BASE}/jobs/restore/pause", json_body=body).status == 204
    assert api("POST", PATH).status == 204
    with aws.away():
        answer = api("POST", PATH, json_body=body)
    assert (answer.status, answer.code) == (503, "aws_unavailable")
    assert aws.rules()[RULE] == "DISABLED"
    assert api("POST", PATH, json_body=body).status == 204
    assert aws.rules()[RULE] == "ENABLED", "whoever tries again gets it done"


@pytest.mark.parametrize(
    "body",
    [
        {"until": "2020-01-01T00:00:00Z"},
        {"until": "9999-01-01T00:00:00Z"},
        {"until": "2030-01-01T00:00:00"},
        {"until": "tomorrow"},
        {"until": 5},
        {"reason": "x" * 501},
        {"reason": 7},
        {"why": "x"},
        ["x"],
    ],
)
def test_another_end_or_reason_is_refused_and_nothing_is_paused(api: Api, deployed: Connection, body: Any) -> None:
    answer = api("POST", PATH, json_body=body)
    assert (answer.status, answer.code) == (400, "validation_failed")
    assert api("GET", f"{BASE}/jobs/cleanup").json["isPaused"] is False


@pytest.mark.parametrize(("content_type", "status"), [("application/json", 400), ("text/plain", 415), ("", 415)])
def test_a_body_that_is_no_json_is_refused(api: Api, deployed: Connection, content_type: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {token('*')}", "Content-Type": content_type}
    assert api("POST", PATH, headers=headers, body='{"reason": ').status == status
    assert api("GET", f"{BASE}/jobs/cleanup").json["isPaused"] is False


@pytest.mark.parametrize(("method", "path"), [("POST", "/pause"), ("POST", "/resume"), ("DELETE", "")])
def test_a_change_of_what_somebody_else_has_changed_since_is_refused(
    api: Api, deployed: Connection, method: str, path: str
) -> None:
    def send(etag: str) -> Answer:
        headers = {"Authorization": f"Bearer {token('*')}", "If-Match": etag}
        return api(method, f"{BASE}/jobs/cleanup{path}", headers=headers)

    seen = api("GET", f"{BASE}/jobs/cleanup").headers["ETag"]
    assert api("POST", PATH, json_body={"reason": "mine"}, actor="grace").status == 204
    now = api("GET", f"{BASE}/jobs/cleanup")
    before = audited(deployed)
    answer = send(seen)
    assert (answer.status, answer.code) == (412, "precondition_failed")
    assert answer.headers["ETag"] == now.headers["ETag"]
    assert (api("GET", f"{BASE}/jobs/cleanup").json, audited(deployed)) == (now.json, before)
    assert send("nonsense").code == "validation_failed"
    assert send(now.headers["ETag"]).status == 204


def test_an_unknown_removed_or_impossible_id_is_404(api: Api, deployed: Connection) -> None:
    assert_knows_no_other_ids(api, "POST", "/jobs/{}/pause")


def test_it_needs_a_token(api: Api, deployed: Connection) -> None:
    assert_needs_a_token(api, "POST", "/jobs/cleanup/pause")


def test_seeing_does_not_include_pausing(api: Api, deployed: Connection) -> None:
    assert_needs("jobs.pause", api, "POST", "/jobs/cleanup/pause")
    assert api("GET", f"{BASE}/jobs/cleanup").json["isPaused"] is False


def test_it_is_limited(api: Api, deployed: Connection) -> None:
    assert_limited(api, deployed, "POST", "/jobs/cleanup/pause")
