"""Every execution that ends is counted once, in its hour, in the statement that ends it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from functions.db import intents, migrate, stats
from functions.db.audit import Author
from functions.db.claims import Claim
from functions.db.connection import Connection, connect
from functions.db.executions import fail_queued, queue_manual
from functions.db.outcomes import Outcome, finish
from functions.db.stats import JobStats
from functions.jobs.retention import retention
from tests.integration.job_runs import run_job
from tests.integration.seeds import MINUTE, claimed, deployed

ANN = Author(actor="ann")
EVER = datetime(2000, 1, 1, tzinfo=UTC)


def ended(connection: Connection, claim: Claim, status: str = "succeeded", *, at: datetime = MINUTE) -> bool:
    assert claim.execution_id is not None
    return (
        finish(connection, Outcome(status=status), execution_id=claim.execution_id, scheduled_at=at, token=claim.token)
        is not None
    )


def counts(connection: Connection, job_id: str = "a") -> dict[str, int]:
    """What is not 0, without the durations."""
    found = stats.since(connection, EVER).get(job_id)
    shown = ("succeeded", "failed", "skipped", "cancelled", "lost", "missed", "timed")
    return {name: getattr(found, name) for name in shown if found is not None and getattr(found, name)}


@pytest.mark.parametrize("status", ["succeeded", "failed", "skipped"])
def test_an_execution_that_ends_is_counted_by_its_status(connection: Connection, status: str) -> None:
    deployed(connection, "a")
    claim = claimed(connection)
    assert counts(connection) == {}
    ended(connection, claim, status)
    assert counts(connection) == {status: 1, "timed": 1}


def test_an_outcome_told_twice_is_counted_once_and_a_taken_over_one_not_at_all(connection: Connection) -> None:
    deployed(connection, "a")
    first = claimed(connection, lease=timedelta())
    second = claimed(connection)
    assert [ended(connection, claim) for claim in (second, second, first)] == [True, True, False]
    assert counts(connection) == {"succeeded": 1, "timed": 1}


def test_an_occurrence_skipped_at_the_claim_is_counted_once(connection: Connection) -> None:
    deployed(connection, "a")
    intents.pause(connection, "a", ANN)
    assert [claimed(connection).decision for _ in range(2)] == ["skip", "duplicate"]
    assert counts(connection) == {"skipped": 1}


def test_a_trigger_that_could_not_be_invoked_is_counted_as_failed_unless_it_has_started(
    connection: Connection,
) -> None:
    deployed(connection, "a")
    fail_queued(connection, queue_manual(connection, "a", ANN), "no")
    started = queue_manual(connection, "a", ANN)
    claimed(connection, at=started.scheduled_at, cause="manual", execution_id=started.id)
    fail_queued(connection, started, "no")
    assert counts(connection) == {"failed": 1}


def test_durations_are_summed_and_the_longest_is_kept(connection: Connection) -> None:
    deployed(connection, "a")
    for number, seconds in enumerate((3, 1)):
        at = MINUTE + timedelta(minutes=number)
        claim = claimed(connection, at=at)
        connection.execute(
            "UPDATE lamplighter.execution SET started_at = started_at - %s WHERE scheduled_at = %s",
            (timedelta(seconds=seconds), at),
        )
        ended(connection, claim, at=at)
    found = stats.since(connection, EVER)["a"]
    assert 3000 <= found.duration_max_ms < 4000
    assert 4000 <= found.duration_sum_ms < 6000
    assert found.duration_mean_ms == found.duration_sum_ms / 2


def test_counts_are_of_the_hour_they_ended_in_and_read_from_an_hour_on(connection: Connection) -> None:
    deployed(connection, "a")
    hour = datetime(2026, 11, 23, 12, tzinfo=UTC)
    for minutes in (-1, 0, 59, 60):
        connection.execute(
            "SELECT lamplighter.count_execution('a', 'missed', %s)", (hour + timedelta(minutes=minutes),)
        )
    assert stats.since(connection, hour + timedelta(minutes=30))["a"].missed == 3
    assert connection.execute("SELECT missed FROM lamplighter.job_stats_hourly ORDER BY hour").fetchall() == [
        (1,), (2,), (1,),
    ]  # fmt: skip


def test_a_job_without_counts_is_not_among_them_and_one_without_durations_has_no_mean(connection: Connection) -> None:
    deployed(connection, "a", "b")
    connection.execute("SELECT lamplighter.count_execution('a', 'lost', now())")
    found = stats.since(connection, EVER)
    assert found == {
        "a": JobStats(job_id="a", succeeded=0, failed=0, skipped=0, cancelled=0, lost=1, missed=0, timed=0,
                      duration_sum_ms=0, duration_max_ms=0),
    }  # fmt: skip
    assert found["a"].duration_mean_ms is None


def test_executions_of_one_job_that_end_and_are_skipped_at_once_are_all_counted(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a")

    def work(worker: int) -> None:
        with connect(database_url) as own:
            for number in range(25):
                at = MINUTE + timedelta(minutes=worker * 100 + number)
                claim = claimed(own, at=at, overlap="allow" if worker % 2 else "skip")
                if claim.decision == "run":
                    ended(own, claim, at=at)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    rows = connection.execute("SELECT status, count(*) FROM lamplighter.execution GROUP BY 1").fetchall()
    assert {name: number for name, number in counts(connection).items() if name != "timed"} == dict(rows)


def test_retention_deletes_hours_older_than_the_longest_retention(connection: Connection, database_url: str) -> None:
    now = datetime(2026, 11, 23, 2, 40, tzinfo=UTC)
    for days in (89, 91):
        connection.execute("SELECT lamplighter.count_execution('a', 'lost', %s)", (now - timedelta(days=days),))
    run_job(retention, database_url, now=now)
    assert counts(connection) == {"lost": 1}


def test_durations_are_counted_by_step_between_the_shortest_and_the_longest_there_was(connection: Connection) -> None:
    for took_ms in (100, 101, 5_000, 20, None, 0, 10_000_000):
        connection.execute("SELECT lamplighter.count_execution('a', 'succeeded', %s, %s)", (MINUTE, took_ms))
    connection.execute("SELECT lamplighter.uncount_execution('a', 'succeeded', %s, 101)", (MINUTE,))
    row = connection.execute(
        "SELECT durations[0], durations[16], durations[25], durations[46], durations[75], durations[76]"
        " FROM lamplighter.job_stats_hourly"
    ).fetchone()
    assert row == (1, 1, 1, 1, 1, None)


def test_the_daily_retention_adds_up_all_jobs_hours_that_are_over(connection: Connection, database_url: str) -> None:
    now = datetime(2026, 11, 23, 2, 40, tzinfo=UTC)
    for hours, job_id in ((30, "a"), (30, "b"), (20, "a")):
        at = now - timedelta(hours=hours)
        connection.execute("SELECT lamplighter.count_execution(%s, 'succeeded', %s, 100)", (job_id, at))
    run_job(retention, database_url, now=now)
    rows = connection.execute("SELECT hour, succeeded, durations[25] FROM lamplighter.stats_hourly").fetchall()
    assert rows == [(datetime(2026, 11, 21, 20, tzinfo=UTC), 2, 2)]


def test_what_ended_before_there_were_counts_is_counted_when_the_table_is_made(connection: Connection) -> None:
    deployed(connection, "a", "b")
    ended(connection, claimed(connection))
    intents.pause(connection, "b", ANN)
    claimed(connection, "b")
    claimed(connection, at=MINUTE + timedelta(minutes=1))  # still running
    before = stats.since(connection, EVER)
    connection.execute("DROP TABLE lamplighter.job_stats_hourly")
    connection.execute("DROP FUNCTION lamplighter.count_execution")
    connection.execute((Path(migrate.__file__).parent / "migrations" / "0005_stats.sql").read_bytes())
    assert stats.since(connection, EVER) == before
    assert set(before) == {"a", "b"}


def test_an_hour_that_is_not_one_is_refused(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(
            "INSERT INTO lamplighter.job_stats_hourly (hour, job_id) VALUES (%s, 'a')", (MINUTE.replace(minute=1),)
        )
