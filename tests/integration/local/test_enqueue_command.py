"""`scripts/enqueue` against real function processes: an e-mail enqueued at a shell arrives in a mailbox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from functions.db import jobs
from functions.db.connection import Connection
from functions.jobs.send_email import deliver_email
from functions.naming import deployment, job_name, operations_function
from tests.conftest import PROJECT
from tests.integration.local.account import REGION, Account, package
from tests.integration.mail_server import HOST, MailServer, content_of, mail_server

# The package holds no dependencies: they are found where this test finds them. boto3 is the runtime's own.
SOURCE = f"""
import sys
sys.path += {[str(PROJECT), sysconfig.get_path("purelib")]!r}
from functions.handler import handle
handler = handle
"""
MAIL = {"to": "ann@example.com", "subject": "Předmět", "text": "Hello.\n"}
_PATIENCE_S = 60


@dataclass
class There:
    """An account with send-email deployed in one stage, its database and its mail server."""

    account: Account
    stage: str
    connection: Connection
    database_url: str
    mail: MailServer
    directory: Path

    def enqueue(self, *arguments: str, given: str | None = None, stderr: Any = subprocess.PIPE) -> Any:
        """What the command said, called in the test's own directory."""
        environ = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(PROJECT), "STAGE": self.stage, "AWS_REGION": REGION,
            "DATABASE_URL": self.database_url, "AWS_ENDPOINT_URL": self.account.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        }  # fmt: skip
        command = [sys.executable, "-P", "-m", "infra.enqueue_command", *arguments]
        return subprocess.run(
            command, env=environ, cwd=self.directory, input=given, stdout=subprocess.PIPE, stderr=stderr, text=True,
            check=False,
        )  # fmt: skip

    def until_arrived(self, count: int) -> list[Any]:
        """The messages, once there are so many and their executions have ended."""
        given_up_at = time.monotonic() + _PATIENCE_S
        while len(self.mail.accepted) < count or set(self.statuses()) != {"succeeded"}:
            assert time.monotonic() < given_up_at, f"{len(self.mail.accepted)} messages, {self.statuses()}"
            time.sleep(0.02)
        return list(self.mail.messages)

    def statuses(self) -> list[str]:
        rows = self.connection.execute("SELECT status FROM lamplighter.execution ORDER BY created_at").fetchall()
        return [status for (status,) in rows]


@pytest.fixture
def there(account: Account, connection: Connection, database_url: str, tmp_path: Path) -> Iterator[There]:
    jobs.store_definitions(connection, [deliver_email.definition])
    with mail_server() as mail:
        stage = f"s{os.urandom(6).hex()}"
        found = There(account, stage, connection, database_url, mail, tmp_path)
        _deploy(found)
        yield found


def _deploy(there: There) -> None:
    mail = {"SMTP_HOST": HOST, "SMTP_PORT": str(there.mail.port), "SMTP_TLS": "none", "SMTP_FROM": "jobs@example.com"}
    variables = {"STAGE": there.stage, "DATABASE_URL": there.database_url, **mail}
    functions = {job_name(there.stage, "send-email"): SOURCE}
    if there.stage == "local":
        functions[operations_function("local")] = ""
    for name, source in functions.items():
        there.account.lambda_.create_function(
            FunctionName=name, Runtime="python3.11", Role=there.account.role, Handler="app.handler", Timeout=60,
            Code={"ZipFile": package(source)}, Environment={"Variables": variables},
        )  # fmt: skip
    there.account.client("scheduler").create_schedule_group(Name=deployment(there.stage))


def test_an_e_mail_enqueued_at_a_shell_arrives(there: There) -> None:
    done = there.enqueue("send-email", "--params", json.dumps(MAIL), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    answer = json.loads(done.stdout)
    (message,) = there.until_arrived(1)
    assert answer == {"job_id": "send-email", "stage": there.stage, "at": None,
                      "execution_ids": [message["Message-ID"][1:37]]}  # fmt: skip
    assert (message["To"], message["Subject"], content_of(message)) == ("ann@example.com", "Předmět", "Hello.\n")


def test_it_finds_the_running_scripts_dev_by_its_state(there: There) -> None:
    there.stage = "local"
    _deploy(there)
    facts = {"aws_endpoint_url": there.account.endpoint_url, "database_url": there.database_url, "region": REGION}
    (there.directory / "dev.json").write_text(json.dumps(facts))
    done = there.enqueue("send-email", "--params", json.dumps(MAIL), "--state", str(there.directory))
    (message,) = there.until_arrived(1)
    assert done.stdout == f"send-email (local): execution {message['Message-ID'][1:37]}, now\n"


def test_each_line_of_a_file_is_an_execution_and_a_terminal_shows_how_far_it_is(there: There) -> None:
    (there.directory / "mails.jsonl").write_text("".join(json.dumps(MAIL) + "\n" for _ in range(3)))
    ours, its = os.openpty()
    done = there.enqueue("send-email", "--params-file", "mails.jsonl", stderr=its)
    os.close(its)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert done.stdout == f"send-email ({there.stage}): 3 executions, now\n"
    assert shown == f"\rsending [{'#' * 30}] 3/3\r\n"
    assert len(there.until_arrived(3)) == 3


def test_standard_input_is_a_file_too_and_machines_see_no_progress(there: There) -> None:
    done = there.enqueue("send-email", "--params-file", "-", "--json", given=json.dumps(MAIL))
    assert (done.stderr, json.loads(done.stdout)["sent"]) == ("", 1)
    there.until_arrived(1)


def test_what_is_due_later_waits_and_a_key_is_kept(there: There) -> None:
    said = [there.enqueue("send-email", "--params", json.dumps(MAIL), "--delay", "2h", "--key", "k").stdout
            for _ in range(2)]  # fmt: skip
    assert said[0].partition(",")[0] == said[1].partition(",")[0]
    assert there.statuses() == ["scheduled"]
    (schedule,) = there.account.client("scheduler").list_schedules(GroupName=deployment(there.stage))["Schedules"]
    account_id = there.account.client("sts").get_caller_identity()["Account"]
    assert f":{account_id}:function:" in schedule["Target"]["Arn"]
    many = there.enqueue("send-email", "--params-file", "-", "--at", "2027-03-01T08:00+01:00", given=json.dumps(MAIL))
    assert many.stdout == f"send-email ({there.stage}): 1 execution, at 2027-03-01T07:00:00+00:00\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nobody"], 1, "no job has the id 'nobody': use one of expired-refresh-token-cleanup, "),
        (["retention"], 1, "job 'retention' cannot be enqueued: it is not deployed here"),
        (["send-email"], 2, "params of job 'send-email' are invalid"),
        (["send-email", "--params", '{"to": "nobody"}'], 2, "params of job 'send-email' are invalid"),
        (["send-email", "--params", "[]"], 2, "not list"),
        (["retention", "--params", "{}"], 2, "takes no params"),
        (["send-email", "--params", json.dumps(MAIL), "--at", "2100-01-01"], 2, "is too far off"),
        (["send-email", "--params-file", "mails.jsonl"], 2, "mails.jsonl:2: params of job 'send-email' are invalid"),
        (["send-email", "--params-file", "nowhere"], 2, "--params-file 'nowhere' cannot be read"),
    ],
)
def test_what_cannot_be_done_says_why_and_enqueues_nothing(
    there: There, arguments: list[str], code: int, said: str
) -> None:
    (there.directory / "mails.jsonl").write_text(json.dumps(MAIL) + '\n{"to": 7}\n')
    done = there.enqueue(*arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert (there.statuses(), there.mail.accepted) == ([], [])
