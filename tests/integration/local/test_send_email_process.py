"""An e-mail enqueued in one process is sent by a real function process and arrives."""

from __future__ import annotations

import json
import sysconfig
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from functions.db import jobs
from functions.db.connection import Connection
from functions.jobs.send_email import Email, deliver_email, send_email
from functions.naming import job_name
from infra.local.executor import Executor
from tests.conftest import PROJECT
from tests.integration.accepting_lambda import accepting_lambda, used_by_this_process
from tests.integration.local.account import function_in
from tests.integration.mail_server import HOST, content_of, mail_server

# The package holds no dependencies: they are found where this test finds them. boto3 is the runtime's own.
SOURCE = f"""
import sys
sys.path += {[str(PROJECT), sysconfig.get_path("purelib")]!r}
from functions.handler import handle
handler = handle
"""


def test_an_e_mail_arrives(
    runtime_python: Path, tmp_path: Path, connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs.store_definitions(connection, [deliver_email.definition])
    with (
        mail_server() as mail,
        accepting_lambda() as lambda_,
        Executor(python=runtime_python, state_dir=tmp_path / "a state") as executor,
    ):
        server = {"SMTP_HOST": HOST, "SMTP_PORT": str(mail.port), "SMTP_TLS": "none", "SMTP_FROM": "jobs@example.com"}
        for name, value in server.items():
            monkeypatch.setenv(name, value)
        with used_by_this_process(lambda_, database_url, monkeypatch):
            execution_id = send_email(Email(to="ann@example.com", subject="Předmět", text="log in with hunter2\n"))
        function = replace(
            function_in(tmp_path, SOURCE),
            name=job_name("local", "send-email"),
            environment={"DATABASE_URL": database_url, **server},
            timeout=timedelta(minutes=1),
        )
        (event,) = lambda_.events
        result = executor.invoke(lambda: function, json.dumps(event).encode())
        assert json.loads(result.payload)["status"] == "succeeded"
        (message,) = mail.messages
    assert (message["Subject"], content_of(message)) == ("Předmět", "log in with hunter2\n")
    assert message["Message-ID"] == f"<{execution_id}@example.com>"
    assert "hunter2" not in (tmp_path / "a state" / "logs" / f"{function.name}.log").read_text()
