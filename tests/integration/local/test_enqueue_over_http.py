"""A job that runs in a process of its own is enqueued over HTTP: now, with a secret; and for later, by the clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from functions import naming
from functions.db import jobs
from functions.db.connection import Connection
from infra.local.clock import Clock
from tests.integration.local.account import REGION, Account
from tests.integration.local.admin_api import Client, admin_api, job_function
from tests.integration.local.greetings import greets

JOB = greets.definition.id
SECRET = "hunter2-hunter2"
PATH = f"/api/v1/admin/jobs/{JOB}/executions"
SOURCE = "from tests.integration.local.greetings import greets as the_job"


@pytest.fixture
def client(
    account: Account, connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Client]:
    """The admin API; the job's function and the group of its schedules are deployed beside it."""
    jobs.store_definitions(connection, [greets.definition])
    scheduler, group = account.client("scheduler"), naming.deployment("local")
    with suppress(scheduler.exceptions.ConflictException):
        scheduler.create_schedule_group(Name=group)
    with (
        admin_api(account, database_url, monkeypatch) as there,
        job_function(account, database_url, job_id=JOB, source=SOURCE),
    ):
        yield there
    scheduler.delete_schedule_group(Name=group)


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
