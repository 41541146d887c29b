"""A job that runs in a process of its own is enqueued over HTTP: now, with a secret; and for later, by the clock."""

from __future__ import annotations

import json
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from app import app
from chalicelib import tokens
from functions import invoker, naming
from functions.db import jobs
from functions.db.connection import Connection
from functions.scheduling import one_shot
from functions.settings import settings
from infra.local.clock import Clock
from infra.local.gateway import Gateway
from infra.local.gateway_routes import admin_api_routes
from tests.conftest import PROJECT
from tests.integration.local.account import REGION, Account, package
from tests.integration.local.greetings import greets

JOB = greets.definition.id
KEY = "the signing key of a test that enqueues, long enough"
SECRET = "hunter2-hunter2"
PATH = f"/api/v1/admin/jobs/{JOB}/executions"
_PATIENCE_S = 30

# The package holds no dependencies: they are found where this test finds them.
SOURCE = """
import sys
sys.path += {path!r}
from functions import registry
from functions.handler import handle
from tests.integration.local.greetings import greets

registry.all_jobs = lambda: (greets,)
handler = handle
"""


class Client:
    """A person with a token at the admin API's URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        identity = tokens.Identity(actor="ada", permissions=frozenset({"*"}))
        signed = tokens.sign(KEY, identity, now=datetime.now(UTC), lifetime=timedelta(minutes=5))
        self._headers = {"Authorization": f"Bearer {signed}"}

    def post(self, path: str, **fields: Any) -> requests.Response:
        return requests.post(self._url + path, json=fields, headers=self._headers, timeout=_PATIENCE_S)

    def get(self, path: str) -> requests.Response:
        answer = requests.get(self._url + path, headers=self._headers, timeout=_PATIENCE_S)
        assert answer.status_code == 200, answer.text
        return answer

    def until(self, path: str, status: str) -> dict[str, Any]:
        """What is there once it has this status."""
        deadline = time.monotonic() + _PATIENCE_S
        while (shown := self.get(path).json())["status"] != status:
            assert time.monotonic() < deadline, f"still {shown} after {_PATIENCE_S} s"
        found: dict[str, Any] = shown
        return found


@pytest.fixture
def client(
    account: Account, connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """The admin API behind its gateway; the job's function and the group of its schedules are deployed beside it."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "STAGE", "JOBS_ENABLED"):
        monkeypatch.delenv(name, raising=False)
    environment = {
        "AWS_ENDPOINT_URL": account.endpoint_url, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "DATABASE_URL": database_url, "AUTH_SIGNING_KEY": KEY,
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    caches: list[Callable[[], None]] = [
        settings.cache_clear, invoker._client.cache_clear, one_shot._client.cache_clear,
    ]  # fmt: skip
    for clear in caches:
        clear()
    source = SOURCE.format(path=[str(PROJECT), sysconfig.get_path("purelib")])
    jobs.store_definitions(connection, [greets.definition])
    account.lambda_.create_function(
        FunctionName=naming.job_name("local", JOB),
        Runtime="python3.11",
        Role=account.role,
        Handler="app.handler",
        Timeout=_PATIENCE_S,
        Code={"ZipFile": package(source)},
        Environment={"Variables": {"DATABASE_URL": database_url}},
    )
    scheduler, group = account.client("scheduler"), naming.deployment("local")
    with suppress(scheduler.exceptions.ConflictException):
        scheduler.create_schedule_group(Name=group)
    gateway = Gateway(routes=admin_api_routes(PROJECT), invoke=_invoke)
    yield Client(gateway.start())
    gateway.stop()
    account.lambda_.delete_function(FunctionName=naming.job_name("local", JOB))
    scheduler.delete_schedule_group(Name=group)
    for clear in caches:
        clear()


def _invoke(event: bytes) -> bytes:
    return json.dumps(app(json.loads(event), None)).encode()


def test_a_job_gets_the_params_sent_over_http_and_nobody_else_sees_the_secret(
    client: Client, connection: Connection
) -> None:
    answer = client.post(PATH, params={"to": "ann", "pin": SECRET}, key="ann")
    assert (answer.status_code, answer.content) == (201, b"")
    execution = answer.headers["Location"]
    ended = client.until(execution, "succeeded")
    assert (ended["params"], ended["waiting"], ended["cause"]) == ({"to": "ann", "pin": "***"}, None, "one_time")
    row = connection.execute("SELECT result FROM lamplighter.execution").fetchone()
    assert row == ({"greeting": "ann ann", "pin_length": len(SECRET)},)
    logs = client.get(f"{execution}/logs")
    assert logs.json()["lines"][0]["fields"]["params"]["to"] == "ann"
    trail = connection.execute("SELECT actor, action, after FROM lamplighter.audit").fetchall()
    assert [(actor, action) for actor, action, _ in trail] == [("ada", "executions.enqueue")]
    assert SECRET not in logs.text + json.dumps(ended) + repr(trail)

    again = client.post(PATH, params={"to": "ann"}, key="ann")
    assert (again.status_code, again.headers["Location"] == execution) == (201, False), "the key is free again"


def test_a_job_enqueued_for_later_is_started_by_the_clock_when_it_is_due(
    client: Client, connection: Connection, account: Account, tmp_path: Path
) -> None:
    answer = client.post(PATH, params={"to": "bob", "times": 1}, delay=7200)
    execution = answer.headers["Location"]
    waiting = client.get(execution).json()
    assert (waiting["status"], waiting["waiting"]["for"]) == ("scheduled", "time")
    before = datetime.fromisoformat(waiting["dueAt"]).replace(second=0, microsecond=0)
    # at() knows whole seconds only, and the clock whole minutes: nothing starts before it is due.
    after = before + timedelta(minutes=2)
    clock = Clock(
        events=account.client("events"),
        scheduler=account.client("scheduler"),
        invoke=lambda arn, event: account.lambda_.invoke(FunctionName=arn, InvocationType="Event", Payload=event),
        account="123456789012",
        region=REGION,
        memory=tmp_path / "clock.json",
        now=lambda: after,
    )

    def started(minute: datetime) -> list[str]:
        """The account is shared: other tests' rules may fire too."""
        return [name for name in clock.turn(minute) if name.startswith(naming.start_prefix("local"))]

    try:
        assert started(before) == []
        # Two hours have passed, as far as the claim can tell.
        connection.execute("UPDATE lamplighter.execution SET due_at = clock_timestamp()")
        assert len(started(before + timedelta(minutes=1)) or started(after)) == 1
        ended = client.until(execution, "succeeded")
    finally:
        clock.stop()
    assert (ended["attempt"], ended["params"]) == (1, {"to": "bob", "times": 1})
    row = connection.execute("SELECT result ->> 'greeting' FROM lamplighter.execution").fetchone()
    assert row == ("bob",)
