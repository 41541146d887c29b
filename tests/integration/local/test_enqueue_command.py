"""`scripts/enqueue` against real function processes: what is enqueued at a shell runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from functions.db import jobs
from functions.db.connection import Connection
from functions.naming import deployment, job_name, operations_function
from tests.conftest import PROJECT
from tests.integration.local.account import REGION, Account, package
from tests.integration.local.enqueued_jobs import keep_note

# The package holds no dependencies: they are found where this test finds them. boto3 is the runtime's own.
SOURCE = f"""
import sys
sys.path += {[str(PROJECT), sysconfig.get_path("purelib")]!r}
from functions.handler import handle
handler = handle
"""
NOTE = json.dumps({"text": "Dobrý den"})
JOBS = "tests.integration.local.enqueued_jobs"
_PATIENCE_S = 60


@dataclass
class There:
    """An account with keep-note deployed in one stage, and its database."""

    account: Account
    stage: str
    connection: Connection
    database_url: str
    directory: Path

    def enqueue(self, *arguments: str, given: str | None = None, stderr: Any = subprocess.PIPE) -> Any:
        """What the command said, called in the test's own directory."""
        environ = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "STAGE": self.stage, "AWS_REGION": REGION,
            "DATABASE_URL": self.database_url, "AWS_ENDPOINT_URL": self.account.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "JOBS_PACKAGES": JOBS,
        }  # fmt: skip
        command = [sys.executable, "-P", "-m", "infra.enqueue_command", *arguments]
        return subprocess.run(
            command, env=environ, cwd=self.directory, input=given, stdout=subprocess.PIPE, stderr=stderr, text=True,
            check=False,
        )  # fmt: skip

    def until_run(self, count: int) -> None:
        """Return once so many executions have succeeded."""
        given_up_at = time.monotonic() + _PATIENCE_S
        while self.statuses() != ["succeeded"] * count:
            assert time.monotonic() < given_up_at, self.statuses()
            time.sleep(0.02)

    def statuses(self) -> list[str]:
        rows = self.connection.execute("SELECT status FROM lamplighter.execution ORDER BY created_at").fetchall()
        return [status for (status,) in rows]


@pytest.fixture
def there(account: Account, connection: Connection, database_url: str, tmp_path: Path) -> There:
    jobs.store_definitions(connection, [keep_note.definition])
    found = There(account, f"s{os.urandom(6).hex()}", connection, database_url, tmp_path)
    _deploy(found)
    return found


def _deploy(there: There) -> None:
    variables = {"STAGE": there.stage, "DATABASE_URL": there.database_url, "JOBS_PACKAGES": JOBS}
    functions = {job_name(there.stage, "keep-note"): SOURCE}
    if there.stage == "local":
        functions[operations_function("local")] = ""
    for name, source in functions.items():
        there.account.lambda_.create_function(
            FunctionName=name, Runtime="python3.11", Role=there.account.role, Handler="app.handler", Timeout=60,
            Code={"ZipFile": package(source)}, Environment={"Variables": variables},
        )  # fmt: skip
    there.account.client("scheduler").create_schedule_group(Name=deployment(there.stage))


def test_what_is_enqueued_at_a_shell_runs_in_a_process_of_its_own(there: There) -> None:
    done = there.enqueue("keep-note", "--params", NOTE, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    there.until_run(1)
    row = there.connection.execute("SELECT id::text, result FROM lamplighter.execution").fetchone()
    assert row is not None
    (execution_id, result) = row
    answer = {"job_id": "keep-note", "stage": there.stage, "at": None, "execution_ids": [execution_id]}
    assert (json.loads(done.stdout), result) == (answer, "Dobrý den")


def test_it_finds_the_running_scripts_dev_by_its_state(there: There) -> None:
    there.stage = "local"
    _deploy(there)
    facts = {"aws_endpoint_url": there.account.endpoint_url, "database_url": there.database_url, "region": REGION}
    (there.directory / "dev.json").write_text(json.dumps(facts))
    done = there.enqueue("keep-note", "--params", NOTE, "--state", str(there.directory))
    there.until_run(1)
    (row,) = there.connection.execute("SELECT id FROM lamplighter.execution").fetchall()
    assert done.stdout == f"keep-note (local): execution {row[0]}, now\n"


def test_each_line_of_a_file_is_an_execution_and_a_terminal_shows_how_far_it_is(there: There) -> None:
    (there.directory / "notes.jsonl").write_text("".join(NOTE + "\n" for _ in range(3)))
    ours, its = os.openpty()
    done = there.enqueue("keep-note", "--params-file", "notes.jsonl", stderr=its)
    os.close(its)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert done.stdout == f"keep-note ({there.stage}): 3 executions, now\n"
    assert shown == f"\rsending [{'#' * 30}] 3/3\r\n"
    there.until_run(3)


def test_standard_input_is_a_file_too_and_machines_see_no_progress(there: There) -> None:
    done = there.enqueue("keep-note", "--params-file", "-", "--json", given=NOTE)
    assert (done.stderr, json.loads(done.stdout)["sent"]) == ("", 1)
    there.until_run(1)


def test_what_is_due_later_waits_and_a_key_is_kept(there: There) -> None:
    said = [there.enqueue("keep-note", "--params", NOTE, "--delay", "2h", "--key", "k").stdout
            for _ in range(2)]  # fmt: skip
    assert said[0].partition(",")[0] == said[1].partition(",")[0]
    assert there.statuses() == ["scheduled"]
    (schedule,) = there.account.client("scheduler").list_schedules(GroupName=deployment(there.stage))["Schedules"]
    account_id = there.account.client("sts").get_caller_identity()["Account"]
    assert f":{account_id}:function:" in schedule["Target"]["Arn"]
    many = there.enqueue("keep-note", "--params-file", "-", "--at", "2027-03-01T08:00+01:00", given=NOTE)
    assert many.stdout == f"keep-note ({there.stage}): 1 execution, at 2027-03-01T07:00:00+00:00\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nobody"], 1, "no job has the id 'nobody': use one of keep-note, plain"),
        (["plain"], 1, "job 'plain' cannot be enqueued: it is not deployed here"),
        (["keep-note"], 2, "params of job 'keep-note' are invalid"),
        (["keep-note", "--params", '{"text": 7}'], 2, "params of job 'keep-note' are invalid"),
        (["keep-note", "--params", "[]"], 2, "not list"),
        (["plain", "--params", "{}"], 2, "takes no params"),
        (["keep-note", "--params", NOTE, "--at", "2100-01-01"], 2, "is too far off"),
        (["keep-note", "--params-file", "notes.jsonl"], 2, "notes.jsonl:2: params of job 'keep-note' are invalid"),
        (["keep-note", "--params-file", "nowhere"], 2, "--params-file 'nowhere' cannot be read"),
    ],
)
def test_what_cannot_be_done_says_why_and_enqueues_nothing(
    there: There, arguments: list[str], code: int, said: str
) -> None:
    (there.directory / "notes.jsonl").write_text(NOTE + '\n{"text": 7}\n')
    done = there.enqueue(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert there.statuses() == []
