"""A job that runs in a process of its own is cancelled over HTTP, stops half-way, and is run again over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from functions.db import stats
from functions.db.connection import Connection
from tests.integration.local.account import Account
from tests.integration.local.admin_api import Client, admin_api, job_function
from tests.integration.seeds import deployed

JOB = "stops-when-asked"

# It goes on until it is asked to stop, so that only a cancel ends it.
SOURCE = """
from functions.job import job

@job(id="stops-when-asked")
def the_job(ctx):
    ctx.progress(1, 2)
    ctx.logger.info("half-way")
    while not ctx.cancelled:
        pass
    ctx.raise_if_cancelled()
"""


@pytest.fixture
def client(
    account: Account, connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """The admin API; the job's function is deployed beside it."""
    deployed(connection, JOB, schedule=None)
    with (
        admin_api(account, database_url, monkeypatch) as there,
        job_function(account, database_url, job_id=JOB, source=SOURCE, LOG_FLUSH_S="0.1"),
    ):
        yield there


def test_a_running_job_is_cancelled_over_http_stops_half_way_and_is_run_again(
    client: Client, connection: Connection
) -> None:
    triggered = client.post(f"/api/v1/admin/jobs/{JOB}/trigger")
    assert triggered.status_code == 204
    execution = triggered.headers["Location"]
    client.until(execution, "running")

    asked = client.post(f"{execution}/cancel")
    assert (asked.status_code, asked.content, asked.headers["Location"]) == (202, b"", execution)
    ended = client.until(execution, "cancelled")
    assert (ended["reason"], ended["cancelRequestedBy"], ended["error"]) == ("cancelled by ada", "ada", None)
    assert ended["progress"] == [{"label": "", "done": 1, "total": 2}]
    (attempt,) = ended["attempts"]
    assert (attempt["attempt"], attempt["status"], attempt["finishedAt"] is None) == (1, "cancelled", False)
    assert [line["message"] for line in client.get(f"{execution}/logs").json()["lines"]] == ["half-way"]
    again = client.post(f"{execution}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "executions_already_finished")

    retried = client.post(f"{execution}/retry")
    assert retried.status_code == 204
    second = retried.headers["Location"]
    assert second != execution
    client.until(second, "running")
    assert client.post(f"{second}/cancel").status_code == 202
    client.until(second, "cancelled")

    first_id, second_id = (location.rsplit("/", 1)[1] for location in (execution, second))
    audited = connection.execute("SELECT actor, action, job_id, before, after FROM lamplighter.audit ORDER BY id")
    asked_for = {"status": "running", "cancel_requested_by": "ada"}
    assert audited.fetchall() == [
        ("ada", "jobs.trigger", JOB, None, {"execution_id": first_id}),
        ("ada", "executions.cancel", JOB, {"status": "running"}, {"execution_id": first_id, **asked_for}),
        ("ada", "executions.retry", JOB, {"execution_id": first_id, "status": "cancelled"},
         {"execution_id": second_id, "repeats": first_id}),
        ("ada", "executions.cancel", JOB, {"status": "running"}, {"execution_id": second_id, **asked_for}),
    ]  # fmt: skip
    assert stats.since(connection, datetime.now(UTC) - timedelta(days=1))[JOB].cancelled == 2
