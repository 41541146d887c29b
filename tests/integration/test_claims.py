"""The claim: one statement decides who runs an occurrence; races are run with real connections."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from functions.db import intents
from functions.db.audit import Author
from functions.db.claims import Claim
from functions.db.connection import Connection, connect
from functions.db.executions import history, queue_manual
from functions.db.outcomes import Outcome, finish
from functions.errors import JobNotFound
from tests.integration.seeds import MINUTE, claimed, deployed
from tests.integration.waiting import until_waiting

ANN = Author(actor="ann")
Action = Callable[[Connection], str]


def ended(connection: Connection, claim: Claim, *, status: str = "succeeded", at: datetime = MINUTE) -> bool:
    assert claim.execution_id is not None
    return (
        finish(connection, Outcome(status=status), execution_id=claim.execution_id, scheduled_at=at, token=claim.token)
        is not None
    )


def test_a_new_occurrence_is_ours_to_run_and_its_row_says_running(connection: Connection) -> None:
    deployed(connection, "a")
    claim = claimed(connection)
    assert (claim.decision, claim.attempt, claim.reason) == ("run", 1, None)
    (row,) = history(connection, "a", limit=9)
    assert (row.id, row.status, row.scheduled_at, row.cause) == (claim.execution_id, "running", MINUTE, "schedule")


def test_a_second_delivery_of_the_same_occurrence_is_a_duplicate_and_leaves_one_row(connection: Connection) -> None:
    deployed(connection, "a")
    first = claimed(connection)
    assert claimed(connection).decision == "duplicate"
    ended(connection, first)
    assert claimed(connection).decision == "duplicate"
    assert [row.status for row in history(connection, "a", limit=9)] == ["succeeded"]


def test_of_many_simultaneous_deliveries_exactly_one_runs(connection: Connection, database_url: str) -> None:
    deployed(connection, "a")
    for number in range(20):
        at = MINUTE + timedelta(minutes=number)
        assert _race_of(database_url, [_delivery(at)] * 8) == {"run": 1, "duplicate": 7}


def test_of_simultaneous_deliveries_of_different_minutes_one_runs_and_the_others_are_skipped_for_overlap(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a")
    for hour in range(10):
        minutes = [MINUTE + timedelta(hours=hour, minutes=number) for number in range(8)]
        assert _race_of(database_url, [_delivery(at, overlap="skip") for at in minutes]) == {"run": 1, "skip": 7}
        connection.execute("UPDATE lamplighter.job SET running_lease_expires_at = NULL, running_execution_id = NULL")


def test_an_occurrence_is_taken_over_once_its_lease_has_run_out_and_not_before(connection: Connection) -> None:
    deployed(connection, "a")
    first = claimed(connection, lease=timedelta(minutes=1))
    assert claimed(connection).decision == "duplicate"
    connection.execute("UPDATE lamplighter.execution SET lease_expires_at = clock_timestamp() - interval '1 second'")
    connection.execute("UPDATE lamplighter.job SET running_lease_expires_at = clock_timestamp() - interval '1 second'")
    second = claimed(connection)
    assert (second.decision, second.attempt, second.execution_id) == ("run", 2, first.execution_id)


def test_a_taken_over_execution_cannot_finish_twice(connection: Connection) -> None:
    deployed(connection, "a")
    first = claimed(connection, lease=timedelta())
    second = claimed(connection)
    assert ended(connection, second, status="succeeded") is True
    assert ended(connection, first, status="failed") is False
    assert [row.status for row in history(connection, "a", limit=9)] == ["succeeded"]


def test_a_claim_whose_answer_got_lost_is_still_ours_when_it_is_repeated(connection: Connection) -> None:
    deployed(connection, "a")
    token, execution_id = uuid.uuid4(), uuid.uuid4()
    first = claimed(connection, token=token, execution_id=execution_id)
    again = claimed(connection, token=token, execution_id=execution_id)
    assert (again.decision, again.execution_id, again.attempt) == ("run", first.execution_id, 1)


def test_a_paused_job_starts_nothing_and_the_row_says_why(connection: Connection) -> None:
    deployed(connection, "a")
    intents.pause(connection, "a", ANN)
    claim = claimed(connection)
    assert (claim.decision, claim.reason) == ("skip", "paused")
    (row,) = history(connection, "a", limit=9)
    assert (row.status, row.reason) == ("skipped", "paused")


def test_a_paused_job_starts_nothing_after_pause_has_returned(connection: Connection, database_url: str) -> None:
    deployed(connection, "a")
    for number in range(15):
        at = MINUTE + timedelta(minutes=number)
        paused_at: list[datetime] = []

        def pause(opened: Connection, paused_at: list[datetime] = paused_at) -> str:
            intents.pause(opened, "a", ANN)
            paused_at.append(_now(opened))
            return "paused"

        _race_of(database_url, [pause, *[_delivery(at)] * 5])
        started = connection.execute(
            "SELECT started_at FROM lamplighter.execution WHERE scheduled_at = %s AND status = 'running'", (at,)
        ).fetchall()
        assert all(instant <= paused_at[0] for (instant,) in started)
        assert claimed(connection, at=at + timedelta(days=1)).decision == "skip"
        intents.resume(connection, "a", ANN)


def test_a_claim_that_waits_for_a_pause_to_commit_sees_it(connection: Connection, database_url: str) -> None:
    deployed(connection, "a")
    with connect(database_url) as pausing, connect(database_url) as claiming, ThreadPoolExecutor(1) as pool:
        with pausing.transaction():
            intents.pause(pausing, "a", ANN)
            waiting = pool.submit(claimed, claiming)
            until_waiting(connection, claiming)
        assert (waiting.result().decision, waiting.result().reason) == ("skip", "paused")


def test_resume_and_restore_do_not_run_what_was_fired_while_the_job_was_held(connection: Connection) -> None:
    deployed(connection, "a", "b")
    intents.pause(connection, "a", ANN)
    intents.remove(connection, "b", ANN)
    connection.execute("UPDATE lamplighter.job SET paused_at = paused_at - interval '10 minutes' WHERE id = 'a'")
    connection.execute("UPDATE lamplighter.job SET removed_at = removed_at - interval '10 minutes' WHERE id = 'b'")
    now = _now(connection).replace(second=0, microsecond=0)
    intents.resume(connection, "a", ANN)
    intents.resume(connection, "a", ANN)  # again, as a second click does
    intents.restore(connection, ANN)
    for job_id in ("a", "b"):
        late = claimed(connection, job_id, at=now - timedelta(minutes=5))
        assert (late.decision, late.reason) == ("skip", "paused")
        before, after = now - timedelta(minutes=20), now + timedelta(minutes=1)
        assert claimed(connection, job_id, at=before, overlap="allow").decision == "run"
        assert claimed(connection, job_id, at=after, overlap="allow").decision == "run"


def test_a_removed_job_starts_nothing(connection: Connection) -> None:
    deployed(connection, "a")
    intents.remove(connection, "a", ANN)
    assert claimed(connection).reason == "removed"


@pytest.mark.parametrize("cause", ["schedule", "manual"])
def test_a_switched_off_deployment_starts_nothing_whatever_the_cause(connection: Connection, cause: str) -> None:
    deployed(connection, "a")
    at, execution_id = MINUTE, uuid.uuid4()
    if cause == "manual":
        queued = queue_manual(connection, "a", ANN)
        at, execution_id = queued.scheduled_at, queued.id
    claim = claimed(connection, at=at, cause=cause, execution_id=execution_id, enabled=False)
    assert (claim.decision, claim.reason) == ("skip", "disabled")
    assert [(row.status, row.reason) for row in history(connection, "a", limit=9)] == [("skipped", "disabled")]


def test_a_manual_execution_runs_while_the_job_is_paused_and_leaves_it_paused(connection: Connection) -> None:
    deployed(connection, "a")
    intents.pause(connection, "a", ANN)
    queued = queue_manual(connection, "a", ANN)
    claim = claimed(connection, at=queued.scheduled_at, cause="manual", execution_id=queued.id)
    assert (claim.decision, claim.execution_id) == ("run", queued.id)
    assert claimed(connection).reason == "paused"


def test_a_manual_execution_runs_once_however_often_its_event_is_delivered(connection: Connection) -> None:
    deployed(connection, "a")
    queued = queue_manual(connection, "a", ANN)
    decisions = [
        claimed(connection, at=queued.scheduled_at, cause="manual", execution_id=queued.id).decision for _ in range(3)
    ]
    assert decisions == ["run", "duplicate", "duplicate"]


def test_manual_instants_can_never_be_scheduled_ones(connection: Connection) -> None:
    deployed(connection, "a")
    with pytest.raises(psycopg.errors.CheckViolation):
        claimed(connection, at=MINUTE, cause="manual")
    with pytest.raises(psycopg.errors.CheckViolation):
        claimed(connection, at=MINUTE + timedelta(seconds=1), cause="schedule")


def test_an_overlapping_occurrence_is_skipped_and_runs_when_overlap_is_allowed(connection: Connection) -> None:
    deployed(connection, "a")
    claimed(connection)
    later = MINUTE + timedelta(minutes=1)
    assert claimed(connection, at=later, overlap="skip").reason == "overlap"
    assert claimed(connection, at=later + timedelta(minutes=1), overlap="allow").decision == "run"


def test_a_finished_execution_no_longer_overlaps(connection: Connection) -> None:
    deployed(connection, "a")
    ended(connection, claimed(connection))
    assert claimed(connection, at=MINUTE + timedelta(minutes=1)).decision == "run"


def test_the_instants_of_a_claim_are_the_row_s_in_utc_whatever_the_server_s_time_zone(connection: Connection) -> None:
    deployed(connection, "a")
    connection.execute("SET timezone = 'Asia/Kathmandu'")
    claim = claimed(connection)
    assert claim.started_at is not None
    (row,) = history(connection, "a", limit=9)
    assert (claim.started_at, claim.started_at.tzinfo) == (row.started_at, UTC)


def test_an_occurrence_of_a_month_nobody_prepared_is_claimed_all_the_same(connection: Connection) -> None:
    deployed(connection, "a")
    assert claimed(connection, at=datetime(2031, 5, 1, 7, 0, tzinfo=UTC)).decision == "run"


def test_a_job_that_was_never_deployed_is_an_error(connection: Connection) -> None:
    with pytest.raises(JobNotFound, match=r"'a' is not in the database: deploy it"):
        claimed(connection)


def test_history_of_one_job_never_shows_another(connection: Connection) -> None:
    deployed(connection, "a", "b")
    claimed(connection, "a")
    assert history(connection, "b", limit=9) == []


def _delivery(at: datetime, *, overlap: str = "allow") -> Action:
    return lambda connection: claimed(connection, at=at, overlap=overlap).decision


def _race_of(database_url: str, actions: Sequence[Action]) -> dict[str, int]:
    """Run every action on a connection of its own, all let go at the same moment; how often each answer came."""
    barrier = threading.Barrier(len(actions))

    def go(action: Action) -> str:
        with connect(database_url) as opened:
            barrier.wait()
            return action(opened)

    with ThreadPoolExecutor(len(actions)) as pool:
        return dict(Counter(pool.map(go, actions)))


def _now(connection: Connection) -> datetime:
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    instant: datetime = row[0]
    return instant


@pytest.mark.parametrize("again", ["paused and resumed", "removed and restored"])
def test_what_was_fired_in_a_pause_stays_held_back_when_the_job_is_at_once_held_again(
    connection: Connection, again: str
) -> None:
    deployed(connection, "a")
    fired_at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=2)
    intents.pause(connection, "a", ANN)
    connection.execute("UPDATE lamplighter.job SET paused_at = %s", (fired_at - timedelta(hours=1),))
    if again == "paused and resumed":
        intents.resume(connection, "a", ANN)
        intents.pause(connection, "a", ANN)
        intents.resume(connection, "a", ANN)
    else:
        intents.remove(connection, "a", ANN)
        intents.restore(connection, ANN)
    late = claimed(connection, at=fired_at)
    assert (late.decision, late.reason) == ("skip", "paused")
    assert claimed(connection, at=fired_at - timedelta(hours=2)).decision == "run"
