"""Behind a transaction pooler every statement may meet another server connection: nothing of ours may depend on one."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from chalicelib.services import jobs as job_service
from functions.db import executions, intents, one_time, triggers
from functions.db.audit import Author
from functions.db.connection import Connection, WarmConnection, connect
from functions.db.dispatches import take
from functions.db.job_list import Wanted
from functions.db.outcomes import Outcome, finish
from functions.db.partitions import ensure_month
from functions.jobs.expired_refresh_token_cleanup import expired_refresh_token_cleanup
from functions.jobs.prepare_partitions import prepare_partitions
from functions.jobs.retention import retention
from functions.logs import LogLine
from tests.integration.job_runs import run_job
from tests.integration.pooler import POOL_SIZE, pgbouncer
from tests.integration.seeds import MINUTE, claimed, deployed

ANN = Author(actor="ann")
CLIENTS, ROUNDS = 8, 40
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EVERY_JOB = Wanted(is_enabled=True, limit=1_000)


@pytest.fixture
def pooled_url(database_url: str, tmp_path: Path) -> Iterator[str]:
    with pgbouncer(database_url, tmp_path) as url:
        yield url


def work(pooled_url: str, client: int) -> Counter[str]:
    """What a warm process does, again and again on its one connection: executions, changes, and reading them."""
    answers: Counter[str] = Counter()
    warm = WarmConnection(pooled_url)
    own, shared = f"job-{client}", "shared"
    for number in range(ROUNDS):
        at = MINUTE + timedelta(minutes=number)
        answers["own " + warm.run(_execution(own, at))] += 1
        answers["shared " + warm.run(_execution(shared, at))] += 1
        if number % 4 == 0:
            opened = warm.get()
            intents.pause(opened, own, ANN)
            assert claimed(opened, own, at=at + timedelta(days=1)).reason == "paused"
            intents.resume(opened, own, ANN)
            ensure_month(opened, at + timedelta(days=40 * number))
            with opened.transaction():
                triggers.lock(opened, timedelta(seconds=30))
            assert len(job_service.page(opened, EVERY_JOB, now=NOW).jobs) == CLIENTS + 1
            assert len(executions.history(opened, own, limit=500)) == number + 1 + number // 4 + 1
    warm.close()
    return answers


def _execution(job_id: str, at: datetime) -> Callable[[Connection], str]:
    def run(connection: Connection) -> str:
        claim = claimed(connection, job_id, at=at, overlap="allow", token=uuid.uuid4())
        if claim.decision != "run":
            return claim.decision
        assert claim.execution_id is not None
        lines = [LogLine(logged_at=NOW, level="INFO", message="a line")]
        outcome = Outcome(status="succeeded", result={"n": 1})
        recorded = finish(
            connection, outcome, execution_id=claim.execution_id, scheduled_at=at, token=claim.token, lines=lines
        )
        return "finished" if recorded else "taken over"

    return run


def test_everything_a_warm_process_does_works_through_it_for_many_clients(
    connection: Connection, database_url: str, pooled_url: str
) -> None:
    deployed(connection, "shared", *(f"job-{client}" for client in range(CLIENTS)), schedule="@hourly")
    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = sum(pool.map(lambda client: work(pooled_url, client), range(CLIENTS)), Counter())
    # 8 × 40 rounds of 2 claims and 1 or 2 finishes, and every fourth round some 20 more: about 2,700 statements.
    assert answers == {
        "own finished": CLIENTS * ROUNDS,
        "shared finished": ROUNDS,
        "shared duplicate": (CLIENTS - 1) * ROUNDS,
    }  # fmt: skip
    (succeeded,) = connection.execute(
        "SELECT count(*) FROM lamplighter.execution WHERE status = 'succeeded'"
    ).fetchone() or (0,)
    assert succeeded == (CLIENTS + 1) * ROUNDS
    assert _left_behind(connection, pooled_url) == []


def test_the_housekeeping_jobs_work_through_it(connection: Connection, pooled_url: str) -> None:
    ensure_month(connection, NOW - timedelta(days=400))
    run_job(prepare_partitions, pooled_url, now=NOW)
    assert len(run_job(retention, pooled_url, now=NOW)["dropped"]) == 1
    assert run_job(expired_refresh_token_cleanup, pooled_url, now=NOW) == {"deleted": 0}
    assert _left_behind(connection, pooled_url) == []


def test_this_is_a_transaction_pooler_that_keeps_what_a_session_leaves_behind(
    connection: Connection, pooled_url: str
) -> None:
    with ExitStack() as clients:
        holding = [clients.enter_context(connect(pooled_url)) for _ in range(POOL_SIZE - 1)]
        used = {_backend(holding[0])}
        with holding[0].transaction():
            used.add(_backend(holding[0]))
            with holding[1].transaction():
                used |= {_backend(holding[1])}
        assert len(used) == 2
    with connect(pooled_url) as careless:
        careless.execute("SET application_name = 'left behind'")
        careless.execute("SELECT pg_advisory_lock(42)")
        careless.execute("PREPARE left_behind AS SELECT 1")
    assert {what for what, _ in _left_behind(connection, pooled_url)} == {"advisory", "prepared", "setting"}


def _backend(connection: Connection) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    assert row is not None
    return int(row[0])


_STATE = """
SELECT 'prepared', name FROM pg_prepared_statements
UNION ALL SELECT 'setting', name FROM pg_settings
WHERE source = 'session' AND name NOT IN ('client_encoding', 'DateStyle', 'TimeZone')
  AND (name, setting) NOT IN (VALUES ('application_name', ''), ('standard_conforming_strings', 'on'))
UNION ALL SELECT 'temporary', relname FROM pg_class WHERE relpersistence = 't' AND relnamespace = pg_my_temp_schema()
UNION ALL SELECT 'listening', channel FROM pg_listening_channels() AS channel
"""


def _left_behind(connection: Connection, pooled_url: str) -> list[tuple[str, str]]:
    """Session state on any of the pooler's server connections: (what, its name)."""
    found: set[tuple[str, str]] = set()
    with ExitStack() as clients:
        # Each holds a transaction, so each has a server connection of its own: together all the pool may have.
        for _ in range(POOL_SIZE):
            client = clients.enter_context(connect(pooled_url))
            clients.enter_context(client.transaction())
            found |= {(str(what), str(name)) for what, name in client.execute(_STATE).fetchall()}
    advisory = (
        "SELECT 'advisory', objid::text FROM pg_locks WHERE locktype = 'advisory'"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return sorted(found | {(str(a), str(b)) for a, b in connection.execute(advisory).fetchall()})


def test_options_at_connect_are_refused_by_it_so_we_send_none(pooled_url: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="unsupported startup parameter"):
        psycopg.connect(pooled_url, options="-c statement_timeout=5s")
    connect(pooled_url).close()


def test_enqueueing_and_sending_works_through_it_for_many_clients(
    connection: Connection, database_url: str, pooled_url: str
) -> None:
    deployed(connection, "a")

    def enqueues(client: int) -> int:
        with connect(pooled_url) as pooled:
            for number in range(10):
                with pooled.transaction():
                    one_time.enqueue(pooled, job_id="a", key=f"{client}-{number}")
            one_time.enqueue_many(pooled, job_id="a", params=[None] * 10)
            return len(take(pooled, limit=1_000))

    with ThreadPoolExecutor(CLIENTS) as pool:
        taken = sum(pool.map(enqueues, range(CLIENTS)))
    assert taken + len(take(connection, limit=1_000)) == CLIENTS * 20
