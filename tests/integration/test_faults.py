"""docs/faults.md: each row of its table is a fault that is injected here, into real processes and a real PostgreSQL.

The table is the expectation: a row says what the history and the effects must be, and a row nobody tests fails.
`pytest -s` prints the table as it is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from moto import mock_aws

from functions import invoker
from functions.db import intents
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.db.migrate import migrate
from functions.job import Retry
from functions.jobs.mark_lost_executions import mark_lost_executions
from functions.scheduling import one_shot
from functions.settings import settings
from infra.local import postgres
from infra.local.postgres import Postgres
from tests.conftest import PROJECT, UNSAFE_AND_QUICK
from tests.integration.job_runs import run_job
from tests.integration.seeds import deployed, triggered

ANN = Author(actor="ann")
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
_LONGEST_S = 30
PAGE = PROJECT / "docs/faults.md"
ALL_TABLES = "lamplighter.job, lamplighter.trigger, lamplighter.execution, lamplighter.attempt, lamplighter.job_log, " \
    "lamplighter.audit, lamplighter.job_stats_hourly"  # fmt: skip


class Server:
    """A PostgreSQL that is stopped and started again, at the same address and with its data."""

    def __init__(self, directory: Path, port: int) -> None:
        self._directory = directory
        self._port = port
        self._running: Postgres | None = None
        self.url = self.start()

    def start(self) -> str:
        self._running = Postgres(self._directory, settings=UNSAFE_AND_QUICK)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(postgres, "free_port", lambda: self._port)
            return self._running.start()

    def stop(self) -> None:
        assert self._running is not None
        self._running.stop()

    def restart(self) -> None:
        self.stop()
        self.start()

    def discard(self) -> None:
        assert self._running is not None
        self._running.discard()


class Delivery:
    """One event on its way through a function's process."""

    def __init__(self, server: Server, point: str, event: dict[str, Any], *options: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.faulty_job", point, json.dumps(event), *options],
            cwd=PROJECT, env=os.environ | {"DATABASE_URL": server.url}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        # Whatever goes wrong, no test waits for ever.
        self._end = threading.Timer(_LONGEST_S, self._process.kill)
        self._end.start()
        if point != "none":
            self._until(lambda line: line == "here\n")

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self._finished()

    def go_on(self) -> Delivery:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self

    def answer(self) -> str:
        """What Lambda gets for it."""
        line = self._until(lambda line: line.startswith(('{"job_id"', '{"status"')))
        self._finished()
        return str(json.loads(line)["status"])

    def _until(self, is_it: Callable[[str], bool]) -> str:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if is_it(line):
                return line
        raise AssertionError(self._finished())

    def _finished(self) -> str:
        errors = self._process.communicate()[1]
        self._end.cancel()
        return errors


@dataclass
class World:
    """One job that runs every minute, deployed an hour ago, and the occurrence of this minute."""

    server: Server
    at: datetime = field(default_factory=lambda: datetime.now(UTC).replace(second=0, microsecond=0))
    options: dict[str, Any] = field(default_factory=dict)

    def deploy(self, **options: Any) -> None:
        with self.connection() as connection:
            deployed(connection, "a", **{"schedule": "* * * * *"} | options)
            connection.execute("UPDATE lamplighter.job SET updated_at = %s", (self.at - HOUR,))
            triggered(connection, "a", at=self.at - HOUR)
            connection.execute("UPDATE lamplighter.trigger SET judged_until_at = %s", (self.at - MINUTE,))

    def deliver(self, point: str = "none", *options: str, **changes: Any) -> Delivery:
        event = {"cause": "schedule", "job_id": "a", "scheduled_at": self.at.isoformat()} | changes
        return Delivery(self.server, point, event, *options)

    def connection(self) -> Connection:
        return connect(self.server.url)

    def sweep(self) -> None:
        """What mark-lost-executions does once the lease is over and the delivery's time is up."""
        with self.connection() as connection:
            for statement in (
                "UPDATE lamplighter.execution SET lease_expires_at = clock_timestamp() WHERE status = 'running'",
                "UPDATE lamplighter.job SET running_lease_expires_at = clock_timestamp()",
            ):
                connection.execute(statement.encode())
        run_job(mark_lost_executions, self.server.url, now=self.at + timedelta(minutes=2, seconds=5))

    def history(self) -> str:
        with self.connection() as connection:
            rows = connection.execute(
                "SELECT status, reason, error_type FROM lamplighter.execution ORDER BY scheduled_at"
            ).fetchall()
        return ", ".join(_said(*row) for row in rows) or "no row"

    def effects(self) -> str:
        with self.connection() as connection:
            row = connection.execute("SELECT count(*) FROM lamplighter.audit WHERE actor = 'job'").fetchone()
        assert row is not None
        return {0: "no", 1: "once", 2: "twice"}[row[0]]


def _said(status: str, reason: str | None, error_type: str | None) -> str:
    why = reason or error_type
    return f"`{status}`" + (f" ({why})" if why else "")


Scenario = Callable[[World], str | None]
SCENARIOS: dict[str, Scenario] = {}


def fault(name: str) -> Callable[[Scenario], Scenario]:
    """A row of the table. What the scenario answers is what the row says before the sweep, if not the history."""

    def add(scenario: Scenario) -> Scenario:
        SCENARIOS[name] = scenario
        return scenario

    return add


def _killed(point: str) -> Scenario:
    def scenario(world: World) -> None:
        world.deploy()
        world.deliver(point).kill()

    return scenario


def _restarted(point: str) -> Scenario:
    def scenario(world: World) -> None:
        world.deploy()
        delivery = world.deliver(point)
        world.server.restart()
        delivery.go_on().answer()

    return scenario


for _name, _point in {
    "before the claim": "before claim",
    "after the claim, before the job's first line": "after claim",
    "in the middle of the job": "mid-job",
    "after the job's effect, before the finish": "effect made",
    "inside `ctx.transaction()`, after the effect": "in transaction",
    "after `ctx.transaction()`, before the finish": "after transaction",
    "after the finish": "after finish",
}.items():
    fault(f"killed (`kill -9`) {_name}")(_killed(_point))

for _name, _point in {
    "before the claim": "before claim",
    "after the claim": "after claim",
    "in the middle of the job": "mid-job",
    "in the middle of the job, which holds `ctx.db` open": "own connection open",
    "after the job's effect, before the finish": "effect made",
    "inside `ctx.transaction()`, after the effect": "in transaction",
    "after the finish": "after finish",
}.items():
    fault(f"PostgreSQL restarted {_name}")(_restarted(_point))


@fault("killed after the effect; the job has `retry=Retry(attempts=1)`")
def _killed_with_retry(world: World) -> str:
    world.deploy(retry=Retry(attempts=1, delays=[timedelta(seconds=1)]))
    world.deliver("effect made", "--retry").kill()
    world.sweep()
    before = world.history()
    with world.connection() as connection:
        execution_id = connection.execute(
            "UPDATE lamplighter.execution SET retry_at = clock_timestamp() RETURNING id"
        ).fetchone()
    assert execution_id is not None
    assert world.deliver("none", "--retry", cause="retry", execution_id=str(execution_id[0])).answer() == "succeeded"
    return before


@fault("PostgreSQL down when the event comes")
def _down_at_the_claim(world: World) -> str:
    world.deploy()
    delivery = world.deliver("before claim")
    world.server.stop()
    answer = delivery.go_on().answer()
    world.server.start()
    return f"{world.history()}, {answer}"


@fault("PostgreSQL down at the finish, for longer than it is tried again (4 s)")
def _down_at_the_finish(world: World) -> str:
    world.deploy()
    delivery = world.deliver("effect made")
    world.server.stop()
    answer = delivery.go_on().answer()
    world.server.start()
    return f"{world.history()}, {answer}"


@fault("the same event twice at once")
def _duplicate(world: World) -> None:
    world.deploy()
    both = [world.deliver("before claim") for _ in range(2)]
    assert sorted(delivery.go_on().answer() for delivery in both) == ["duplicate", "succeeded"]


@fault("the same event again, after it has run")
def _duplicate_later(world: World) -> None:
    world.deploy()
    assert [world.deliver().answer() for _ in range(2)] == ["succeeded", "duplicate"]


@fault("the same event again, while the first one runs and `overlap` is `allow`")
def _duplicate_meanwhile(world: World) -> None:
    world.deploy(overlap="allow")
    first = world.deliver("mid-job")
    assert world.deliver().answer() == "duplicate"
    assert first.go_on().answer() == "succeeded"


@fault("two events, the later one first")
def _reordered(world: World) -> None:
    world.deploy()
    world.deliver().answer()
    world.deliver(scheduled_at=(world.at - MINUTE).isoformat()).answer()


@fault("the event never comes")
def _never(world: World) -> None:
    world.deploy()


@fault('the event never comes; the job has `misfire="run_once"`')
def _caught_up(world: World) -> str:
    world.deploy(misfire="run_once")
    before = world.history()
    world.sweep()
    with world.connection() as connection:
        execution_id = connection.execute("SELECT id FROM lamplighter.execution").fetchone()
    assert execution_id is not None
    assert world.deliver(cause="catch_up", execution_id=str(execution_id[0])).answer() == "succeeded"
    return before


@fault("the event comes late, after it was `missed`")
def _late(world: World) -> str:
    world.deploy()
    world.sweep()
    before = world.history()
    assert world.deliver().answer() == "succeeded"
    return before


@fault("the event comes late, after its catch-up has run")
def _late_after_catch_up(world: World) -> None:
    _caught_up(world)
    assert world.deliver().answer() == "duplicate"


@fault("the event comes while the job is paused")
def _paused(world: World) -> None:
    world.deploy()
    with world.connection() as connection:
        intents.pause(connection, "a", ANN)
    assert world.deliver().answer() == "skipped"


@fault("the event of a paused time comes after the resume")
def _late_after_resume(world: World) -> None:
    world.deploy()
    with world.connection() as connection:
        intents.pause(connection, "a", ANN)
        connection.execute("UPDATE lamplighter.job SET paused_at = %s", (world.at,))
        intents.resume(connection, "a", ANN)
    assert world.deliver().answer() == "skipped"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    found = Server(tmp_path_factory.mktemp("faults"), postgres.free_port())
    migrate(found.url, now=datetime.now(UTC))
    yield found
    found.discard()


@pytest.fixture
def world(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("ALTER TABLE lamplighter.audit DISABLE TRIGGER append_only")
        connection.execute(f"TRUNCATE {ALL_TABLES} CASCADE".encode())
        connection.execute("ALTER TABLE lamplighter.audit ENABLE TRIGGER append_only")
    monkeypatch.setenv("DATABASE_URL", server.url)
    cached = (settings, invoker._client, one_shot._client)
    for one in cached:
        one.cache_clear()
    with mock_aws():
        boto3.client("scheduler", region_name="us-east-1").create_schedule_group(Name="lamplighter-local")
        yield World(server)
    for one in cached:
        one.cache_clear()


def documented() -> dict[str, list[str]]:
    """The rows of the page's table: fault -> the other cells."""
    rows = [line.strip("| \n").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    return {cells[0]: cells[1:] for cells in rows[1:]}


@pytest.mark.parametrize("name", SCENARIOS)
def test_after_a_fault_the_history_and_the_effects_are_what_the_page_says(world: World, name: str) -> None:
    before = SCENARIOS[name](world) or world.history()
    world.sweep()
    cells = [before, world.history(), world.effects()]
    print("|", " | ".join([name, *cells]), "|")
    assert documented().get(name) == cells


def test_every_row_of_the_page_is_tested() -> None:
    assert sorted(documented()) == sorted(SCENARIOS)
