"""The coming months have their tables before anything is scheduled in them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from functions.db.connection import Connection
from functions.db.partitions import month_of, months
from functions.jobs.prepare_partitions import prepare_partitions
from tests.integration.job_runs import run_job

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


def test_a_month_begins_and_ends_at_midnight_utc_whatever_the_offset_of_the_instant() -> None:
    month = month_of(datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=1))))
    assert (month.starts_at, month.ends_at) == (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC))
