"""POST /executions/{executionId}/cancel."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.executions import queue_manual
from functions.db.outcomes import Outcome
from tests.integration.admin_api.api import ACTOR, BASE, Answer, Api
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.cases import (
    assert_knows_no_other_executions,
    assert_limited,
    assert_needs,
    assert_needs_a_token,
    audited,
)
from tests.integration.admin_api.runs import FIRST, run

CANCEL = "/executions/{}/cancel"


def cancel(api: Api, execution_id: object, *permissions: str) -> Answer:
    return api("POST", BASE + CANCEL.format(execution_id), permissions=permissions or ("*",))


def last_audit(connection: Connection) -> object:
    return connection.execute("SELECT before, after FROM lamplighter.audit ORDER BY id DESC LIMIT 1").fetchone()


def test_a_running_execution_is_asked_to_stop_and_location_shows_whether_it_does(
    api: Api, deployed: Connection
) -> None:
    execution_id = run(deployed, "cleanup", FIRST, None)
    answer = cancel(api, execution_id, "jobs.manage")
    assert (answer.status, answer.headers["Location"]) == (202, f"/prod{BASE}/executions/{execution_id}")
    shown = api("GET", f"{BASE}/executions/{execution_id}").json
    assert (shown["status"], shown["cancelRequestedBy"]) == ("running", ACTOR)
    assert shown["cancelRequestedAt"].endswith("+00:00")
    assert audited(deployed)[-1] == (ACTOR, "cleanup", "executions.cancel", answer.request_id)
    after = {"execution_id": str(execution_id), "status": "running", "cancel_requested_by": ACTOR}
    assert last_audit(deployed) == ({"status": "running"}, after)


def test_asking_twice_is_answered_alike_and_changes_nothing(api: Api, deployed: Connection) -> None:
    execution_id = run(deployed, "cleanup", FIRST, None)
    first = cancel(api, execution_id)
    before = (audited(deployed), api("GET", f"{BASE}/executions/{execution_id}").json)
    second = api("POST", BASE + CANCEL.format(execution_id), actor="grace")
    assert (first.status, second.status) == (202, 202)
    assert (audited(deployed), api("GET", f"{BASE}/executions/{execution_id}").json) == before


def test_what_waits_for_its_event_is_ended_at_once(api: Api, deployed: Connection) -> None:
    execution_id = queue_manual(deployed, "cleanup", Author(actor="grace")).id
    answer = cancel(api, execution_id, "jobs.manage")
    assert (answer.status, "Location" in answer.headers) == (204, False)
    shown = api("GET", f"{BASE}/executions/{execution_id}").json
    assert (shown["status"], shown["reason"]) == ("cancelled", f"cancelled by {ACTOR}")
    assert shown["finishedAt"] is not None
    assert audited(deployed)[-1] == (ACTOR, "cleanup", "executions.cancel", answer.request_id)
    after = {"execution_id": str(execution_id), "status": "cancelled", "cancel_requested_by": ACTOR}
    assert last_audit(deployed) == ({"status": "queued"}, after)


def test_what_waits_to_be_tried_again_is_ended_and_keeps_its_attempts(api: Api, deployed: Connection) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    failed = Outcome(status="retrying", attempt_status="failed", retry_at=later, error_type="E")
    execution_id = run(deployed, "cleanup", FIRST, failed)
    assert cancel(api, execution_id).status == 204
    shown = api("GET", f"{BASE}/executions/{execution_id}").json
    assert (shown["status"], shown["retryAt"], shown["error"]) == ("cancelled", None, "E")
    assert [(attempt["attempt"], attempt["status"]) for attempt in shown["attempts"]] == [(1, "failed")]
    assert api("GET", f"{BASE}/jobs/cleanup").json["lastStatus"] == "cancelled"


def test_a_run_past_its_lease_is_ended_too(api: Api, deployed: Connection) -> None:
    execution_id = run(deployed, "cleanup", FIRST, None, lease=timedelta())
    assert cancel(api, execution_id).status == 204
    shown = api("GET", f"{BASE}/executions/{execution_id}").json
    assert (shown["status"], [attempt["status"] for attempt in shown["attempts"]]) == ("cancelled", ["lost"])


@pytest.mark.parametrize("status", ["succeeded", "failed", "skipped", "cancelled", "lost"])
def test_what_has_ended_is_409_and_says_how(api: Api, deployed: Connection, status: str) -> None:
    execution_id = run(deployed, "cleanup", FIRST, Outcome(status=status))
    before = audited(deployed)
    answer = cancel(api, execution_id)
    assert (answer.status, answer.code) == (409, "executions_already_finished")
    assert repr(status) in answer.json["detail"]
    assert audited(deployed) == before


def test_an_execution_of_a_removed_job_is_cancelled_all_the_same(api: Api, deployed: Connection) -> None:
    execution_id = run(deployed, "cleanup", FIRST, None)
    assert api("DELETE", f"{BASE}/jobs/cleanup").status == 204
    assert cancel(api, execution_id).status == 202


def test_aws_away_does_not_matter(api: Api, deployed: Connection, aws: Aws) -> None:
    execution_id = queue_manual(deployed, "cleanup", Author(actor="grace")).id
    with aws.away():
        assert cancel(api, execution_id).status == 204


def test_without_its_audit_row_nothing_is_cancelled(api: Api, deployed: Connection) -> None:
    execution_id = queue_manual(deployed, "cleanup", Author(actor="grace")).id
    deployed.execute("ALTER TABLE lamplighter.audit RENAME TO gone")
    assert cancel(api, execution_id).status == 500
    assert api("GET", f"{BASE}/executions/{execution_id}").json["status"] == "queued"


def test_an_unknown_or_impossible_id_is_404(api: Api, deployed: Connection) -> None:
    assert_knows_no_other_executions(api, "POST", CANCEL)


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "POST", CANCEL.format(uuid.uuid4()))


def test_seeing_does_not_include_cancelling(api: Api, deployed: Connection) -> None:
    execution_id = run(deployed, "cleanup", FIRST, None)
    assert_needs("jobs.manage", api, "POST", CANCEL.format(execution_id))
    assert api("GET", f"{BASE}/executions/{execution_id}").json["cancelRequestedBy"] is None


def test_it_is_limited(api: Api, deployed: Connection) -> None:
    assert_limited(api, deployed, "POST", CANCEL.format(run(deployed, "cleanup", FIRST, None)))
