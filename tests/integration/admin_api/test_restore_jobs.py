"""POST /jobs/restore."""

from __future__ import annotations

from functions.db.connection import Connection
from tests.integration.admin_api.api import ACTOR, BASE, Api
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.cases import assert_limited, assert_needs, assert_needs_a_token, audited

PATH = f"{BASE}/jobs/restore"
RULE = "lamplighter-local-job-cleanup"


def test_removed_jobs_are_back_and_running(api: Api, deployed: Connection, aws: Aws) -> None:
    assert api("POST", PATH, permissions=("jobs.manage",)).status == 204
    job = api("GET", f"{BASE}/jobs/removed").json
    assert (job["isPaused"], job["nextExecution"] is None) == (False, False)
    assert aws.rules()["lamplighter-local-job-removed"] == "ENABLED"


def test_a_rule_deleted_behind_our_back_comes_back_as_the_pause_says(api: Api, deployed: Connection, aws: Aws) -> None:
    api("POST", f"{BASE}/jobs/cleanup/pause")
    events = aws.client("events")
    for name in (RULE, "lamplighter-local-job-restore"):
        ids = [target["Id"] for target in events.list_targets_by_rule(Rule=name)["Targets"]]
        events.remove_targets(Rule=name, Ids=ids)
        events.delete_rule(Name=name)
    assert api("POST", PATH).status == 204
    rules = aws.rules()
    assert (rules[RULE], rules["lamplighter-local-job-restore"]) == ("DISABLED", "ENABLED")
    assert api("GET", f"{BASE}/jobs/cleanup").json["isPaused"] is True


def test_with_nothing_to_restore_it_succeeds(api: Api, deployed: Connection) -> None:
    assert [api("POST", PATH).status for _ in range(2)] == [204, 204]


def test_a_job_no_longer_in_code_stays_away(api: Api, deployed: Connection) -> None:
    deployed.execute("UPDATE lamplighter.job SET in_code = false WHERE id = 'removed'")
    assert api("POST", PATH).status == 204
    assert api("GET", f"{BASE}/jobs/removed").status == 404


def test_each_restore_leaves_an_audit_row_in_its_transaction(api: Api, deployed: Connection) -> None:
    answer = api("POST", PATH)
    assert audited(deployed)[-1] == (ACTOR, None, "jobs.restore", answer.request_id)
    api("DELETE", f"{BASE}/jobs/cleanup")
    deployed.execute("ALTER TABLE lamplighter.audit RENAME TO gone")
    assert api("POST", PATH).status == 500
    assert api("GET", f"{BASE}/jobs/cleanup").status == 404


def test_aws_away_is_400_and_restoring_again_finishes_it(api: Api, deployed: Connection, aws: Aws) -> None:
    with aws.away():
        answer = api("POST", PATH)
    assert (answer.status, answer.code) == (400, "jobs_restore_failed")
    assert "removed" in answer.json["detail"]
    assert api("POST", PATH).status == 204
    assert aws.rules()["lamplighter-local-job-removed"] == "ENABLED"


def test_it_needs_a_token(api: Api, deployed: Connection) -> None:
    assert_needs_a_token(api, "POST", "/jobs/restore")


def test_seeing_does_not_include_restoring(api: Api, deployed: Connection) -> None:
    assert_needs("jobs.manage", api, "POST", "/jobs/restore")
    assert api("GET", f"{BASE}/jobs/removed").status == 404


def test_it_is_limited(api: Api, deployed: Connection) -> None:
    assert_limited(api, deployed, "POST", "/jobs/restore")
