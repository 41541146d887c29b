"""A job that runs in a process of its own is cancelled over HTTP, stops half-way, and is run again over HTTP."""

from __future__ import annotations

import json
import sysconfig
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
import requests

from app import app
from chalicelib import tokens
from functions import invoker
from functions.db import stats
from functions.db.connection import Connection
from functions.naming import job_name
from functions.settings import settings
from infra.local.gateway import Gateway
from infra.local.gateway_routes import admin_api_routes
from tests.conftest import PROJECT
from tests.integration.local.account import REGION, Account, package
from tests.integration.seeds import deployed

T = TypeVar("T")
JOB = "stops-when-asked"
KEY = "the signing key of a test that cancels, long enough"
_PATIENCE_S = 30

# It goes on until it is asked to stop, so that only a cancel ends it. The package holds no dependencies: they are
# found where this test finds them.
SOURCE = """
import sys
sys.path += {path!r}
from functions import registry
from functions.handler import handle
from functions.job import job

@job(id={job!r})
def stops_when_asked(ctx):
    ctx.progress(1, 2)
    ctx.logger.info("half-way")
    while not ctx.cancelled:
        pass
    ctx.raise_if_cancelled()

registry.all_jobs = lambda: (stops_when_asked,)
handler = handle
"""


class Client:
    """A person with a token at the admin API's URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        identity = tokens.Identity(actor="ada", permissions=frozenset({"*"}))
        signed = tokens.sign(KEY, identity, now=datetime.now(UTC), lifetime=timedelta(minutes=5))
        self._headers = {"Authorization": f"Bearer {signed}"}

    def post(self, path: str) -> requests.Response:
        return requests.post(self._url + path, headers=self._headers, timeout=_PATIENCE_S)

    def get(self, path: str) -> dict[str, Any]:
        answer = requests.get(self._url + path, headers=self._headers, timeout=_PATIENCE_S)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def until(self, path: str, status: str) -> dict[str, Any]:
        """What is there once it has this status."""
        deadline = time.monotonic() + _PATIENCE_S
        while (shown := self.get(path))["status"] != status:
            assert time.monotonic() < deadline, f"still {shown} after {_PATIENCE_S} s"
        return shown


@pytest.fixture
def client(
    account: Account, connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """The admin API behind its gateway; the job's function is deployed beside it."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "STAGE", "JOBS_ENABLED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", account.endpoint_url)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("AUTH_SIGNING_KEY", KEY)
    caches: list[Callable[[], None]] = [settings.cache_clear, invoker._client.cache_clear]
    for clear in caches:
        clear()
    deployed(connection, JOB, schedule=None)
    _deploy_function(account, database_url)
    gateway = Gateway(routes=admin_api_routes(PROJECT), invoke=_invoke)
    yield Client(gateway.start())
    gateway.stop()
    account.lambda_.delete_function(FunctionName=job_name("local", JOB))
    for clear in caches:
        clear()


def _deploy_function(account: Account, database_url: str) -> None:
    source = SOURCE.format(path=[str(PROJECT), sysconfig.get_path("purelib")], job=JOB)
    account.lambda_.create_function(
        FunctionName=job_name("local", JOB),
        Runtime="python3.11",
        Role=account.role,
        Handler="app.handler",
        Timeout=_PATIENCE_S,
        Code={"ZipFile": package(source)},
        Environment={"Variables": {"DATABASE_URL": database_url, "LOG_FLUSH_S": "0.1"}},
    )


def _invoke(event: bytes) -> bytes:
    return json.dumps(app(json.loads(event), None)).encode()


def test_a_running_job_is_cancelled_over_http_stops_half_way_and_is_run_again(
    client: Client, connection: Connection
) -> None:
    triggered = client.post(f"/api/v1/admin/jobs/{JOB}/trigger")
    assert triggered.status_code == 204
    execution = triggered.headers["Location"]
    client.until(execution, "running")

    asked = client.post(f"{execution}/cancel")
    assert (asked.status_code, asked.content, asked.headers["Location"]) == (202, b"", execution)
    ended = client.until(execution, "cancelled")
    assert (ended["reason"], ended["cancelRequestedBy"], ended["error"]) == ("cancelled by ada", "ada", None)
    assert ended["progress"] == [{"label": "", "done": 1, "total": 2}]
    (attempt,) = ended["attempts"]
    assert (attempt["attempt"], attempt["status"], attempt["finishedAt"] is None) == (1, "cancelled", False)
    assert [line["message"] for line in client.get(f"{execution}/logs")["lines"]] == ["half-way"]
    again = client.post(f"{execution}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "executions_already_finished")

    retried = client.post(f"{execution}/retry")
    assert retried.status_code == 204
    second = retried.headers["Location"]
    assert second != execution
    client.until(second, "running")
    assert client.post(f"{second}/cancel").status_code == 202
    client.until(second, "cancelled")

    first_id, second_id = (location.rsplit("/", 1)[1] for location in (execution, second))
    audited = connection.execute("SELECT actor, action, job_id, before, after FROM lamplighter.audit ORDER BY id")
    asked_for = {"status": "running", "cancel_requested_by": "ada"}
    assert audited.fetchall() == [
        ("ada", "jobs.trigger", JOB, None, {"execution_id": first_id}),
        ("ada", "executions.cancel", JOB, {"status": "running"}, {"execution_id": first_id, **asked_for}),
        ("ada", "executions.retry", JOB, {"execution_id": first_id, "status": "cancelled"},
         {"execution_id": second_id, "repeats": first_id}),
        ("ada", "executions.cancel", JOB, {"status": "running"}, {"execution_id": second_id, **asked_for}),
    ]  # fmt: skip
    assert stats.since(connection, datetime.now(UTC) - timedelta(days=1))[JOB].cancelled == 2
