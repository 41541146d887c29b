"""DELETE /jobs/{jobId}."""

from __future__ import annotations

from functions.db import jobs
from functions.db.connection import Connection
from functions.db.outcomes import Outcome
from functions.scheduling.reconcile import reconcile
from functions.settings import settings
from tests.integration.admin_api.api import ACTOR, BASE, Api
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.cases import (
    assert_knows_no_other_ids,
    assert_limited,
    assert_needs,
    assert_needs_a_token,
    assert_unknown,
    audited,
)
from tests.integration.admin_api.conftest import DEFINITIONS
from tests.integration.admin_api.runs import FIRST, run

PATH = f"{BASE}/jobs/cleanup"
RULE = "lamplighter-local-job-cleanup"


def test_a_removed_job_is_off_the_list_and_its_rule_is_gone(api: Api, deployed: Connection, aws: Aws) -> None:
    before = aws.rules()
    assert api("DELETE", PATH, permissions=("jobs.manage",)).status == 204
    assert aws.rules() == {name: state for name, state in before.items() if name != RULE}
    assert "cleanup" not in [job["id"] for job in api("GET", f"{BASE}/jobs").json]


def test_the_second_time_it_is_404(api: Api, deployed: Connection) -> None:
    assert api("DELETE", PATH).status == 204
    assert_unknown(api("DELETE", PATH))
    assert [row[2] for row in audited(deployed) if row[1] == "cleanup"] == ["jobs.remove"]


def test_a_deploy_does_not_bring_it_back(api: Api, deployed: Connection, aws: Aws) -> None:
    api("DELETE", PATH)
    jobs.store_definitions(deployed, DEFINITIONS)
    reconcile(deployed, settings())
    assert_unknown(api("GET", PATH))
    assert RULE not in aws.rules()


def test_history_stays_and_the_pause_goes(api: Api, deployed: Connection) -> None:
    execution_id = run(deployed, "cleanup", FIRST, Outcome(status="succeeded"))
    api("POST", f"{PATH}/pause")
    api("DELETE", PATH)
    assert api("GET", f"{BASE}/executions/{execution_id}").json["status"] == "succeeded"
    api("POST", f"{BASE}/jobs/restore")
    detail = api("GET", PATH).json
    assert (detail["isPaused"], len(detail["executionHistory"])) == (False, 1)


def test_a_job_called_restore_can_be_removed(api: Api, deployed: Connection) -> None:
    assert api("DELETE", f"{BASE}/jobs/restore").status == 204
    assert_unknown(api("GET", f"{BASE}/jobs/restore"))


def test_each_removal_leaves_an_audit_row_in_its_transaction(api: Api, deployed: Connection) -> None:
    answer = api("DELETE", PATH)
    assert audited(deployed)[-1] == (ACTOR, "cleanup", "jobs.remove", answer.request_id)
    deployed.execute("ALTER TABLE lamplighter.audit RENAME TO gone")
    assert api("DELETE", f"{BASE}/jobs/by-hand").status == 500
    assert api("GET", f"{BASE}/jobs/by-hand").status == 200


def test_aws_away_removes_all_the_same(api: Api, deployed: Connection, aws: Aws) -> None:
    with aws.away():
        assert api("DELETE", PATH).status == 204
    assert RULE in aws.rules()
    run(deployed, "cleanup", FIRST, None)
    row = deployed.execute("SELECT status, reason FROM lamplighter.execution WHERE job_id = 'cleanup'").fetchone()
    assert row == ("skipped", "removed")


def test_an_unknown_removed_or_impossible_id_is_404(api: Api, deployed: Connection) -> None:
    assert_knows_no_other_ids(api, "DELETE", "/jobs/{}")


def test_it_needs_a_token(api: Api, deployed: Connection) -> None:
    assert_needs_a_token(api, "DELETE", "/jobs/cleanup")


def test_seeing_does_not_include_removing(api: Api, deployed: Connection) -> None:
    assert_needs("jobs.delete", api, "DELETE", "/jobs/cleanup")
    assert api("GET", PATH).status == 200


def test_it_is_limited(api: Api, deployed: Connection) -> None:
    assert_limited(api, deployed, "DELETE", "/jobs/cleanup")
