"""Old history goes, by status and by month; what is not final, and what is younger, stays."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.db.connection import Connection, connect
from functions.db.one_time import enqueue
from functions.db.partitions import ensure_month, months
from functions.jobs import retention as module
from functions.logs import captured
from functions.settings import settings
from tests.integration.job_runs import run_job
from tests.integration.seeds import claimed, deployed

NOW = datetime(2026, 11, 23, 2, 40, tzinfo=UTC)
DAY = timedelta(days=1)
OPEN = ("queued", "scheduled", "running", "retrying")
_ADD = """
INSERT INTO lamplighter.execution
    (id, job_id, scheduled_at, cause, status, claim_token, lease_expires_at, started_at, finished_at, retry_at)
VALUES (%(id)s, 'a', %(at)s, 'schedule', %(status)s, %(id)s, %(lease)s, %(at)s, %(finished_at)s,
        %(at)s)
"""
_ADD_LINE = """
INSERT INTO lamplighter.job_log (execution_id, scheduled_at, attempt, line, logged_at, level, message)
VALUES (%s, %s, 1, 1, %s, 'INFO', 'a line')
"""
_ADD_ATTEMPT = """
INSERT INTO lamplighter.attempt (execution_id, scheduled_at, attempt, status, started_at, finished_at)
VALUES (%s, %s, 1, 'failed', %s, %s)
"""


@pytest.fixture(autouse=True)
def _own_settings() -> Iterator[None]:
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def keep(monkeypatch: pytest.MonkeyPatch) -> Any:
    return lambda value: monkeypatch.setenv("RETENTION_DAYS", value)


def add(connection: Connection, at: datetime, status: str = "succeeded", *, finished_at: datetime | None = None) -> str:
    """One execution with one line, scheduled, started and, if it is final, finished at the instant."""
    ensure_month(connection, at)
    values = {
        "id": uuid.uuid4(), "at": at, "status": status, "lease": NOW if status == "running" else None,
        "finished_at": None if status in OPEN else finished_at or at,
    }  # fmt: skip
    connection.execute(_ADD, values)
    connection.execute(_ADD_LINE, (values["id"], at, at))
    connection.execute(_ADD_ATTEMPT, (values["id"], at, at, at))
    return str(values["id"])


def left(connection: Connection) -> set[str]:
    executions = {str(id) for (id,) in connection.execute("SELECT id FROM lamplighter.execution").fetchall()}
    logged = {str(id) for (id,) in connection.execute("SELECT execution_id FROM lamplighter.job_log").fetchall()}
    tried = {str(id) for (id,) in connection.execute("SELECT execution_id FROM lamplighter.attempt").fetchall()}
    assert logged == tried == executions
    return executions


def month_names(connection: Connection) -> list[str]:
    return [month.name for month in months(connection)]


def test_a_month_that_is_wholly_older_than_the_retention_is_dropped_with_its_lines(
    connection: Connection, database_url: str
) -> None:
    add(connection, NOW.replace(month=7))
    # Retention is 90 days: 25 August. The rest of August is still kept, and its month with it.
    kept = {add(connection, NOW.replace(month=8, day=1)), add(connection, NOW)}
    assert run_job(module.retention, database_url, now=NOW) == {"dropped": ["2026-07"], "deleted": 0}
    assert left(connection) == kept
    assert connection.execute("SELECT to_regclass('lamplighter.job_log_2026_07')").fetchone() == (None,)


def test_a_month_goes_on_the_day_its_last_instant_is_old_enough_and_not_before(
    connection: Connection, database_url: str
) -> None:
    add(connection, NOW.replace(month=7))
    last_day = datetime(2026, 8, 1, tzinfo=UTC) + 90 * DAY
    run_job(module.retention, database_url, now=last_day - timedelta(microseconds=1))
    assert "2026-07" in month_names(connection)
    run_job(module.retention, database_url, now=last_day)
    assert "2026-07" not in month_names(connection)


def test_rows_of_a_status_kept_for_less_are_deleted_and_the_others_of_their_month_stay(
    connection: Connection, database_url: str, keep: Any
) -> None:
    keep("90,skipped=14,succeeded=30")
    old, older = NOW - 15 * DAY, NOW - 31 * DAY
    add(connection, old, "skipped")
    add(connection, older, "skipped")
    add(connection, older + timedelta(minutes=1), "succeeded")
    kept = {
        add(connection, old + timedelta(minutes=1), "succeeded"),
        add(connection, older + timedelta(minutes=2), "failed"),
        add(connection, NOW - 14 * DAY, "skipped"),
    }
    assert run_job(module.retention, database_url, now=NOW) == {"dropped": [], "deleted": 3}
    assert left(connection) == kept


@pytest.mark.parametrize("status", OPEN)
def test_an_execution_that_is_not_final_is_never_touched_and_keeps_its_month(
    connection: Connection, database_url: str, status: str
) -> None:
    at = NOW - 400 * DAY
    kept = {add(connection, at, status)}
    add(connection, at + timedelta(minutes=1), "succeeded")
    with captured() as lines:
        assert run_job(module.retention, database_url, now=NOW) == {"dropped": [], "deleted": 1}
    assert left(connection) == kept
    assert [line.message for line in lines if line.level == "WARNING"] == [
        f"month {at:%Y-%m} stays: an execution in it is not final, or somebody uses it"
    ]


def test_an_old_occurrence_that_ended_lately_is_kept(connection: Connection, database_url: str) -> None:
    kept = {add(connection, NOW - 400 * DAY, "succeeded", finished_at=NOW - DAY)}
    run_job(module.retention, database_url, now=NOW)
    assert left(connection) == kept


def test_a_month_somebody_uses_stays_and_goes_with_the_next_run(connection: Connection, database_url: str) -> None:
    add(connection, NOW.replace(month=3))
    with connect(database_url) as reader, reader.transaction():
        reader.execute("SELECT FROM lamplighter.execution_2026_03")
        run_job(module.retention, database_url, now=NOW)
        assert "2026-03" in month_names(connection)
    assert run_job(module.retention, database_url, now=NOW)["dropped"] == ["2026-03"]


def test_more_rows_than_a_batch_all_go(
    connection: Connection, database_url: str, keep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep("90,skipped=14")
    monkeypatch.setattr(module, "_BATCH", 7)
    for number in range(20):
        add(connection, NOW - 20 * DAY + timedelta(minutes=number), "skipped")
    assert run_job(module.retention, database_url, now=NOW)["deleted"] == 20
    assert left(connection) == set()


def test_a_partition_of_another_name_is_not_ours_to_drop(connection: Connection, database_url: str) -> None:
    connection.execute(
        "CREATE TABLE lamplighter.archived_2001_01 PARTITION OF lamplighter.execution"
        " FOR VALUES FROM ('2001-01-01') TO ('2001-02-01')"
    )
    run_job(module.retention, database_url, now=NOW)
    assert connection.execute("SELECT to_regclass('lamplighter.archived_2001_01')").fetchone() != (None,)


def test_a_second_delivery_within_the_retention_is_still_a_duplicate(
    connection: Connection, database_url: str, keep: Any
) -> None:
    keep("2")
    deployed(connection, "a")
    at = (NOW - DAY).replace(second=0)
    add(connection, at)
    run_job(module.retention, database_url, now=NOW)
    assert claimed(connection, at=at).decision == "duplicate"


def test_keys_of_what_has_ended_are_forgotten_the_day_after_and_the_others_stay(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a")
    ensure_month(connection, datetime.now(UTC) - 2 * DAY)
    for key in ("ended", "waits", "ended just now"):
        enqueue(connection, job_id="a", key=key)
    connection.execute("""
        UPDATE lamplighter.execution e SET status = 'cancelled', finished_at = clock_timestamp()
        FROM lamplighter.enqueue_key k WHERE k.execution_id = e.id AND k.key LIKE 'ended%'
    """)
    connection.execute("""
        WITH moved AS (UPDATE lamplighter.enqueue_key SET scheduled_at = scheduled_at - interval '30 hours'
                       WHERE key <> 'ended just now' RETURNING execution_id)
        UPDATE lamplighter.execution e SET scheduled_at = scheduled_at - interval '30 hours'
        FROM moved m WHERE m.execution_id = e.id
    """)
    run_job(module.retention, database_url, now=datetime.now(UTC))
    assert connection.execute("SELECT key FROM lamplighter.enqueue_key ORDER BY 1").fetchall() == [
        ("ended just now",), ("waits",),
    ]  # fmt: skip
