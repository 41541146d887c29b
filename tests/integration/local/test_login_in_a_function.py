"""A real function process gets its database's login from the Secrets Manager of the one-machine AWS."""

from __future__ import annotations

import json
import sysconfig
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from functions.db.connection import Connection
from functions.naming import job_name
from infra.local.executor import Executor
from tests.conftest import PROJECT
from tests.integration.local.account import Account, function_in
from tests.integration.roles import role, with_login
from tests.integration.seeds import deployed

# The package holds no dependencies: they are found where this test finds them. boto3 is the runtime's own.
SOURCE = """
import sys
sys.path += {path!r}
from functions import registry
from functions.handler import handle
from functions.job import job

@job(id="asks")
def asks(ctx):
    return ctx.db.execute("SELECT current_user").fetchone()[0]

registry.all_jobs = lambda: (asks,)
handler = handle
"""


def test_it_reads_the_secret_and_follows_its_rotation(
    account: Account, runtime_python: Path, tmp_path: Path, connection: Connection, database_url: str
) -> None:
    deployed(connection, "asks", schedule=None)
    secrets = account.client("secretsmanager")
    function = replace(
        function_in(tmp_path, SOURCE.format(path=[str(PROJECT), sysconfig.get_path("purelib")])),
        name=job_name("local", "asks"),
        endpoint_url=account.endpoint_url,
        environment={
            "DATABASE_URL": with_login(database_url),
            "DATABASE_SECRET_SOURCE": "secrets-manager",
            "DATABASE_SECRET_ID": "in-a-function",
        },
        timeout=timedelta(seconds=30),
    )
    this_minute = datetime.now(UTC).replace(second=0, microsecond=0)
    with (
        role(connection, "first-hunter2") as app,
        Executor(python=runtime_python, state_dir=tmp_path / "a state") as executor,
    ):
        login = {"username": app.name, "password": "first-hunter2"}
        secrets.create_secret(Name="in-a-function", SecretString=json.dumps(login))
        for minutes in range(2):
            event = {
                "cause": "schedule",
                "job_id": "asks",
                "scheduled_at": (this_minute - timedelta(minutes=minutes)).isoformat(),
            }
            result = executor.invoke(lambda: function, json.dumps(event).encode())
            assert json.loads(result.payload)["status"] == "succeeded"
            app.rotate("second-hunter2")
            secrets.put_secret_value(
                SecretId="in-a-function", SecretString=json.dumps(login | {"password": "second-hunter2"})
            )
            app.disconnect()
    assert connection.execute("SELECT DISTINCT result FROM lamplighter.execution").fetchall() == [(app.name,)]
    assert "hunter2" not in (tmp_path / "a state" / "logs" / f"{function.name}.log").read_text()
