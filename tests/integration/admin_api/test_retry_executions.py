"""POST /executions/retry."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.services import repeats
from functions import naming
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.db.one_time import enqueue
from functions.db.outcomes import Outcome
from functions.db.repeats import RepeatsWanted
from tests.integration.admin_api.api import ACTOR, BASE, Api
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.cases import (
    assert_limited,
    assert_needs,
    assert_needs_a_token,
    assert_unknown,
    audited,
)
from tests.integration.admin_api.runs import FIRST, run
from tests.integration.waiting import until_waiting

PATH = f"{BASE}/executions/retry"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _function(request: pytest.FixtureRequest, aws: Aws) -> None:
    if "reporting" not in request.fixturenames:
        aws.create_function(naming.job_name("local", "cleanup"))


def retry(api: Api, **asked: Any) -> Any:
    answer = api("POST", PATH, permissions=("jobs.trigger",), json_body=asked)
    assert answer.status == 200, answer.body
    return answer.json


def ended(connection: Connection, number: int, status: str = "failed", job_id: str = "cleanup") -> str:
    """An execution of the number-th hour that ended like that."""
    execution_id = run(connection, job_id, FIRST + number * HOUR, Outcome(status="failed"))
    connection.execute("UPDATE lamplighter.execution SET status = %s WHERE id = %s", (status, execution_id))
    return str(execution_id)


def outcomes(answer: Any) -> list[tuple[str, str]]:
    return [(each["execution"], each["outcome"]) for each in answer["executions"]]


def test_what_matches_runs_again_oldest_first_each_with_its_audit_row(api: Api, deployed: Connection, aws: Aws) -> None:
    ids = [ended(deployed, number) for number in range(3)]
    ended(deployed, 3, "succeeded")
    before = len(audited(deployed))
    answer = retry(api, jobId="cleanup")
    assert (answer["matched"], answer["left"], answer["isExact"], answer["dryRun"]) == (3, 0, True, False)
    assert outcomes(answer) == [(each, "retried") for each in ids]
    assert {event["execution_id"] for _, _, event in aws.invocations} == {
        each["newExecution"] for each in answer["executions"]
    }
    trail = audited(deployed)[before:]
    assert [(actor, job, action) for actor, job, action, _ in trail] == [(ACTOR, "cleanup", "executions.retry")] * 3
    for each in answer["executions"]:
        new = api("GET", f"{BASE}/executions/{each['newExecution']}").json
        assert (new["status"], new["cause"], new["repeats"]) == ("queued", "manual", each["execution"])


def test_a_dry_run_shows_the_same_and_changes_nothing(api: Api, deployed: Connection, aws: Aws) -> None:
    ids = [ended(deployed, number) for number in range(2)]
    before = audited(deployed)
    answer = retry(api, jobId="cleanup", dryRun=True)
    assert (answer["dryRun"], answer["matched"], answer["left"]) == (True, 2, 2)
    assert outcomes(answer) == [(each, "would_retry") for each in ids]
    assert (aws.invocations, audited(deployed)) == ([], before)
    assert len(api("GET", f"{BASE}/executions").json["executions"]) == 2


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["failed", "lost"]),
        ({"status": ["missed", "cancelled"]}, ["cancelled", "missed"]),
        ({"status": ["failed", "missed"], "from": "2026-11-23T12:00:00Z"}, ["missed"]),
        ({"to": "2026-11-23T10:00:00+00:00"}, ["failed"]),
        ({"cause": ["manual"]}, []),
        ({"limit": 1}, ["failed"]),
    ],
)
def test_the_filter_says_which(api: Api, deployed: Connection, asked: dict[str, Any], expected: list[str]) -> None:
    for number, status in enumerate(("failed", "lost", "cancelled", "missed")):
        ended(deployed, number, status)
    found = retry(api, **({"jobId": "cleanup", "dryRun": True} | asked))
    assert [each["status"] for each in found["executions"]] == expected


def test_only_so_many_at_once_and_the_answer_says_how_many_are_left(api: Api, deployed: Connection, aws: Aws) -> None:
    deployed.execute(
        "INSERT INTO lamplighter.execution (id, job_id, scheduled_at, cause, status, finished_at)"
        " SELECT gen_random_uuid(), 'cleanup', %s + n * interval '1 minute', 'schedule', 'missed', now()"
        " FROM generate_series(1, 130) n",
        (FIRST,),
    )
    seen: list[str] = []
    for expected, left in ((100, 30), (30, 0), (0, 0)):
        answer = retry(api, jobId="cleanup", status=["missed"])
        assert (len(answer["executions"]), answer["left"]) == (expected, left)
        seen += [each["execution"] for each in answer["executions"]]
    assert (len(set(seen)), len(aws.invocations)) == (130, 130)


def test_what_lambda_does_not_take_does_not_stop_the_others(api: Api, deployed: Connection, aws: Aws) -> None:
    without_function, fine = ended(deployed, 0, job_id="by-hand"), ended(deployed, 1)
    answer = retry(api, **{"from": FIRST.isoformat()})
    assert outcomes(answer) == [(without_function, "not_started"), (fine, "retried")]
    refused, _ = answer["executions"]
    assert (refused["code"], "by-hand" in refused["detail"]) == ("jobs_trigger_failed", True)
    new = api("GET", f"{BASE}/executions/{refused['newExecution']}").json
    assert (new["status"], new["error"].split(":")[0]) == ("failed", "TriggerFailed")
    assert len(aws.invocations) == 1


def test_params_the_job_does_not_take_any_more_are_refused_one_by_one(
    api: Api, reporting: Connection, aws: Aws
) -> None:
    for params in ({"to": 5}, {"to": "ann"}):
        enqueue(reporting, job_id="report", params=params)
    reporting.execute("UPDATE lamplighter.execution SET status = 'failed', finished_at = now()")
    for is_dry_run, expected in ((True, "would_retry"), (False, "retried")):
        answer = retry(api, jobId="report", dryRun=is_dry_run)
        assert sorted(each["outcome"] for each in answer["executions"]) == ["refused", expected]
        assert {each["code"] for each in answer["executions"]} == {"params_invalid", None}
    assert (answer["left"], len(aws.invocations)) == (1, 1)


def test_executions_of_removed_jobs_match_nothing(api: Api, deployed: Connection) -> None:
    ended(deployed, 0)
    api("DELETE", f"{BASE}/jobs/cleanup")
    assert retry(api, **{"from": FIRST.isoformat()})["matched"] == 0


def test_of_two_at_once_each_execution_is_run_again_by_one(
    api: Api, deployed: Connection, database_url: str, aws: Aws
) -> None:
    ids = {ended(deployed, number) for number in range(20)}
    wanted = RepeatsWanted(statuses=["failed"], job_id="cleanup")

    def ask(own: Connection) -> list[repeats.Repeat]:
        return repeats.retry_all(own, wanted, Author(actor="ann"), limit=100, is_dry_run=False).repeats

    with connect(database_url) as ann, connect(database_url) as bob, ThreadPoolExecutor(2) as pool:
        # Both have read what matches when they wait for the job's row.
        with deployed.transaction():
            deployed.execute("SELECT FROM lamplighter.job WHERE id = 'cleanup' FOR NO KEY UPDATE")
            asked = [pool.submit(ask, each) for each in (ann, bob)]
            with connect(database_url) as watching:
                until_waiting(watching, ann)
                until_waiting(watching, bob)
        done = [each for future in asked for each in future.result()]
    retried = [str(each.execution.id) for each in done if each.outcome == "retried"]
    assert (len(retried), set(retried)) == (20, ids)
    assert len([each for each in done if each.outcome == "taken"]) == 20
    assert len(aws.invocations) == 20


@pytest.mark.parametrize(
    "body",
    [
        {}, {"status": ["failed"]}, {"to": "2026-11-23T10:00:00Z"}, {"jobId": "cleanup", "status": ["succeeded"]},
        {"jobId": "cleanup", "limit": 101}, {"jobId": "cleanup", "limit": 0}, {"jobId": "cleanup", "dryRun": "yes"},
        {"jobId": "Clean Up"}, {"jobId": "cleanup", "from": "today"}, {"jobId": "cleanup", "statuses": ["failed"]},
    ],
)  # fmt: skip
def test_a_filter_nobody_can_mean_is_400_and_runs_nothing(
    api: Api, deployed: Connection, aws: Aws, body: dict[str, Any]
) -> None:
    ended(deployed, 0)
    answer = api("POST", PATH, json_body=body)
    assert (answer.status, answer.code, aws.invocations) == (400, "validation_failed", [])


def test_an_unknown_job_is_404(api: Api, deployed: Connection) -> None:
    assert_unknown(api("POST", PATH, json_body={"jobId": "nope"}))


def test_without_its_audit_row_nothing_is_run_again(api: Api, deployed: Connection, aws: Aws) -> None:
    ended(deployed, 0)
    deployed.execute("ALTER TABLE lamplighter.audit RENAME TO gone")
    assert api("POST", PATH, json_body={"jobId": "cleanup"}).status == 500
    assert aws.invocations == []
    assert len(api("GET", f"{BASE}/executions").json["executions"]) == 1


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "POST", "/executions/retry")


def test_seeing_does_not_include_running_again(api: Api, deployed: Connection, aws: Aws) -> None:
    ended(deployed, 0)
    assert_needs("jobs.trigger", api, "POST", "/executions/retry")
    assert aws.invocations == []


def test_it_is_limited_and_counts_as_one_change(api: Api, deployed: Connection) -> None:
    for number in range(40):
        ended(deployed, number)
    retry(api, jobId="cleanup")
    row = deployed.execute("SELECT mutations FROM lamplighter.mutation_count").fetchone()
    assert row == (1,)
    deployed.execute("DELETE FROM lamplighter.mutation_count")
    assert_limited(api, deployed, "POST", "/executions/retry", json_body={"jobId": "cleanup"})
