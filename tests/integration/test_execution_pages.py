"""A page of executions is read from indexes, however many there are and however few of them are wanted."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.db.connection import Connection
from functions.db.execution_pages import Place, Wanted, page, query_of, values_of
from functions.db.executions import WAITING
from tests.integration.seeds import deployed

# Ten jobs in turn; one in nineteen waits, one in a thousand failed or is missed, one in two thousand ran by hand.
_MANY = """
INSERT INTO lamplighter.execution (id, job_id, scheduled_at, cause, status, due_at, finished_at)
SELECT gen_random_uuid(), 'j' || n % 10,
       date_trunc('month', now()) + n * interval '1 s' + interval '1 us',
       CASE WHEN n % 2000 = 77 THEN 'manual' ELSE 'one_time' END, s.status, now(),
       CASE WHEN s.status <> 'queued' THEN now() END
FROM generate_series(1, 20000) n,
LATERAL (SELECT CASE WHEN n % 19 = 0 THEN 'queued' WHEN n % 1000 = 5 THEN 'failed' WHEN n % 1000 = 505 THEN 'missed'
                     ELSE 'succeeded' END AS status) AS s
"""
BEGINNING = Place(datetime(2000, 1, 1, tzinfo=UTC), uuid.UUID(int=0))


@pytest.fixture
def many(connection: Connection) -> Connection:
    deployed(connection, *(f"j{number}" for number in range(10)))
    connection.execute(_MANY)
    connection.execute("ANALYZE lamplighter.execution")
    return connection


def rows_read(connection: Connection, wanted: Wanted, before: Place | None) -> float:
    """How many rows of executions the page's query looks at, each counted once for the walk and once for the page."""
    values = values_of(wanted, before=before, limit=51)
    query = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {query_of(wanted)}"
    explained = connection.execute(query.encode(), values).fetchone()
    assert explained is not None
    scans = [node for node in _nodes(explained[0][0]["Plan"]) if str(node.get("Relation Name")).startswith("execution")]
    assert scans
    return sum(_rows(scan) * float(scan["Actual Loops"]) for scan in scans)


def _rows(scan: dict[str, Any]) -> float:
    return float(scan["Actual Rows"]) + float(scan.get("Rows Removed by Filter", 0))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


# Each kind is walked for at most a page of its own, and the page is fetched.
@pytest.mark.parametrize(
    ("wanted", "most"),
    [
        (Wanted(), 300),
        (Wanted(statuses=WAITING), 200),
        (Wanted(statuses=["succeeded"]), 200),
        (Wanted(statuses=["failed", "missed"]), 150),
        (Wanted(causes=["manual"]), 50),
        (Wanted(causes=["backfill"]), 0),
        (Wanted(job_id="j0"), 150),
        (Wanted(job_id="j5", statuses=["failed", "missed"]), 150),
        (Wanted(job_id="j7", causes=["manual"]), 150),
        (Wanted(job_id="j0", statuses=["succeeded"]), 150),
        (Wanted(job_id="j0", statuses=WAITING), 200),
    ],
)
def test_a_page_reads_about_as_many_executions_as_it_holds_also_in_the_middle(
    many: Connection, wanted: Wanted, most: int
) -> None:
    first = page(many, wanted, before=None, limit=10)
    assert (len(first) > 0) is (most > 0)
    middle = Place(first[len(first) // 2].scheduled_at, first[len(first) // 2].id) if first else None
    for before in (None, middle):
        assert rows_read(many, wanted, before) <= most


def test_pages_end_where_the_first_instant_is(many: Connection) -> None:
    for wanted in (Wanted(), Wanted(statuses=WAITING), Wanted(job_id="j0"), Wanted(job_id="j0", statuses=["failed"])):
        assert page(many, wanted, before=BEGINNING, limit=50) == []


@pytest.mark.parametrize("job_id", [None, "j5"])
def test_every_way_of_asking_finds_what_a_look_at_each_row_finds(many: Connection, job_id: str | None) -> None:
    for statuses in (["failed"], ["succeeded", "queued"], ["missed", "failed", "running"]):
        for causes in (["manual"], ["one_time", "schedule"]):
            found = page(many, Wanted(statuses=statuses, causes=causes, job_id=job_id), before=None, limit=40)
            expected = many.execute(
                "SELECT id FROM lamplighter.execution WHERE status = ANY (%s) AND cause = ANY (%s)"
                " AND job_id = coalesce(%s, job_id) ORDER BY scheduled_at DESC, id DESC LIMIT 40",
                (statuses, causes, job_id),
            ).fetchall()
            assert [row.id for row in found] == [row[0] for row in expected]
