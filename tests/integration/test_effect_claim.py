"""ctx.transaction(): the job's writes and its success are there together, or not at all, wherever the process dies."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import pytest
from psycopg.rows import dict_row

from functions.database import process_database
from functions.db.connection import Connection
from functions.db.executions import history
from functions.job import JobContext, Retry, Skip
from tests.conftest import PROJECT
from tests.integration.delivery import Deploy, deliver, event
from tests.integration.seeds import claimed, deployed

WRITE = "INSERT INTO lamplighter.audit (actor, action) VALUES ('job', 'effect')"


def effects(connection: Connection) -> int:
    row = connection.execute("SELECT count(*) FROM lamplighter.audit WHERE actor = 'job'").fetchone()
    assert row is not None
    return int(row[0])


def statuses(connection: Connection) -> list[str]:
    return [row.status for row in history(connection, "a", limit=9)]


def test_killed_at_any_statement_the_effect_is_there_exactly_when_the_execution_has_succeeded(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a", schedule="* * * * *")
    seen: list[tuple[str, int]] = []
    connection.execute("ALTER TABLE lamplighter.audit DISABLE TRIGGER append_only")  # the effect is a row there
    for number in range(50):
        connection.execute("TRUNCATE lamplighter.execution, lamplighter.audit, lamplighter.job_log")
        connection.execute("UPDATE lamplighter.job SET running_execution_id = NULL, running_lease_expires_at = NULL")
        killed = _run_and_kill(database_url, number)
        _until_alone(connection)
        (status,) = statuses(connection) or ["none"]
        seen.append((status, effects(connection)))
        if not killed:
            break
    assert set(seen) == {("none", 0), ("running", 0), ("succeeded", 2)}
    assert seen == sorted(seen)  # in this order, once each way: nothing flips back
    assert seen.count(("running", 0)) >= 5  # before BEGIN, both writes, the finish and COMMIT
    assert seen.count(("succeeded", 2)) >= 2  # killed before the remaining lines, and not killed


def test_after_the_transaction_only_the_remaining_lines_and_the_result_are_written(
    deploy: Deploy, connection: Connection
) -> None:
    def effect(ctx: JobContext) -> str:
        ctx.logger.info("before")
        with ctx.transaction() as db:
            db.execute(WRITE)
        (status,) = connection.execute("SELECT status FROM lamplighter.execution").fetchone() or ("",)
        ctx.logger.info("after: %s", status)
        return "done"

    deploy(effect)
    assert deliver(event())["status"] == "succeeded"
    assert connection.execute("SELECT line, message FROM lamplighter.job_log ORDER BY line").fetchall() == [
        (1, "before"), (2, "after: succeeded"),
    ]  # fmt: skip
    assert connection.execute("SELECT result FROM lamplighter.execution").fetchall() == [("done",)]
    assert connection.execute("SELECT attempt, status FROM lamplighter.attempt").fetchall() == [(1, "succeeded")]


def test_however_many_lines_remain_after_the_transaction_they_are_all_written(
    deploy: Deploy, connection: Connection
) -> None:
    def effect(ctx: JobContext) -> None:
        ctx.logger.info("before")
        with ctx.transaction() as db:
            db.execute(WRITE)
        for number in range(300):
            ctx.logger.info("after %d", number)

    deploy(effect)
    assert deliver(event())["status"] == "succeeded"
    assert connection.execute("SELECT count(*), max(line) FROM lamplighter.job_log").fetchone() == (301, 301)
    assert connection.execute("SELECT sum(succeeded) FROM lamplighter.job_stats_hourly").fetchone() == (1,)


def test_an_exception_inside_rolls_the_effect_back_and_the_execution_fails(
    deploy: Deploy, connection: Connection
) -> None:
    def effect(ctx: JobContext) -> None:
        with ctx.transaction() as db:
            db.execute(WRITE)
            raise ValueError("midway")

    deploy(effect)
    assert deliver(event())["status"] == "failed"
    assert (effects(connection), statuses(connection)) == (0, ["failed"])


@pytest.mark.parametrize("error", [ValueError("late"), Skip("late")])
def test_what_happens_after_the_transaction_cannot_undo_the_success(
    deploy: Deploy, connection: Connection, error: Exception
) -> None:
    def effect(ctx: JobContext) -> None:
        with ctx.transaction() as db:
            db.execute(WRITE)
        raise error

    deploy(effect, retry=Retry(attempts=3))
    assert deliver(event())["status"] == "succeeded"
    assert (effects(connection), statuses(connection)) == (1, ["succeeded"])
    assert deliver(event())["status"] == "duplicate"


def test_when_the_claim_was_taken_over_the_effect_is_rolled_back_and_nothing_is_written(
    deploy: Deploy,
    connection: Connection,
) -> None:
    def taken_over(ctx: JobContext) -> None:
        with ctx.transaction() as db:
            db.execute(WRITE)
            connection.execute("UPDATE lamplighter.execution SET lease_expires_at = clock_timestamp()")
            connection.execute("UPDATE lamplighter.job SET running_lease_expires_at = clock_timestamp()")
            other = claimed(connection, "a", ctx.scheduled_at)
            assert (other.decision, other.attempt) == ("run", 2)

    deploy(taken_over)
    deliver(event())
    assert (effects(connection), statuses(connection)) == (0, ["running"])


def test_the_transaction_is_refused_where_the_success_would_not_be_part_of_it(
    deploy: Deploy, connection: Connection
) -> None:
    refused: list[str] = []

    def misuses(ctx: JobContext) -> None:
        with ctx.db.transaction(), pytest.raises(RuntimeError, match="end that one first") as caught:  # noqa: SIM117
            with ctx.transaction():
                pass
        refused.append(str(caught.value))
        with ctx.transaction() as db:
            db.execute(WRITE)
        with pytest.raises(RuntimeError, match="use it once"), ctx.transaction():
            pass

    deploy(misuses)
    assert deliver(event())["status"] == "succeeded"
    assert len(refused) == 1


def _run_and_kill(database_url: str, number: int) -> bool:
    """Run the job in a process of its own that dies before the round trip of this number; whether it died."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.killed_job", str(number)],
        cwd=PROJECT, env=os.environ | {"DATABASE_URL": database_url}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    assert done.returncode or re.search(r"round trips: \d+", done.stderr)
    return done.returncode != 0


def _until_alone(connection: Connection) -> None:
    """Until PostgreSQL has noticed that the process is gone and rolled back what it left open."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while connection.execute(query).fetchone() != (0,):
        pass


@pytest.mark.parametrize("is_taken_over", [False, True])
def test_whatever_rows_a_job_asks_its_connection_for_the_claim_decides(
    deploy: Deploy, connection: Connection, is_taken_over: bool
) -> None:
    def effect(ctx: JobContext) -> None:
        ctx.db.row_factory = dict_row  # type: ignore[assignment]
        with ctx.transaction() as db:
            db.execute(WRITE)
            if is_taken_over:
                connection.execute("UPDATE lamplighter.execution SET claim_token = gen_random_uuid(), attempt = 2")

    deploy(effect)
    answer = deliver(event())
    assert (answer["status"], effects(connection)) == (("lost", 0) if is_taken_over else ("succeeded", 1))


def test_with_postgresql_gone_after_the_transaction_the_execution_has_succeeded_all_the_same(
    deploy: Deploy, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def effect(ctx: JobContext) -> None:
        with ctx.transaction() as db:
            db.execute(WRITE)
        monkeypatch.setattr(process_database(), "_database", "postgresql://nobody@127.0.0.1:1/gone")
        process_database().close()

    deploy(effect)
    assert deliver(event())["status"] == "succeeded"
    assert (statuses(connection), effects(connection)) == (["succeeded"], 1)
