"""The schema comes up from nothing, twice, at once, and keeps what is there."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from functions.db import migrate as migrations
from functions.db.connection import connect
from functions.db.migrate import migrate
from tests.conftest import on_database

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def empty_database(server_url: str) -> Iterator[str]:
    name = f"empty_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as administrator:
        administrator.execute(f'CREATE DATABASE "{name}"'.encode())
        yield on_database(server_url, name)
        administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def test_migrating_an_empty_database_applies_everything_in_order(empty_database: str) -> None:
    assert migrate(empty_database, now=NOW)[0] == "0001_first_tables"


def test_migrating_twice_applies_nothing_and_keeps_the_rows(empty_database: str) -> None:
    migrate(empty_database, now=NOW)
    with connect(empty_database) as connection:
        connection.execute("INSERT INTO lamplighter.audit (actor, action) VALUES ('ann', 'jobs.pause')")
    assert migrate(empty_database, now=NOW) == []
    with connect(empty_database) as connection:
        assert connection.execute("SELECT count(*) FROM lamplighter.audit").fetchone() == (1,)


def test_two_migrations_at_once_apply_each_step_once(empty_database: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: migrate(empty_database, now=NOW), range(4)))
    assert sorted(names[:1] for names in applied) == [[], [], [], ["0001_first_tables"]]


@pytest.fixture
def some_wait(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Two more migrations: one takes away what old code uses, the other has a later number and does not."""
    shutil.copytree(Path(migrations.__file__).parent / "migrations", tmp_path / "migrations")
    (tmp_path / "migrations/9001_tidy.after.sql").write_text("ALTER TABLE lamplighter.audit DROP COLUMN reason;\n")
    (tmp_path / "migrations/9002_grow.sql").write_text("CREATE TABLE lamplighter.grown ();\n")
    monkeypatch.setattr(migrations, "_DIRECTORY", tmp_path / "migrations")


def test_what_old_code_uses_is_taken_away_by_a_second_migrate(database_url: str, some_wait: None) -> None:
    assert migrate(database_url, now=NOW, only_before=True) == ["9002_grow"]
    assert migrate(database_url, now=NOW, only_before=True) == []
    assert migrate(database_url, now=NOW) == ["9001_tidy.after"]


def test_a_database_without_a_schema_has_no_old_code_to_wait_for(empty_database: str, some_wait: None) -> None:
    assert migrate(empty_database, now=NOW, only_before=True)[-2:] == ["9001_tidy.after", "9002_grow"]


@pytest.mark.parametrize("day", [1, 23, 30])
def test_this_month_and_the_next_are_ready_after_migrating(empty_database: str, day: int) -> None:
    migrate(empty_database, now=NOW.replace(day=day))
    with connect(empty_database) as connection:
        tables = connection.execute(
            "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY relname"
        ).fetchall()
    assert [name for (name,) in tables] == [
        "attempt_2026_11", "attempt_2026_12", "execution_2026_11", "execution_2026_12", "job_log_2026_11",
        "job_log_2026_12",
    ]  # fmt: skip


def test_at_the_end_of_january_february_is_made_ready(empty_database: str) -> None:
    migrate(empty_database, now=datetime(2031, 1, 30, 12, tzinfo=UTC))
    with connect(empty_database) as connection:
        assert connection.execute("SELECT to_regclass('lamplighter.execution_2031_02') IS NOT NULL").fetchone() == (
            True,
        )


def test_a_month_that_was_there_before_attempts_were_is_made_ready_for_them(empty_database: str) -> None:
    migrate(empty_database, now=NOW)
    with connect(empty_database) as connection:
        connection.execute("SET timezone TO 'Pacific/Kiritimati'")
        connection.execute("DROP TABLE lamplighter.attempt_2026_11")
        text = (Path(migrations.__file__).parent / "migrations" / "0003_attempts.sql").read_text()
        connection.execute(text[text.index("DO $$") :].encode())
        assert connection.execute("SELECT to_regclass('lamplighter.attempt_2026_11') IS NULL").fetchone() == (False,)
