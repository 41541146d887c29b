"""Callers killed wherever they are: what they enqueued runs once if it was committed, and never if it was not."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import pytest

from functions.db.connection import Connection
from functions.dispatch import send_all
from functions.settings import settings
from tests.conftest import PROJECT
from tests.integration.accepting_lambda import Lambda, accepting_lambda, used_by_this_process
from tests.integration.seeds import deployed

# The whole ten thousand take a minute: KILLED_CALLER_ORDERS=10000.
ORDERS = int(os.environ.get("KILLED_CALLER_ORDERS", "420"))
KILLS = 20
_MODULE = "tests.integration.enqueueing_process"


@pytest.fixture
def aws(connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    deployed(connection, "a", schedule=None)
    connection.execute("CREATE TABLE placed (number integer PRIMARY KEY)")
    connection.execute("CREATE TABLE shipped (number integer)")
    with accepting_lambda() as there, used_by_this_process(there, database_url, monkeypatch):
        yield there


def started(there: Lambda, database_url: str, *arguments: object, **options: Any) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **there.environment(database_url), "LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", _MODULE, *map(str, arguments)]
    return subprocess.Popen(command, cwd=PROJECT, env=environment, **options)


@contextmanager
def handling(there: Lambda, database_url: str, *, processes: int = 2) -> Iterator[None]:
    """Real handler processes that get each accepted event, in turn; on leaving, all of it has been handled."""
    workers = [started(there, database_url, "handle", stdin=subprocess.PIPE) for _ in range(processes)]
    turns = cycle(workers)

    def deliver(event: dict[str, Any]) -> None:
        worker = next(turns)
        assert worker.stdin is not None
        worker.stdin.write(json.dumps(event).encode() + b"\n")
        worker.stdin.flush()

    there.deliver = deliver
    yield
    there.deliver = None
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(timeout=300) == 0


def sent_by_the_sweep(connection: Connection) -> None:
    """Minutes pass, each with its sweep, until nothing waits any more."""
    for _ in range(5):
        connection.execute("UPDATE lamplighter.execution SET dispatched_at = dispatched_at - interval '2 hours'")
        send_all(settings(), connection)


def numbers(connection: Connection, query: str) -> list[int]:
    return [row[0] for row in connection.execute(query.encode()).fetchall()]


def test_killed_before_any_round_trip_the_execution_runs_once_exactly_when_its_order_was_placed(
    aws: Lambda, connection: Connection, database_url: str
) -> None:
    seen = []
    for step in range(30):
        connection.execute("TRUNCATE placed, shipped, lamplighter.execution")
        aws.events.clear()
        caller = started(aws, database_url, "call", step, stderr=subprocess.PIPE)
        _, said = caller.communicate(timeout=60)
        was_killed = caller.returncode == -signal.SIGKILL
        assert was_killed or re.search(rb"round trips: \d+", said), said
        with handling(aws, database_url, processes=1):
            sent_by_the_sweep(connection)
        placed = numbers(connection, "SELECT number FROM placed")
        assert numbers(connection, "SELECT number FROM shipped") == placed
        assert numbers(connection, "SELECT (params ->> 'number')::integer FROM lamplighter.execution") == placed
        seen.append(len(placed))
        if not was_killed:
            break
    assert seen == sorted(seen), "nothing flips back"
    assert seen.count(0) >= 4, "before BEGIN, the order, the execution and COMMIT"
    assert seen.count(1) >= 2, "before it is sent, and not killed"


def test_of_orders_whose_caller_is_killed_twenty_times_every_one_placed_is_shipped_once(
    aws: Lambda, connection: Connection, database_url: str
) -> None:
    chance = random.Random(7)
    with handling(aws, database_url):
        for kill in range(KILLS + 1):
            last = ORDERS if kill == KILLS else 0
            caller = started(aws, database_url, "order", _placed(connection), last or ORDERS)
            if not last:
                _until_placed(connection, caller, at_least=(kill + 1) * ORDERS // (KILLS + 1))
                time.sleep(chance.random() * 0.02)
                caller.send_signal(signal.SIGKILL)
            caller.wait(timeout=300)
        sent_by_the_sweep(connection)
    everything = list(range(ORDERS))
    assert numbers(connection, "SELECT number FROM placed ORDER BY 1") == everything
    assert numbers(connection, "SELECT number FROM shipped ORDER BY 1") == everything
    assert connection.execute("SELECT status, count(*) FROM lamplighter.execution GROUP BY 1").fetchall() == [
        ("succeeded", ORDERS)
    ]


def test_a_batch_whose_caller_is_killed_while_it_sends_runs_whole_and_once(
    aws: Lambda, connection: Connection, database_url: str
) -> None:
    with handling(aws, database_url):
        caller = started(aws, database_url, "many", ORDERS)
        given_up_at = time.monotonic() + 60
        while not aws.events:
            assert time.monotonic() < given_up_at
            assert caller.poll() is None
        caller.kill()
        caller.wait()
        assert len(aws.events) < ORDERS, "killed too late to show anything"
        sent_by_the_sweep(connection)
    assert numbers(connection, "SELECT number FROM shipped ORDER BY 1") == list(range(ORDERS))


def _placed(connection: Connection) -> int:
    (count,) = numbers(connection, "SELECT count(*) FROM placed")
    return count


def _until_placed(connection: Connection, caller: subprocess.Popen[bytes], *, at_least: int) -> None:
    given_up_at = time.monotonic() + 120
    while _placed(connection) < at_least:
        assert time.monotonic() < given_up_at
        assert caller.poll() is None, "it ended by itself"
