"""What an overview is made of, asked of PostgreSQL."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from functions.db import job_list, overview
from functions.db.connection import Connection
from functions.db.outcomes import Outcome, finish
from functions.db.overview import Ended
from tests.integration import seeds

HOUR = timedelta(hours=1)


def ended(connection: Connection, job_id: str, status: str, at: datetime, message: str | None = None) -> uuid.UUID:
    execution_id, token = uuid.uuid4(), uuid.uuid4()
    seeds.claimed(connection, job_id, at, execution_id=execution_id, token=token)
    outcome = Outcome(status=status, error_type="Boom" if message else None, error_message=message)
    finish(connection, outcome, execution_id=execution_id, scheduled_at=at, token=token)
    return execution_id


def now() -> datetime:
    return datetime.now(UTC)


def whole(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def minute(ago: int) -> datetime:
    return now().replace(second=0, microsecond=0) - timedelta(minutes=ago)


def test_what_runs_is_there_oldest_first_and_what_is_lost_is_not(connection: Connection) -> None:
    seeds.deployed(connection, "a", "b", "c")
    for number, job_id in enumerate(("b", "a", "c")):
        seeds.claimed(connection, job_id, minute(number), lease=HOUR)
    connection.execute("UPDATE lamplighter.execution SET lease_expires_at = now() - interval '1 s' WHERE job_id = 'c'")
    rows = overview.running(connection, limit=1)
    assert [(row.job_id, row.total) for row in rows] == [("b", 2)]
    assert [row.job_id for row in overview.running(connection, limit=9)] == ["b", "a"]


def test_troubles_are_counted_by_job_with_the_newest_execution(connection: Connection) -> None:
    seeds.deployed(connection, "a", "b", "fine")
    ended(connection, "a", "failed", minute(9), "first")
    newest = ended(connection, "a", "failed", minute(8), "x" * 400)
    other = ended(connection, "b", "lost", minute(7))
    ended(connection, "fine", "succeeded", minute(6))
    rows = overview.troubles(connection, since_at=whole(now()) - HOUR, limit=5)
    assert [(row.job_id, row.failed, row.lost, row.execution_id) for row in rows] == [
        ("b", 0, 1, other), ("a", 2, 0, newest),
    ]  # fmt: skip
    assert (rows[1].error_type, len(rows[1].error_message or "")) == ("Boom", 300)
    (shown,) = overview.troubles(connection, since_at=whole(now()) - HOUR, limit=1)
    assert (shown.total, shown.executions) == (2, 3)


def test_trouble_of_before_or_without_a_row_is_told(connection: Connection) -> None:
    seeds.deployed(connection, "a")
    ended(connection, "a", "failed", minute(2), "x")
    assert overview.troubles(connection, since_at=whole(now()) + HOUR, limit=5) == []
    connection.execute("DELETE FROM lamplighter.execution")
    (row,) = overview.troubles(connection, since_at=whole(now()) - HOUR, limit=5)
    assert (row.failed, row.execution_id, row.at) == (1, None, None)


def test_hours_are_summed_over_jobs_and_over_what_is_rolled_up(connection: Connection) -> None:
    seeds.deployed(connection, "a", "b")
    for job_id, status in (("a", "succeeded"), ("b", "failed")):
        ended(connection, job_id, status, minute(1))
    old = whole(now()) - 50 * HOUR
    connection.execute(
        "INSERT INTO lamplighter.stats_hourly VALUES (%s, 7, 1, 2, 0, 3, 4, 8, 0, 0, '{}')", (old,)
    )  # fmt: skip
    rows = overview.ended(connection, since_at=old)
    assert rows[0] == Ended(old, 7, 1, 3, 4, 2)
    assert (rows[0].bad, rows[0].share) == (8, 7 / 15)
    assert sum(row.succeeded for row in rows[1:]) == 1
    assert sum(row.failed for row in rows[1:]) == 1
    assert overview.ended(connection, since_at=whole(now()) + HOUR) == []
    assert Ended(old, 0, 0, 0, 0, 5).share is None


def test_what_waits_is_counted_by_why(connection: Connection) -> None:
    seeds.deployed(connection, "a")
    assert tuple(overview.waiting(connection)) == (0, 0, 0)
    for number, status in enumerate(("queued", "queued", "scheduled")):
        connection.execute(
            "INSERT INTO lamplighter.execution (id, job_id, scheduled_at, cause, status)"
            " VALUES (gen_random_uuid(), 'a', %s, 'one_time', %s)",
            (minute(number) + timedelta(microseconds=1), status),
        )
    assert tuple(overview.waiting(connection)) == (2, 1, 0)


def test_only_what_fires_is_due(connection: Connection) -> None:
    seeds.deployed(connection, "soon", "sooner", "later", "held", "gone")
    at = now()
    for job_id, minutes in (("soon", 9), ("sooner", 3), ("later", 90), ("held", 5), ("gone", 5)):
        connection.execute(
            "UPDATE lamplighter.job SET next_execution_at = %s WHERE id = %s", (at + timedelta(minutes=minutes), job_id)
        )
    connection.execute("UPDATE lamplighter.job SET paused_at = now(), paused_by = 'ada' WHERE id = 'held'")
    connection.execute("UPDATE lamplighter.job SET removed_at = now(), removed_by = 'ada' WHERE id = 'gone'")
    assert [job.id for job in overview.due(connection, after=at, before=at + HOUR)] == ["sooner", "soon"]
    connection.execute("UPDATE lamplighter.job SET resume_at = now() WHERE id = 'held'")
    assert [job.id for job in overview.due(connection, after=at, before=at + HOUR)] == ["sooner", "held", "soon"]


def test_jobs_are_counted_by_the_state_the_list_gives_them(connection: Connection) -> None:
    seeds.deployed(connection, "a", "b", "c", "gone")
    seeds.triggered(connection, "a", "b", at=now())
    connection.execute("UPDATE lamplighter.job SET paused_at = now(), paused_by = 'ada' WHERE id = 'b'")
    connection.execute("UPDATE lamplighter.job SET removed_at = now(), removed_by = 'ada' WHERE id = 'gone'")
    on, off = (job_list.Wanted(is_enabled=each, limit=0) for each in (True, False))
    assert job_list.counts(connection, on) == {"enabled": 1, "paused": 1, "missing": 1}
    assert job_list.counts(connection, off) == {"enabled": 2, "paused": 1}
