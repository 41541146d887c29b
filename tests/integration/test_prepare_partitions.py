"""The coming months have their tables before anything is scheduled in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import psycopg

from functions.db.connection import Connection, connect
from functions.db.partitions import ensure_month, month_of, months
from functions.jobs.prepare_partitions import prepare_partitions
from tests.integration.job_runs import run_job
from tests.integration.seeds import claimed, deployed

NOW = datetime(2031, 11, 30, 23, 59, 59, tzinfo=UTC)


def names(connection: Connection) -> set[str]:
    return {month.name for month in months(connection)}


def test_this_month_and_the_next_three_are_made_across_a_new_year(connection: Connection, database_url: str) -> None:
    before = names(connection)
    assert run_job(prepare_partitions, database_url, now=NOW) == {
        "ready": ["2031-11", "2031-12", "2032-01", "2032-02"],
    }  # fmt: skip
    assert names(connection) - before == {"2031-11", "2031-12", "2032-01", "2032-02"}


def test_a_second_run_changes_nothing(connection: Connection, database_url: str) -> None:
    run_job(prepare_partitions, database_url, now=NOW)
    before = months(connection)
    run_job(prepare_partitions, database_url, now=NOW)
    assert months(connection) == before


def test_a_month_is_made_for_executions_and_for_their_lines(connection: Connection, database_url: str) -> None:
    run_job(prepare_partitions, database_url, now=NOW)
    (month,) = [month for month in months(connection) if month.name == "2032-02"]
    assert {"execution_2032_02", "job_log_2032_02"} <= set(month.tables)


def test_a_month_is_made_while_somebody_reads_and_claims_wait_for_neither(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a")
    connection.execute("SET statement_timeout = '10s'")
    with connect(database_url) as reader, reader.transaction():
        reader.execute("SELECT count(*) FROM lamplighter.execution, lamplighter.attempt, lamplighter.job_log")
        with connect(database_url) as maker, maker.transaction():
            maker.execute("SET LOCAL statement_timeout = '10s'")
            ensure_month(maker, NOW)
            assert claimed(connection).decision == "run"
    assert claimed(connection, at=NOW.replace(second=0), overlap="allow").decision == "run"


def test_the_tables_of_a_month_are_what_postgresql_itself_makes_of_the_parents(connection: Connection) -> None:
    ensure_month(connection, NOW)
    for parent in ("execution", "attempt", "job_log"):
        its_own = (
            f"CREATE TABLE lamplighter.{parent}_made PARTITION OF lamplighter.{parent} FOR VALUES FROM (%s) TO (%s)"
        )
        with psycopg.ClientCursor(connection) as cursor:
            cursor.execute(its_own.encode(), (NOW + timedelta(days=90), NOW + timedelta(days=91)))
        assert _shape(connection, f"{parent}_2031_11") == _shape(connection, f"{parent}_made")


def _shape(connection: Connection, table: str) -> list[tuple[object, ...]]:
    """Columns, constraints and indexes of a partition, without the names that differ."""
    query = """
    SELECT attname::text, format_type(atttypid, atttypmod), attnotnull::text, attstorage::text,
           pg_get_expr(adbin, adrelid) FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = %(table)s::regclass AND attnum > 0
    UNION ALL SELECT 'constraint', pg_get_constraintdef(oid), conname, NULL, NULL FROM pg_constraint
    WHERE conrelid = %(table)s::regclass AND contype <> 'n'
    UNION ALL SELECT 'index', (indexdef LIKE '%% UNIQUE %%')::text, regexp_replace(indexdef, '.* USING', ''), NULL, NULL
    FROM pg_indexes WHERE format('%%I.%%I', schemaname, tablename) = %(table)s::text
    """
    rows = connection.execute(query.encode(), {"table": f"lamplighter.{table}"}).fetchall()
    return sorted([tuple(str(value).replace(table, "T") for value in row) for row in rows])


def test_a_month_begins_and_ends_at_midnight_utc_whatever_the_offset_of_the_instant() -> None:
    month = month_of(datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))))
    assert (month.starts_at, month.ends_at) == (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
