"""Cancelling: what waits is ended and never runs, what runs is asked to stop, what has ended stays as it is."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from functions.db import stats
from functions.db.attempts import newest_attempts
from functions.db.audit import Author
from functions.db.cancellations import Cancellation, request_cancel
from functions.db.claims import Claim
from functions.db.connection import Connection, connect
from functions.db.dispatches import take
from functions.db.executions import QueuedExecution, fail_queued, get, queue_manual
from functions.db.outcomes import Outcome, finish
from functions.errors import ExecutionNotFound
from tests.integration.seeds import MINUTE, claimed, deployed
from tests.integration.waiting import until_waiting

ANN, BOB = Author(actor="ann", reason="wrong data", request_id="req-9"), Author(actor="bob")
REQUESTED = Cancellation(decision="requested", status="running")
ENDED = Cancellation(decision="ended", status="cancelled")
_PATIENCE_S = 20
LONG_AGO = MINUTE - timedelta(days=7)


def audited(connection: Connection) -> list[tuple[Any, ...]]:
    """Every cancellation in the audit: actor, job, before, after, reason, request."""
    return connection.execute(
        "SELECT actor, job_id, before, after, reason, request_id FROM lamplighter.audit "
        "WHERE action = 'executions.cancel' ORDER BY id"
    ).fetchall()


def running(connection: Connection, **options: Any) -> tuple[uuid.UUID, Claim]:
    deployed(connection, "a")
    claim = claimed(connection, **options)
    assert claim.execution_id is not None
    return claim.execution_id, claim


def ended(connection: Connection, claim: Claim, outcome: Outcome) -> bool:
    assert claim.execution_id is not None
    return (
        finish(connection, outcome, execution_id=claim.execution_id, scheduled_at=MINUTE, token=claim.token) is not None
    )


def queued(connection: Connection) -> QueuedExecution:
    deployed(connection, "a")
    return queue_manual(connection, "a", ANN)


def delivered(connection: Connection, execution: QueuedExecution) -> Claim:
    """The event of a trigger, however late it comes."""
    return claimed(connection, at=execution.scheduled_at, cause="manual", execution_id=execution.id)


def retrying(connection: Connection) -> uuid.UUID:
    """An execution that has failed once and is due again by now."""
    execution_id, claim = running(connection)
    failed = Outcome(status="retrying", attempt_status="failed", retry_at=MINUTE, error_type="E", error_message="no")
    assert ended(connection, claim, failed)
    return execution_id


def counted(connection: Connection) -> int:
    found = stats.since(connection, LONG_AGO).get("a")
    return 0 if found is None else found.cancelled


def test_a_running_execution_is_asked_and_the_audit_says_by_whom_and_how_it_stood(connection: Connection) -> None:
    execution_id, _ = running(connection)
    assert request_cancel(connection, execution_id, ANN) == REQUESTED
    row = get(connection, execution_id)
    assert (row.status, row.cancel_requested_by, row.finished_at) == ("running", "ann", None)
    after = {"execution_id": str(execution_id), "status": "running", "cancel_requested_by": "ann"}
    assert audited(connection) == [("ann", "a", {"status": "running"}, after, "wrong data", "req-9")]


def test_asking_at_once_and_again_leaves_one_author_and_one_audit_row(
    connection: Connection, database_url: str
) -> None:
    execution_id, _ = running(connection)

    def ask(author: Author) -> Cancellation:
        with connect(database_url) as own:
            return request_cancel(own, execution_id, author)

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ask, [ANN, BOB] * 4)) == {REQUESTED}
    ((actor, *_),) = audited(connection)
    assert get(connection, execution_id).cancel_requested_by == actor


def test_a_queued_execution_is_ended_and_its_event_runs_nothing(connection: Connection) -> None:
    execution = queued(connection)
    assert request_cancel(connection, execution.id, ANN) == ENDED
    assert delivered(connection, execution).decision == "duplicate"
    row = get(connection, execution.id)
    assert (row.status, row.reason, row.attempt) == ("cancelled", "cancelled by ann", 0)
    assert (row.cancel_requested_by, row.finished_at is None) == ("ann", False)
    after = {"execution_id": str(execution.id), "status": "cancelled", "cancel_requested_by": "ann"}
    assert audited(connection) == [("ann", "a", {"status": "queued"}, after, "wrong data", "req-9")]
    assert counted(connection) == 1


def test_what_the_job_last_ran_stays_its_last_status_when_something_else_is_cancelled(connection: Connection) -> None:
    _, claim = running(connection)
    ended(connection, claim, Outcome(status="succeeded"))
    request_cancel(connection, queued(connection).id, ANN)
    assert connection.execute("SELECT last_status FROM lamplighter.job").fetchone() == ("succeeded",)


def test_an_execution_of_a_later_time_is_ended_too(connection: Connection) -> None:
    execution = queued(connection)
    connection.execute("UPDATE lamplighter.execution SET status = 'scheduled'")
    assert request_cancel(connection, execution.id, ANN) == ENDED
    assert delivered(connection, execution).decision == "duplicate"


def test_a_retrying_execution_is_ended_keeps_what_it_had_failed_with_and_is_not_tried_again(
    connection: Connection,
) -> None:
    execution_id = retrying(connection)
    assert request_cancel(connection, execution_id, ANN) == ENDED
    assert claimed(connection, cause="retry", execution_id=execution_id).decision == "duplicate"
    row = get(connection, execution_id)
    assert (row.status, row.retry_at, row.attempt, row.error_message) == ("cancelled", None, 1, "no")
    (attempt,) = newest_attempts(connection, execution_id=execution_id, scheduled_at=MINUTE, limit=9)
    assert (attempt.attempt, attempt.status, attempt.error_message) == (1, "failed", "no")
    summary = connection.execute("SELECT last_status, consecutive_failures FROM lamplighter.job").fetchone()
    assert summary == ("cancelled", 0)
    assert counted(connection) == 1


@pytest.mark.parametrize("attempt_status", ["failed", "retrying", "lost"])
def test_what_was_asked_to_stop_is_not_tried_again_however_its_attempt_ends(
    connection: Connection, attempt_status: str
) -> None:
    execution_id, claim = running(connection)
    request_cancel(connection, execution_id, ANN)
    ended(connection, claim, Outcome(status="retrying", attempt_status=attempt_status, retry_at=MINUTE))
    row = get(connection, execution_id)
    assert (row.status, row.retry_at, row.cancel_requested_by) == ("cancelled", None, "ann")
    assert counted(connection) == 1
    assert request_cancel(connection, execution_id, BOB) == Cancellation(decision="refused", status="cancelled")


def test_what_was_asked_to_stop_and_lost_instead_is_not_taken_over(connection: Connection) -> None:
    execution_id, _ = running(connection, lease=timedelta(milliseconds=50))
    assert request_cancel(connection, execution_id, ANN).decision == "requested"
    connection.execute("UPDATE lamplighter.execution SET lease_expires_at = clock_timestamp()")
    connection.execute("UPDATE lamplighter.job SET running_lease_expires_at = clock_timestamp()")
    assert claimed(connection).decision == "duplicate"


def test_a_run_past_its_lease_is_ended_for_good_and_not_taken_over(connection: Connection) -> None:
    execution_id, claim = running(connection, lease=timedelta())
    assert request_cancel(connection, execution_id, ANN) == ENDED
    assert claimed(connection).decision == "duplicate"
    ended(connection, claim, Outcome(status="succeeded"))  # a process that nobody expected to be there still
    row = get(connection, execution_id)
    assert (row.status, row.reason) == ("cancelled", "cancelled by ann")
    (attempt,) = newest_attempts(connection, execution_id=execution_id, scheduled_at=MINUTE, limit=9)
    assert (attempt.status, attempt.reason) == ("lost", "cancelled by ann")
    assert connection.execute("SELECT running_execution_id, last_status FROM lamplighter.job").fetchone() == (
        None,
        "cancelled",
    )
    assert counted(connection) == 1


@pytest.mark.parametrize("status", ["succeeded", "failed", "skipped", "cancelled", "lost"])
def test_what_has_ended_is_refused_and_stays_as_it_is(connection: Connection, status: str) -> None:
    execution_id, claim = running(connection)
    ended(connection, claim, Outcome(status=status))
    before = get(connection, execution_id)
    assert request_cancel(connection, execution_id, ANN) == Cancellation(decision="refused", status=status)
    assert get(connection, execution_id) == before
    assert audited(connection) == []


def test_cancelling_what_waited_twice_is_refused_the_second_time_and_counted_once(connection: Connection) -> None:
    execution = queued(connection)
    decisions = [request_cancel(connection, execution.id, author).decision for author in (ANN, BOB)]
    assert decisions == ["ended", "refused"]
    assert (len(audited(connection)), counted(connection)) == (1, 1)


def test_an_unknown_execution_is_an_error(connection: Connection) -> None:
    with pytest.raises(ExecutionNotFound):
        request_cancel(connection, uuid.uuid4(), ANN)


def test_without_its_audit_row_nothing_is_cancelled(connection: Connection) -> None:
    execution = queued(connection)
    connection.execute("ALTER TABLE lamplighter.audit RENAME TO gone")
    with pytest.raises(Exception, match="audit"):
        request_cancel(connection, execution.id, ANN)
    assert get(connection, execution.id).status == "queued"
    assert counted(connection) == 0


Step = Callable[[Connection], Any]


def both_behind_one_lock(connection: Connection, database_url: str, first: Step, second: Step) -> tuple[Any, Any]:
    """What two steps on connections of their own answer when both wait for the job's row, in this order."""
    with (
        connect(database_url) as holding,
        connect(database_url) as one,
        connect(database_url) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        with holding.transaction():
            holding.execute("SELECT FROM lamplighter.job FOR NO KEY UPDATE")
            answers: list[Future[Any]] = []
            for step, own in ((first, one), (second, other)):
                answers.append(pool.submit(step, own))
                until_waiting(connection, own)
        return answers[0].result(timeout=_PATIENCE_S), answers[1].result(timeout=_PATIENCE_S)


def test_a_claim_that_waits_behind_a_cancel_runs_nothing(connection: Connection, database_url: str) -> None:
    execution = queued(connection)
    cancelled, claim = both_behind_one_lock(
        connection,
        database_url,
        lambda own: request_cancel(own, execution.id, ANN),
        lambda own: delivered(own, execution),
    )
    assert (cancelled, claim.decision) == (ENDED, "duplicate")
    row = get(connection, execution.id)
    assert (row.status, row.attempt, counted(connection)) == ("cancelled", 0, 1)


def test_a_cancel_that_waits_behind_a_claim_asks_what_runs_by_now(connection: Connection, database_url: str) -> None:
    execution = queued(connection)
    claim, cancelled = both_behind_one_lock(
        connection,
        database_url,
        lambda own: delivered(own, execution),
        lambda own: request_cancel(own, execution.id, ANN),
    )
    assert (claim.decision, cancelled) == ("run", REQUESTED)
    row = get(connection, execution.id)
    assert (row.status, row.cancel_requested_by, counted(connection)) == ("running", "ann", 0)


def test_a_retry_that_waits_behind_a_cancel_runs_nothing_and_one_before_it_is_asked(
    connection: Connection, database_url: str
) -> None:
    execution_id = retrying(connection)
    retry: Step = lambda own: claimed(own, cause="retry", execution_id=execution_id)  # noqa: E731
    cancel: Step = lambda own: request_cancel(own, execution_id, ANN)  # noqa: E731
    cancelled, claim = both_behind_one_lock(connection, database_url, cancel, retry)
    assert (cancelled, claim.decision) == (ENDED, "duplicate")
    connection.execute("DELETE FROM lamplighter.attempt")
    connection.execute("DELETE FROM lamplighter.execution")
    execution_id = retrying(connection)
    claim, cancelled = both_behind_one_lock(connection, database_url, retry, cancel)
    assert (claim.decision, claim.attempt, cancelled) == ("run", 2, REQUESTED)


def test_a_cancel_that_waits_behind_a_finish_is_refused_and_one_before_it_changes_no_outcome(
    connection: Connection, database_url: str
) -> None:
    execution_id, run = running(connection)
    finishing: Step = lambda own: ended(own, run, Outcome(status="succeeded"))  # noqa: E731
    cancel: Step = lambda own: request_cancel(own, execution_id, ANN)  # noqa: E731
    recorded, cancelled = both_behind_one_lock(connection, database_url, finishing, cancel)
    assert (recorded, cancelled) == (True, Cancellation(decision="refused", status="succeeded"))
    connection.execute("DELETE FROM lamplighter.attempt")
    connection.execute("DELETE FROM lamplighter.execution")
    execution_id, run = running(connection)
    cancelled, recorded = both_behind_one_lock(connection, database_url, cancel, finishing)
    assert (cancelled, recorded) == (REQUESTED, True)
    assert get(connection, execution_id).status == "succeeded"


def test_a_cancel_that_waits_for_a_failed_trigger_is_refused(connection: Connection, database_url: str) -> None:
    execution = queued(connection)
    with connect(database_url) as failing, connect(database_url) as cancelling, ThreadPoolExecutor(1) as pool:
        with failing.transaction():
            fail_queued(failing, execution, "no")
            cancelled = pool.submit(request_cancel, cancelling, execution.id, ANN)
            until_waiting(connection, cancelling)
        assert cancelled.result(timeout=_PATIENCE_S) == Cancellation(decision="refused", status="failed")
    assert (audited(connection), counted(connection)) == ([], 0)


def test_a_sweep_passes_by_what_is_being_cancelled(connection: Connection, database_url: str) -> None:
    execution = queued(connection)
    with connect(database_url) as cancelling:
        with cancelling.transaction():
            assert request_cancel(cancelling, execution.id, ANN) == ENDED
            assert take(connection, limit=9) == []
        assert take(connection, limit=9) == []


@pytest.mark.parametrize("make", [lambda c: queued(c).id, retrying])
def test_what_a_sweep_has_just_sent_for_is_ended_once_the_sweep_is_through_and_what_it_sent_runs_nothing(
    connection: Connection, database_url: str, make: Callable[[Connection], uuid.UUID]
) -> None:
    execution_id = make(connection)
    with (
        connect(database_url) as sweeping,
        connect(database_url) as cancelling,
        ThreadPoolExecutor(1) as pool,
    ):
        with sweeping.transaction():
            (sent,) = take(sweeping, limit=9)
            cancelled = pool.submit(request_cancel, cancelling, execution_id, ANN)
            until_waiting(connection, cancelling)
        assert cancelled.result(timeout=_PATIENCE_S) == ENDED
    late = claimed(connection, at=sent.scheduled_at, cause=sent.cause, execution_id=sent.id)
    assert (sent.id, late.decision) == (execution_id, "duplicate")
    assert take(connection, limit=9) == []
    assert get(connection, execution_id).status == "cancelled"
