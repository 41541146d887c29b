"""POST /executions/{executionId}/retry."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions import naming
from functions.db import executions
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.db.executions import queue_manual, queue_repeat
from functions.db.one_time import enqueue
from functions.db.outcomes import Outcome
from tests.integration.admin_api.api import ACTOR, BASE, Answer, Api
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.cases import (
    assert_knows_no_other_executions,
    assert_limited,
    assert_needs,
    assert_needs_a_token,
    assert_unknown,
    audited,
)
from tests.integration.admin_api.runs import FIRST, run
from tests.integration.seeds import claimed
from tests.integration.waiting import until_waiting

RETRY = "/executions/{}/retry"


@pytest.fixture(autouse=True)
def _function(request: pytest.FixtureRequest, aws: Aws) -> None:
    if "reporting" not in request.fixturenames:
        aws.create_function(naming.job_name("local", "cleanup"))


def retry(api: Api, execution_id: object, *permissions: str) -> Answer:
    return api("POST", BASE + RETRY.format(execution_id), permissions=permissions or ("*",))


def failed(connection: Connection, job_id: str = "cleanup") -> uuid.UUID:
    return run(connection, job_id, FIRST, Outcome(status="failed", error_type="E"))


def assert_refused(answer: Answer, aws: Aws, *named: str) -> None:
    assert (answer.status, answer.code) == (409, "executions_not_retryable")
    for each in named:
        assert each in answer.json["detail"]
    assert aws.invocations == []


@pytest.mark.parametrize("status", ["failed", "lost", "cancelled", "missed"])
def test_what_has_ended_without_success_is_run_again_as_a_new_execution(
    api: Api, deployed: Connection, aws: Aws, status: str
) -> None:
    execution_id = run(deployed, "cleanup", FIRST, Outcome(status="failed", error_type="E"))
    deployed.execute("UPDATE lamplighter.execution SET status = %s", (status,))
    before = api("GET", f"{BASE}/executions/{execution_id}").json
    answer = retry(api, execution_id, "jobs.manage")
    assert answer.status == 204
    new = api("GET", answer.headers["Location"].removeprefix("/prod")).json
    assert (new["job"], new["status"], new["cause"], new["attempt"]) == ("cleanup", "queued", "manual", 0)
    assert new["id"] != str(execution_id)
    event = {"cause": "manual", "job_id": "cleanup", "execution_id": new["id"], "scheduled_at": new["scheduledAt"]}
    assert aws.invocations == [("lamplighter-local-job-cleanup", "Event", event)]
    assert new["repeats"] == str(execution_id)
    known = before | {"repeatedBy": new["id"]}
    assert api("GET", f"{BASE}/executions/{execution_id}").json == known, "else the old one stays as it is"
    assert audited(deployed)[-1] == (ACTOR, "cleanup", "executions.retry", answer.request_id)
    row = deployed.execute("SELECT before, after FROM lamplighter.audit ORDER BY id DESC LIMIT 1").fetchone()
    repeated = str(execution_id)
    assert row == ({"execution_id": repeated, "status": status}, {"execution_id": new["id"], "repeats": repeated})


def test_a_paused_jobs_execution_is_run_again_and_the_job_stays_paused(
    api: Api, deployed: Connection, aws: Aws
) -> None:
    execution_id = failed(deployed)
    api("POST", f"{BASE}/jobs/cleanup/pause")
    assert retry(api, execution_id).status == 204
    assert len(aws.invocations) == 1
    assert api("GET", f"{BASE}/jobs/cleanup").json["isPaused"] is True


def ended(connection: Connection, **options: Any) -> uuid.UUID:
    enqueued = enqueue(connection, job_id="report", **options)
    connection.execute("UPDATE lamplighter.execution SET status = 'failed', finished_at = now()")
    return enqueued.execution_id


def test_it_runs_again_with_the_same_params_and_the_same_secrets(api: Api, reporting: Connection, aws: Aws) -> None:
    params = {"to": "ann", "pin": "hunter2-hunter2"}
    answer = retry(api, ended(reporting, params=params, secret_params=["pin"]))
    new = api("GET", answer.headers["Location"].removeprefix("/prod"))
    assert (new.json["cause"], new.json["params"]) == ("manual", {"to": "ann", "pin": "***"})
    rows = reporting.execute("SELECT params, secret_params FROM lamplighter.execution").fetchall()
    assert rows == [(params, ["pin"])] * 2
    trail = reporting.execute("SELECT before, after FROM lamplighter.audit").fetchall()
    assert "hunter2" not in new.body + answer.body + repr(trail)
    (event,) = (sent for _, _, sent in aws.invocations)
    claim = claimed(reporting, "report", at=datetime.fromisoformat(event["scheduled_at"]), cause="manual",
                    execution_id=uuid.UUID(event["execution_id"]))  # fmt: skip
    assert (claim.decision, claim.params) == ("run", params)


def test_params_the_job_does_not_take_any_more_are_400_and_start_nothing(
    api: Api, reporting: Connection, aws: Aws
) -> None:
    answer = retry(api, ended(reporting, params={"to": 5, "pin": ["hunter2"]}, secret_params=["pin"]))
    assert (answer.status, answer.code) == (400, "params_invalid")
    assert ("to (5)" in answer.body, "hunter2" in answer.body, aws.invocations) == (True, False, [])


@pytest.mark.parametrize("status", ["succeeded", "skipped"])
def test_what_ended_as_it_should_is_409(api: Api, deployed: Connection, aws: Aws, status: str) -> None:
    execution_id = run(deployed, "cleanup", FIRST, Outcome(status=status))
    assert_refused(retry(api, execution_id), aws, repr(status), "trigger")


def test_what_runs_or_waits_is_409(api: Api, deployed: Connection, aws: Aws) -> None:
    assert_refused(retry(api, run(deployed, "cleanup", FIRST, None)), aws, "'running'")
    assert_refused(retry(api, queue_manual(deployed, "cleanup", Author(actor="ann")).id), aws, "'queued'")


def test_what_will_be_retried_by_itself_is_409_and_says_when(api: Api, deployed: Connection, aws: Aws) -> None:
    later = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    waiting = Outcome(status="retrying", attempt_status="failed", retry_at=later)
    answer = retry(api, run(deployed, "cleanup", FIRST, waiting))
    assert_refused(answer, aws, later.isoformat(), "cancel it first")


def test_what_is_lost_but_not_marked_yet_is_409_because_it_may_be_retried_by_itself(
    api: Api, deployed: Connection, aws: Aws
) -> None:
    assert_refused(retry(api, run(deployed, "cleanup", FIRST, None, lease=timedelta())), aws, "look again")


def test_an_execution_of_a_removed_job_is_not_run_again(api: Api, deployed: Connection, aws: Aws) -> None:
    execution_id = failed(deployed)
    api("DELETE", f"{BASE}/jobs/cleanup")
    before = audited(deployed)
    assert_unknown(retry(api, execution_id))
    assert (aws.invocations, audited(deployed)) == ([], before)


def test_a_job_whose_function_is_missing_fails_and_says_so(api: Api, deployed: Connection) -> None:
    answer = retry(api, failed(deployed, "by-hand"))
    assert (answer.status, answer.code) == (400, "jobs_trigger_failed")
    newest, _ = api("GET", f"{BASE}/jobs/by-hand").json["executionHistory"]
    assert (newest["status"], newest["cause"], newest["error"].split(":")[0]) == ("failed", "manual", "TriggerFailed")


def test_it_runs_again_once_and_then_it_is_the_new_one_that_does(api: Api, deployed: Connection, aws: Aws) -> None:
    execution_id = failed(deployed)
    new_id = retry(api, execution_id).headers["Location"].rpartition("/")[2]
    answer = retry(api, execution_id)
    assert (answer.status, answer.code) == (409, "executions_not_retryable")
    assert new_id in answer.json["detail"]
    assert len(aws.invocations) == 1
    deployed.execute("UPDATE lamplighter.execution SET status = 'failed', finished_at = now() WHERE id = %s", (new_id,))
    assert retry(api, new_id).status == 204


def test_of_two_at_once_one_runs_it_again(api: Api, deployed: Connection, database_url: str, aws: Aws) -> None:
    execution_id = failed(deployed)
    row = executions.get(deployed, execution_id)
    with connect(database_url) as first, connect(database_url) as second, ThreadPoolExecutor(1) as pool:
        with first.transaction():
            mine = queue_repeat(first, row, Author(actor="ann"))
            theirs = pool.submit(queue_repeat, second, row, Author(actor="bob"))
            until_waiting(deployed, second)
        assert mine is not None
        assert theirs.result() is None
    assert api("GET", f"{BASE}/executions/{execution_id}").json["repeatedBy"] == str(mine.id)
    assert [row[:3] for row in audited(deployed)][-1] == ("ann", "cleanup", "executions.retry")


def test_without_its_audit_row_nothing_is_run_again(api: Api, deployed: Connection, aws: Aws) -> None:
    execution_id = failed(deployed)
    deployed.execute("ALTER TABLE lamplighter.audit RENAME TO gone")
    assert retry(api, execution_id).status == 500
    assert aws.invocations == []
    assert len(api("GET", f"{BASE}/jobs/cleanup").json["executionHistory"]) == 1


def test_an_unknown_or_impossible_id_is_404(api: Api, deployed: Connection) -> None:
    assert_knows_no_other_executions(api, "POST", RETRY)


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "POST", RETRY.format(uuid.uuid4()))


def test_seeing_does_not_include_running_again(api: Api, deployed: Connection, aws: Aws) -> None:
    assert_needs("jobs.trigger", api, "POST", RETRY.format(failed(deployed)))
    assert aws.invocations == []


def test_it_is_limited(api: Api, deployed: Connection) -> None:
    assert_limited(api, deployed, "POST", RETRY.format(failed(deployed)))
