"""GET /jobs/{jobId}/executions."""

from __future__ import annotations

import pytest

from functions.db.connection import Connection
from functions.db.one_time import enqueue
from functions.db.outcomes import Outcome
from tests.integration.admin_api.api import BASE, Api
from tests.integration.admin_api.cases import assert_needs, assert_needs_a_token, assert_unknown
from tests.integration.admin_api.runs import FIRST, run

PATH = f"{BASE}/jobs/cleanup/executions"


def test_a_jobs_own_executions_are_listed_newest_first_and_no_others(api: Api, deployed: Connection) -> None:
    run(deployed, "cleanup", FIRST, Outcome(status="succeeded"))
    waiting = enqueue(deployed, job_id="cleanup", key="k")
    run(deployed, "by-hand", FIRST, Outcome(status="failed"))
    answer = api("GET", PATH, permissions=("jobs.view",))
    assert [(row["job"], row["status"]) for row in answer.json["executions"]] == [
        ("cleanup", "queued"), ("cleanup", "succeeded"),
    ]  # fmt: skip
    assert answer.json["executions"][0]["id"] == str(waiting.execution_id)
    assert answer.json == api("GET", f"{BASE}/executions?jobId=cleanup").json


def test_the_history_of_a_removed_job_stays(api: Api, deployed: Connection) -> None:
    run(deployed, "cleanup", FIRST, Outcome(status="failed"))
    api("DELETE", f"{BASE}/jobs/cleanup")
    assert [row["status"] for row in api("GET", f"{PATH}?status=failed").json["executions"]] == ["failed"]


@pytest.mark.parametrize("query", ["jobId=cleanup", "status=waiting", "limit=0", "cursor=x", "from=yesterday"])
def test_a_query_nobody_can_mean_is_400(api: Api, deployed: Connection, query: str) -> None:
    answer = api("GET", f"{PATH}?{query}")
    assert (answer.status, answer.code) == (400, "validation_failed")


def test_an_unknown_or_impossible_job_is_404(api: Api, deployed: Connection) -> None:
    for job_id in ("nope", "CLEANUP", "%00", "x" * 101):  # but a removed one has its history
        assert_unknown(api("GET", f"{BASE}/jobs/{job_id}/executions"))


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "GET", "/jobs/cleanup/executions")


def test_managing_does_not_include_seeing(api: Api) -> None:
    assert_needs("jobs.view", api, "GET", "/jobs/cleanup/executions")
