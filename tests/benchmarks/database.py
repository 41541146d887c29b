"""A PostgreSQL of a benchmark's own, as durable as a real one, and the floor: two raw single-row commits."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from functions.db import jobs
from functions.db.claims import Claim, claim
from functions.db.connection import Connection, connect
from functions.db.migrate import migrate
from functions.db.outcomes import Outcome, finish
from functions.definition import JobDefinition
from functions.logs import LogLine
from infra.local.postgres import Postgres

JOB = "benchmark"
FIRST = datetime(2026, 11, 1, tzinfo=UTC)
_MINUTES_OF_A_MONTH = 30 * 24 * 60


@contextmanager
def database() -> Iterator[Connection]:
    """A connection as a job's Lambda has it, to a migrated database with one job in it."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)  # as root, the server runs as somebody else
        postgres = Postgres(Path(directory) / "postgres")
        url = postgres.start()
        try:
            migrate(url, now=FIRST)
            with connect(url) as connection:
                jobs.store_definitions(connection, [JobDefinition(id=JOB, schedule="* * * * *")])
                connection.execute("CREATE TABLE raw (id integer PRIMARY KEY, status text)")
                yield connection
        finally:
            postgres.stop()


def two_raw_commits(connection: Connection) -> Callable[[], object]:
    """A row inserted, then updated, each committed by itself: the least that recording a start and an end can cost."""
    ids = count()

    def commit() -> None:
        number = next(ids)
        connection.execute("INSERT INTO raw VALUES (%s, 'running')", (number,))
        connection.execute("UPDATE raw SET status = 'succeeded' WHERE id = %s", (number,))

    return commit


def occurrences() -> Iterator[datetime]:
    """Minutes nobody has claimed yet, all of one month."""
    return (FIRST + timedelta(minutes=minute) for minute in range(_MINUTES_OF_A_MONTH))


def deliver(connection: Connection, at: datetime) -> Claim:
    """Claim an occurrence, as a delivery of its event does."""
    return claim(
        connection, job_id=JOB, scheduled_at=at, cause="schedule", overlap="skip", execution_id=uuid.uuid4(),
        token=uuid.uuid4(), lease=timedelta(minutes=1),
    )  # fmt: skip


def record(connection: Connection, at: datetime, lines: list[LogLine]) -> bool:
    """Claim an occurrence and finish it with these lines, as the runner does around a job; whether it was ours."""
    claimed = deliver(connection, at)
    assert claimed.execution_id is not None
    return (finish(
        connection, Outcome(status="succeeded", result={"done": 1}), execution_id=claimed.execution_id,
        scheduled_at=at, token=claimed.token, lines=lines,
    ) is not None)  # fmt: skip
