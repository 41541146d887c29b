"""The benchmarks that need PostgreSQL or an interpreter do the work they say they measure."""

from __future__ import annotations

import subprocess

import pytest

from functions.db import jobs
from functions.db.connection import Connection
from functions.definition import JobDefinition
from functions.registry import collect
from tests.benchmarks import cold
from tests.benchmarks.command import main
from tests.benchmarks.database import FIRST, JOB, deliver, record, two_raw_commits
from tests.benchmarks.record import recorder


@pytest.fixture
def prepared(connection: Connection) -> Connection:
    jobs.store_definitions(connection, [JobDefinition(id=JOB, schedule="* * * * *")])
    connection.execute("CREATE TABLE raw (id integer PRIMARY KEY, status text)")
    return connection


def test_each_recording_is_a_new_execution_with_its_lines(prepared: Connection) -> None:
    record_three_lines = recorder(prepared)(3)
    assert [record_three_lines(), record_three_lines()] == [True, True]
    assert prepared.execute("SELECT status, count(*) FROM lamplighter.execution GROUP BY 1").fetchall() == [
        ("succeeded", 2),
    ]  # fmt: skip
    assert prepared.execute("SELECT count(*) FROM lamplighter.job_log").fetchone() == (6,)


def test_the_duplicate_is_one_of_an_execution_that_has_run(prepared: Connection) -> None:
    record(prepared, FIRST, [])
    assert [deliver(prepared, FIRST).decision for _ in range(2)] == ["duplicate", "duplicate"]


def test_the_floor_inserts_a_row_and_updates_it(prepared: Connection) -> None:
    commit = two_raw_commits(prepared)
    commit()
    commit()
    assert prepared.execute("SELECT id, status FROM raw").fetchall() == [(0, "succeeded"), (1, "succeeded")]


def test_an_import_that_fails_is_not_measured() -> None:
    with pytest.raises(subprocess.CalledProcessError):
        cold.interpreter("import no_such_module")()


def test_pythons_own_end_is_not_measured(capfd: pytest.CaptureFixture[str]) -> None:
    cold.interpreter("import atexit; atexit.register(print, 'its end'); print('its work', flush=True)")()
    assert capfd.readouterr().out == "its work\n"


@pytest.mark.parametrize(
    ("name", "cases"), [("record", 4), ("duplicate", 1), ("enqueue", 4), ("cold", len(collect(["functions.jobs"])))]
)
def test_each_is_a_benchmark_of_the_command(name: str, cases: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--rounds", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == cases + 3
