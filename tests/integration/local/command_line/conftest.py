"""A deployment with people in it, and terminals to use it from."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app import app
from chalicelib import passwords, tokens
from functions.db import jobs, users
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.definition import JobDefinition
from functions.settings import settings
from infra.local.gateway import Gateway
from infra.local.gateway_routes import admin_api_routes
from tests.conftest import PROJECT
from tests.integration.local.account import Account
from tests.integration.local.admin_api import admin_api, job_function
from tests.integration.local.command_line.runs import Terminal

PASSWORD = "correct horse battery staple"
WELL, BADLY = "ends-well", "ends-badly"
# They say something, wait to be let go on, and end.
_JOB = """
import os, pathlib
from functions.job import job

@job(id="{id}")
def the_job(ctx):
    ctx.progress(1, 2, "parts")
    ctx.logger.info("begun", extra={{"n": 1}})
    ctx.logger.warning("careful")
    while not pathlib.Path(os.environ["GATE"]).exists():
        ctx.raise_if_cancelled()
    ctx.progress(2, 2, "parts")
    ctx.logger.info("ended")
    {end}
"""


class Api:
    """The real API; at will it is away."""

    def __init__(self) -> None:
        # An instance of a Lambda function has one event at a time.
        self._one_at_a_time = threading.Lock()
        self._gateway = self._new(0)
        self.url = self._gateway.start()

    def stop(self) -> None:
        """Be away."""
        self._gateway.stop()

    def token(self, *permissions: str) -> str:
        """A token of nobody's session, with these permissions."""
        identity = tokens.Identity(actor="robot", permissions=frozenset(permissions))
        return tokens.sign(settings().auth_signing_key, identity, now=datetime.now(UTC), lifetime=timedelta(minutes=5))

    def _new(self, port: int) -> Gateway:
        return Gateway(routes=admin_api_routes(PROJECT), invoke=self._invoke, port=port)

    def _invoke(self, event: bytes) -> bytes:
        with self._one_at_a_time:
            return json.dumps(app(json.loads(event), None)).encode()


@pytest.fixture
def api(account: Account, connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The admin API, with ada who may do everything and vera who may look."""
    hashed = passwords.hash(PASSWORD)
    for name, role in (("ada", "admin"), ("vera", "viewer")):
        author = Author(actor="test", request_id="test")
        users.add(connection, author, name=name, password_hash=hashed, role_names=[role])
    with admin_api(account, database_url, monkeypatch):
        api = Api()
        yield api
        api.stop()


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Once there is this file, the jobs go on to their end."""
    return tmp_path / "gate"


@pytest.fixture
def two_jobs(api: Api, account: Account, connection: Connection, database_url: str, gate: Path) -> Iterator[None]:
    """One job that ends well and one that fails; their functions run in processes of their own."""
    variables = {"LOG_FLUSH_S": "0.1", "GATE": str(gate)}
    definitions = [JobDefinition(id=WELL, schedule="@hourly"), JobDefinition(id=BADLY, schedule=None)]
    jobs.store_definitions(connection, definitions)
    good, bad = _JOB.format(id=WELL, end="pass"), _JOB.format(id=BADLY, end="raise ValueError('no luck')")
    with (
        job_function(account, database_url, job_id=WELL, source=good, **variables),
        job_function(account, database_url, job_id=BADLY, source=bad, **variables),
    ):
        yield


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A shell where nobody is logged in; the space in its home is deliberate."""
    return Terminal(tmp_path / "a home")


@pytest.fixture
def log_in(api: Api, terminal: Terminal) -> Callable[[str], Terminal]:
    """Log somebody in at this terminal."""

    def log_in(name: str) -> Terminal:
        ran = terminal("login", "--url", api.url, "--name", name, "--password-stdin", stdin=f"{PASSWORD}\n")
        assert ran.code == 0, ran.err
        return terminal

    return log_in


@pytest.fixture
def ada(log_in: Callable[[str], Terminal]) -> Terminal:
    """A shell where ada is logged in."""
    return log_in("ada")
