"""What a job says, in a real function process: each line once in its log, as JSON, and once in PostgreSQL."""

from __future__ import annotations

import json
import sysconfig
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from functions.db.connection import Connection
from functions.naming import job_name
from infra.local.executor import Executor
from infra.local.function import Function
from tests.conftest import PROJECT
from tests.integration.local.account import function_in
from tests.integration.seeds import deployed
from tests.integration.waiting import until

# The package holds no dependencies: they are found where this test finds them.
SOURCE = """
import os, signal, sys
sys.path += {path!r}
import logging
from functions import registry
from functions.handler import handle
from functions.job import job

@job(id="speaks")
def speaks(ctx):
    ctx.logger.info("by the logger", extra={{"password": "hunter2"}})
    logging.getLogger("library.speaks").warning("by logging")
    print("by print")
    raise ValueError("at the end")

@job(id="dies")
def dies(ctx):
    print("last words")
    ctx.progress(1, 2)
    while not ctx.db.execute("SELECT FROM lamplighter.job_log").fetchall():
        pass
    os.kill(os.getpid(), signal.SIGKILL)

registry.all_jobs = lambda: (speaks, dies)
handler = handle
"""


def function_of(job_id: str, directory: Path, database_url: str) -> Function:
    source = SOURCE.format(path=[str(PROJECT), sysconfig.get_path("purelib")])
    return replace(
        function_in(directory, source),
        name=job_name("local", job_id),
        environment={"DATABASE_URL": database_url, "LOG_FLUSH_S": "0.1"},
        timeout=timedelta(seconds=30),
    )


def test_each_line_is_json_in_the_log_and_a_row_once_in_every_execution(
    runtime_python: Path, tmp_path: Path, connection: Connection, database_url: str
) -> None:
    deployed(connection, "speaks", schedule=None)
    function = function_of("speaks", tmp_path, database_url)
    this_minute = datetime.now(UTC).replace(second=0, microsecond=0)
    with Executor(python=runtime_python, state_dir=tmp_path / "a state") as executor:
        for minutes in range(2):  # cold, then warm
            at = (this_minute - timedelta(minutes=minutes)).isoformat()
            event = {"cause": "schedule", "job_id": "speaks", "scheduled_at": at}
            result = executor.invoke(lambda: function, json.dumps(event).encode())
            assert json.loads(result.payload)["status"] == "failed"
        log = tmp_path / "a state" / "logs" / f"{function.name}.log"
        until(lambda: log.read_text().count("REPORT ") == 2, "the end of both")
        written = log.read_text()  # before the executor goes: what a runtime then says is no line of the job's
    said = ["by the logger", "by logging", "by print", "the job failed"]
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert [line["message"] for line in lines if "message" in line] == said * 2
    assert [line["failed"] for line in lines if "_aws" in line] == [
        [1.0],
        [1.0],
    ]
    assert {line["service"] for line in lines} == {"speaks"}
    assert len({line["execution_id"] for line in lines if "message" in line}) == 2
    others = [line for line in written.splitlines() if not line.startswith(("{", "START", "END", "REPORT"))]
    assert others == []
    assert "hunter2" not in written
    rows = connection.execute("SELECT message FROM lamplighter.job_log ORDER BY scheduled_at, line").fetchall()
    assert [message for (message,) in rows] == said * 2


def test_a_job_that_is_killed_leaves_what_it_had_said_and_how_far_it_was(
    runtime_python: Path, tmp_path: Path, connection: Connection, database_url: str
) -> None:
    deployed(connection, "dies", schedule=None)
    function = function_of("dies", tmp_path, database_url)
    at = datetime.now(UTC).replace(second=0, microsecond=0).isoformat()
    event = json.dumps({"cause": "schedule", "job_id": "dies", "scheduled_at": at}).encode()
    with Executor(python=runtime_python, state_dir=tmp_path / "a state") as executor:
        result = executor.invoke(lambda: function, event)
    assert "signal: killed" in json.loads(result.payload)["errorMessage"]
    assert connection.execute("SELECT message FROM lamplighter.job_log").fetchall() == [("last words",)]
    assert connection.execute("SELECT status, progress FROM lamplighter.execution").fetchall() == [
        ("running", [{"label": "", "done": 1, "total": 2}])
    ]
