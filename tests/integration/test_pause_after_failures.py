"""So many final failures in a row pause a job, in the transaction of the last of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from functions.db import intents, jobs
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.outcomes import Outcome, finish
from tests.integration.seeds import MINUTE, claimed, deployed


def ends(connection: Connection, minute: int, status: str, **outcome: Any) -> str:
    """An execution at that minute ends so; its id."""
    at = MINUTE + timedelta(minutes=minute)
    claim = claimed(connection, at=at, overlap="allow")
    assert claim.decision == "run"
    assert claim.execution_id is not None
    assert finish(connection, Outcome(status=status, **outcome), execution_id=claim.execution_id, scheduled_at=at,
                  token=claim.token)  # fmt: skip
    return str(claim.execution_id)


def audit(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT actor, action, job_id, reason, after FROM lamplighter.audit").fetchall()


def test_the_job_is_paused_by_the_failure_that_reaches_the_number_and_the_audit_names_it(
    connection: Connection,
) -> None:
    deployed(connection, "a", pause_after_failures=3)
    ends(connection, 1, "failed")
    ends(connection, 2, "lost")
    assert not jobs.get(connection, "a").is_paused
    execution_id = ends(connection, 3, "failed")
    job = jobs.get(connection, "a")
    assert (job.paused_by, job.pause_reason) == ("policy", "3 failures in a row")
    paused = {"paused": True, "paused_by": "policy", "execution_id": execution_id}
    assert audit(connection) == [("policy", "jobs.pause", "a", "3 failures in a row", paused)]
    assert claimed(connection, at=MINUTE + timedelta(hours=1)).reason == "paused"


def test_a_success_starts_the_count_again_and_a_skip_or_a_retry_does_not_change_it(connection: Connection) -> None:
    deployed(connection, "a", pause_after_failures=2)
    ends(connection, 1, "failed")
    ends(connection, 2, "succeeded")
    ends(connection, 3, "failed")
    ends(connection, 4, "skipped")
    ends(connection, 5, "retrying", attempt_status="failed", retry_at=datetime.now(UTC))
    assert not jobs.get(connection, "a").is_paused
    ends(connection, 6, "failed")
    assert jobs.get(connection, "a").is_paused


def test_a_resume_starts_the_count_again(connection: Connection) -> None:
    deployed(connection, "a", pause_after_failures=2)
    ends(connection, 1, "failed")
    ends(connection, 2, "failed")
    intents.resume(connection, "a", Author(actor="ann"))
    ends(connection, 3, "failed")
    assert not jobs.get(connection, "a").is_paused


def test_a_pause_somebody_made_stays_theirs(connection: Connection) -> None:
    deployed(connection, "a", pause_after_failures=1)
    claim = claimed(connection)
    assert claim.execution_id is not None
    intents.pause(connection, "a", Author(actor="ann", reason="quiet night"))
    finish(connection, Outcome(status="failed"), execution_id=claim.execution_id, scheduled_at=MINUTE,
           token=claim.token)  # fmt: skip
    assert jobs.get(connection, "a").paused_by == "ann"
    assert [row[0] for row in audit(connection)] == ["ann"]


def test_without_the_option_nothing_is_ever_paused(connection: Connection) -> None:
    deployed(connection, "a")
    for minute in range(1, 10):
        ends(connection, minute, "failed")
    assert not jobs.get(connection, "a").is_paused
