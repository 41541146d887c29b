"""A page of what waits, or of one job, is read from an index however much there is of everything else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.db import executions
from functions.db.connection import Connection
from functions.db.executions import WAITING, Place, page
from tests.integration.seeds import deployed

# The jobs' executions in turn, one in nineteen of them waiting.
_MANY = """
INSERT INTO lamplighter.execution (id, job_id, scheduled_at, cause, status, due_at, finished_at)
SELECT gen_random_uuid(), 'j' || n % 10,
       date_trunc('month', now()) + n * interval '1 s' + interval '1 us', 'one_time',
       CASE WHEN n % 19 = 0 THEN 'queued' ELSE 'succeeded' END, now(), CASE WHEN n % 19 = 0 THEN NULL ELSE now() END
FROM generate_series(1, 20000) n
"""
_EVERY = ("queued", "succeeded")


@pytest.fixture
def many(connection: Connection) -> Connection:
    deployed(connection, *(f"j{number}" for number in range(10)))
    connection.execute(_MANY)
    connection.execute("ANALYZE lamplighter.execution")
    return connection


def rows_read(connection: Connection, statuses: Sequence[str], job_id: str | None, before: Place | None) -> float:
    """How many rows of executions the page's query looks at."""
    query = executions._OF_ALL if job_id is None else executions._OF_JOB
    values = {"statuses": list(statuses), "job_id": job_id, "limit": 51, "at": before and before.scheduled_at,
              "id": before and before.id}  # fmt: skip
    explained = connection.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query}".encode(), values).fetchone()
    assert explained is not None
    nodes = _nodes(explained[0][0]["Plan"])
    scans = [node for node in nodes if str(node.get("Relation Name")).startswith("execution_")]
    assert scans
    return sum(float(node["Actual Rows"]) + float(node.get("Rows Removed by Filter", 0)) for node in scans)


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


# Of one job's that wait, at most all that wait are looked at: 1 in 10 are its own.
@pytest.mark.parametrize(
    ("statuses", "job_id", "most"), [(WAITING, None, 60), (_EVERY, "j0", 60), (WAITING, "j0", 600)]
)
def test_a_page_reads_about_as_many_executions_as_it_holds_also_in_the_middle(
    many: Connection, statuses: Sequence[str], job_id: str | None, most: int
) -> None:
    first = page(many, statuses=statuses, job_id=job_id, before=None, limit=50)
    assert len(first) == 50
    for before in (None, Place(first[-1].scheduled_at, first[-1].id)):
        assert 50 <= rows_read(many, statuses, job_id, before) <= most


def test_pages_end_where_the_first_instant_is(many: Connection) -> None:
    beginning = Place(datetime(2000, 1, 1, tzinfo=UTC), uuid.UUID(int=0))
    assert page(many, statuses=WAITING, job_id=None, before=beginning, limit=50) == []
