"""While a deploy runs, the code before it works on the schema after it: the real old code, out of git."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from functions.db import migrate as migrations
from functions.db.connection import connect
from functions.db.migrate import migrate
from functions.db.schema import goes_after
from tests.conftest import PROJECT, on_database

_SCRIPT = Path(__file__).parent / "old_code.py"


@pytest.fixture(scope="module")
def old_code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The functions package as it was before the newest migration that runs before the code."""
    files = sorted((Path(migrations.__file__).parent / "migrations").glob("*.sql"))
    newest = [file for file in files if not goes_after(file.stem)][-1].relative_to(PROJECT)
    added = git("log", "--diff-filter=A", "--format=%H", "-1", "--", str(newest)).decode().strip()
    archive = git("archive", f"{added}^", "functions") if added else b""
    if not archive:
        missing = f"no history in git from before {newest.name}: fetch it whole (in CI: fetch-depth: 0)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    root = tmp_path_factory.mktemp("old")
    subprocess.run(["tar", "-x", "-C", str(root)], input=archive, check=True)
    assert not (root / newest).exists()
    return root


def git(*arguments: str) -> bytes:
    """What git prints; nothing where it fails."""
    return subprocess.run(["git", "-C", str(PROJECT), *arguments], capture_output=True, check=False).stdout


@pytest.fixture
def empty_database(server_url: str) -> Iterator[str]:
    name = f"old_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server_url, autocommit=True) as administrator:
        administrator.execute(f'CREATE DATABASE "{name}"'.encode())
        yield on_database(server_url, name)
        administrator.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def run_old(old_code: Path, what: str, database_url: str) -> str:
    environment = {
        "PATH": os.environ["PATH"], "PYTHONPATH": str(old_code), "DATABASE_URL": database_url,
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-P", str(_SCRIPT), what],
        env=environment, cwd=old_code, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def test_old_code_claims_finishes_pauses_and_enqueues_on_the_new_schema(old_code: Path, empty_database: str) -> None:
    run_old(old_code, "migrate", empty_database)
    assert migrate(empty_database, now=datetime.now(UTC), only_before=True)
    said = json.loads(run_old(old_code, "work", empty_database))
    assert said == {
        "works": "succeeded", "duplicate": "duplicate", "fails": "failed", "paused": "paused", "resumed": "succeeded",
        "enqueued": True,
    }  # fmt: skip
    with connect(empty_database) as connection:
        counts = "SELECT job_id, status, count(*) FROM lamplighter.execution GROUP BY 1, 2 ORDER BY 1, 2"
        assert connection.execute(counts.encode()).fetchall() == [
            ("fails", "failed", 1), ("works", "scheduled", 1), ("works", "skipped", 1), ("works", "succeeded", 2),
        ]  # fmt: skip
        lines = connection.execute("SELECT count(*) FROM lamplighter.job_log WHERE message = 'at work'").fetchone()
    assert lines == (2,)


def test_once_old_code_is_gone_no_routine_is_left_that_only_it_called(
    old_code: Path, empty_database: str, database_url: str
) -> None:
    run_old(old_code, "migrate", empty_database)
    migrate(empty_database, now=datetime.now(UTC), only_before=True)
    migrate(empty_database, now=datetime.now(UTC))
    assert routines(empty_database) == routines(database_url)


def routines(database_url: str) -> set[str]:
    """What can be called in this database's schema, with its arguments."""
    with connect(database_url) as connection:
        there = "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace = 'lamplighter'::regnamespace"
        return {str(name) for (name,) in connection.execute(there).fetchall()}
