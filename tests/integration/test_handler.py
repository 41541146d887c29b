"""From an event to its row, in this process: what runs, what is recorded, and when an invocation fails."""

from __future__ import annotations

import asyncio
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg.types.json import set_json_loads

from functions import database, handler
from functions.db import intents
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.executions import history, queue_manual
from functions.errors import DatabaseUnavailable, InvalidEvent, JobNotFound, OutcomeNotRecorded
from functions.job import JobContext, Skip
from functions.settings import settings
from tests.conftest import on_database
from tests.integration.delivery import Deploy, LambdaContext, deliver, event
from tests.integration.waiting import is_waited_for, until

ANN = Author(actor="ann")


def test_an_event_becomes_one_row_with_status_result_and_lines(deploy: Deploy, connection: Connection) -> None:
    @deploy
    def works(ctx: JobContext) -> dict[str, int]:
        ctx.logger.info("working", extra={"attempt": ctx.attempt})
        return {"done": 3}

    answer = deliver(event())
    (row,) = history(connection, "a", limit=9)
    assert (answer["status"], answer["execution_id"]) == ("succeeded", str(row.id))
    assert (row.status, row.attempt, row.scheduled_at.isoformat()) == ("succeeded", 1, event()["scheduled_at"])
    assert connection.execute("SELECT result FROM lamplighter.execution").fetchone() == ({"done": 3},)
    assert connection.execute("SELECT message FROM lamplighter.job_log").fetchall() == [("working",)]


def test_a_failing_job_is_recorded_and_the_invocation_succeeds(deploy: Deploy, connection: Connection) -> None:
    @deploy
    def fails(ctx: JobContext) -> None:
        raise ValueError("no such thing")

    assert deliver(event())["status"] == "failed"
    (row,) = history(connection, "a", limit=9)
    assert (row.error_type, row.error_message) == ("ValueError", "no such thing")
    assert row.error_stack is not None
    assert 'raise ValueError("no such thing")' in row.error_stack
    assert "runner.py" not in row.error_stack


def test_a_job_that_exits_the_process_is_a_failure(deploy: Deploy, connection: Connection) -> None:
    @deploy
    def exits(ctx: JobContext) -> None:
        raise SystemExit(3)

    assert deliver(event())["status"] == "failed"
    assert [row.error_type for row in history(connection, "a", limit=9)] == ["SystemExit"]


class Unspeakable(Exception):
    """An exception that cannot say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Unreadable(dict[str, int]):
    """A mapping that cannot be read."""

    def items(self) -> Any:
        raise RuntimeError("no items")


@pytest.mark.parametrize(
    "error",
    [Unspeakable(), asyncio.CancelledError(), GeneratorExit(), KeyboardInterrupt()],
    ids=lambda value: type(value).__name__,
)
def test_however_a_job_fails_it_is_recorded_and_the_invocation_succeeds(
    deploy: Deploy, connection: Connection, error: BaseException
) -> None:
    @deploy
    def fails(ctx: JobContext) -> None:
        raise error

    assert deliver(event())["status"] == "failed"
    assert [row.error_type for row in history(connection, "a", limit=9)] == [type(error).__name__]


@pytest.mark.parametrize(
    "result", [10**5000, {"deep": [10**5000]}, Unreadable(a=1), Unspeakable()], ids=lambda value: type(value).__name__
)
def test_whatever_a_job_returns_or_logs_its_outcome_is_recorded(
    deploy: Deploy, connection: Connection, result: object
) -> None:
    @deploy
    def works(ctx: JobContext) -> object:
        ctx.logger.info("field", extra={"odd": result})
        return result

    assert deliver(event())["status"] == "succeeded"
    assert [row.status for row in history(connection, "a", limit=9)] == ["succeeded"]


def test_skip_is_a_signal_with_its_reason(deploy: Deploy, connection: Connection) -> None:
    @deploy
    def skips(ctx: JobContext) -> None:
        raise Skip("nothing new")

    assert deliver(event())["status"] == "skipped"
    assert [(row.status, row.reason) for row in history(connection, "a", limit=9)] == [("skipped", "nothing new")]


def test_a_duplicate_delivery_runs_nothing_and_is_no_error(deploy: Deploy, connection: Connection) -> None:
    ran: list[int] = []
    deploy(lambda ctx: ran.append(1))
    assert [deliver(event())["status"] for _ in range(3)] == ["succeeded", "duplicate", "duplicate"]
    assert ran == [1]
    assert len(history(connection, "a", limit=9)) == 1


def test_a_paused_job_does_not_run_but_a_manual_execution_of_it_does(deploy: Deploy, connection: Connection) -> None:
    ran: list[str] = []
    deploy(lambda ctx: ran.append(str(ctx.execution_id)))
    intents.pause(connection, "a", ANN)
    assert deliver(event())["reason"] == "paused"
    queued = queue_manual(connection, "a", ANN)
    scheduled_at = queued.scheduled_at.isoformat()
    manual = event(cause="manual", execution_id=str(queued.id), scheduled_at=scheduled_at)
    assert deliver(manual)["status"] == "succeeded"
    assert ran == [str(queued.id)]


def test_with_jobs_switched_off_no_job_code_runs_and_the_row_says_so(
    deploy: Deploy, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []
    deploy(lambda ctx: ran.append(1))
    monkeypatch.setenv("JOBS_ENABLED", "false")
    settings.cache_clear()
    answer = deliver(event())
    assert (answer["status"], answer["reason"], ran) == ("skipped", "disabled", [])
    assert [(row.status, row.reason) for row in history(connection, "a", limit=9)] == [("skipped", "disabled")]


def test_each_execution_has_a_connection_of_its_own_that_is_closed_whatever_happens(deploy: Deploy) -> None:
    seen: list[Connection] = []

    @deploy
    def fails_midway(ctx: JobContext) -> None:
        seen.append(ctx.db)
        with ctx.db.transaction():
            ctx.db.execute("INSERT INTO lamplighter.audit (actor, action) VALUES ('job', 'half')")
            raise ValueError("midway")

    deliver(event())
    deliver(event(1))
    assert seen[0] is not seen[1]
    assert all(used.closed for used in seen)


def test_what_a_failed_job_had_not_committed_is_rolled_back(deploy: Deploy, connection: Connection) -> None:
    @deploy
    def fails_midway(ctx: JobContext) -> None:
        ctx.db.execute("INSERT INTO lamplighter.audit (actor, action) VALUES ('job', 'whole')")
        with ctx.db.transaction():
            ctx.db.execute("INSERT INTO lamplighter.audit (actor, action) VALUES ('job', 'half')")
            raise ValueError("midway")

    deliver(event())
    assert connection.execute("SELECT action FROM lamplighter.audit").fetchall() == [("whole",)]


def test_the_warm_connection_is_reopened_when_it_has_died(deploy: Deploy, connection: Connection) -> None:
    deploy(lambda ctx: None)
    deliver(event())
    _end_other_connections(connection)
    assert deliver(event(1))["status"] == "succeeded"


def test_the_outcome_is_recorded_although_the_connection_died_while_the_job_ran(
    deploy: Deploy, connection: Connection
) -> None:
    deploy(lambda ctx: _end_other_connections(connection))
    assert deliver(event())["status"] == "succeeded"
    assert [row.status for row in history(connection, "a", limit=9)] == ["succeeded"]


@pytest.mark.parametrize("payload", [None, {}, {"job_id": "a"}, event(scheduled_at="soon")])
def test_a_malformed_event_fails_the_invocation(deploy: Deploy, payload: object) -> None:
    deploy(lambda ctx: None)
    with pytest.raises(InvalidEvent):
        deliver(payload)


def test_an_unknown_job_fails_the_invocation(deploy: Deploy, connection: Connection) -> None:
    deploy(lambda ctx: None)
    with pytest.raises(JobNotFound, match="'nope'"):
        deliver(event(job_id="nope"))
    assert connection.execute("SELECT count(*) FROM lamplighter.execution").fetchone() == (0,)


def test_a_function_runs_no_other_job_than_its_own(deploy: Deploy, connection: Connection) -> None:
    deploy(lambda ctx: None)
    stranger = LambdaContext(function_name="lamplighter-local-job-b")
    with pytest.raises(InvalidEvent, match="came to function 'lamplighter-local-job-b'"):
        handler.handle(event(), stranger)  # type: ignore[arg-type]
    assert connection.execute("SELECT count(*) FROM lamplighter.execution").fetchone() == (0,)


def test_without_postgresql_the_handler_raises_before_any_job_code_runs(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []
    deploy(lambda ctx: ran.append(1))
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    settings.cache_clear()
    database._warm.cache_clear()
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        deliver(event())
    assert ran == []


def test_an_outcome_that_cannot_be_recorded_fails_the_invocation(
    deploy: Deploy, database_url: str, server_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.runner._RECORD_AGAIN_AFTER_S", (0.01,))

    def loses_the_database(ctx: JobContext) -> None:
        name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
        with psycopg.connect(on_database(server_url, "postgres"), autocommit=True) as administrator:
            administrator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))

    deploy(loses_the_database)
    with pytest.raises(OutcomeNotRecorded, match="could not be recorded"):
        deliver(event())


def test_what_one_execution_appends_to_the_logger_is_not_on_the_next_ones_lines(
    deploy: Deploy, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[str] = []

    @deploy
    def appends_once(ctx: JobContext) -> None:
        if not seen:
            ctx.logger.append_keys(customer="acme")
        ctx.logger.info("working")
        seen.append("working")

    deliver(event(1))
    deliver(event())
    lines = [line for line in capsys.readouterr().out.splitlines() if '"working"' in line]
    assert ["acme" in line for line in lines] == [True, False]


def test_each_outcome_is_counted_for_the_alarms(deploy: Deploy, capsys: pytest.CaptureFixture[str]) -> None:
    deploy(lambda ctx: None)
    deliver(event())
    metrics = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert [(line["service"], line["stage"], line["succeeded"]) for line in metrics] == [("a", "local", [1.0])]


@pytest.mark.parametrize(("remaining_ms", "counted"), [(60_000, 0), (0, 1)])
def test_an_execution_that_took_nearly_all_the_time_there_was_is_counted_as_such(
    deploy: Deploy, capsys: pytest.CaptureFixture[str], remaining_ms: int, counted: int
) -> None:
    deploy(lambda ctx: None)
    deliver(event(), remaining_ms=remaining_ms)
    assert capsys.readouterr().out.count('"near_timeout":[1.0]') == counted


def _end_other_connections(connection: Connection) -> None:
    connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def test_execution_ids_are_the_rows_own(deploy: Deploy, connection: Connection) -> None:
    deploy(lambda ctx: str(ctx.execution_id))
    answer = deliver(event())
    assert uuid.UUID(answer["execution_id"]) == history(connection, "a", limit=1)[0].id


def test_a_probe_shows_that_the_job_is_there_and_claims_nothing(deploy: Deploy, connection: Connection) -> None:
    deploy(lambda ctx: pytest.fail("a probe runs nothing"))
    assert handler.handle({"probe": "a"}, LambdaContext()) == {"job_id": "a", "probe": "ok"}  # type: ignore[arg-type]
    with pytest.raises(JobNotFound):
        handler.handle({"probe": "z"}, LambdaContext())  # type: ignore[arg-type]
    with pytest.raises(InvalidEvent, match="came to function"):
        handler.handle({"probe": "a"}, LambdaContext(function_name="lamplighter-local-job-b"))  # type: ignore[arg-type]
    assert history(connection, "a", limit=1) == []


def test_an_outcome_that_meets_a_timeout_of_the_role_is_recorded_with_another_try(
    deploy: Deploy, connection: Connection, database_url: str
) -> None:
    connection.execute(f"ALTER DATABASE {connection.info.dbname} SET statement_timeout = '300ms'".encode())
    with psycopg.connect(database_url, autocommit=True) as holder:
        holder.execute("SET statement_timeout = 0")

        def let_go() -> None:
            """Once a finish has waited, and been ended for it."""
            until(lambda: is_waited_for(connection, holder), "a finish that waits")
            until(lambda: not is_waited_for(connection, holder), "its end")
            holder.execute("COMMIT")

        def works(ctx: JobContext) -> None:
            holder.execute("BEGIN")
            holder.execute("SELECT FROM lamplighter.job FOR UPDATE")
            threads.submit(let_go)

        deploy(works)
        with ThreadPoolExecutor(1) as threads:
            assert deliver(event())["status"] == "succeeded"
    assert [(row.status, row.attempt) for row in history(connection, "a", limit=9)] == [("succeeded", 1)]


def test_a_connection_whose_server_only_reads_any_more_is_given_up_for_another(
    deploy: Deploy, connection: Connection
) -> None:
    def demoted(ctx: JobContext) -> None:
        warm = database.process_database().get()
        warm.execute("SET default_transaction_read_only = on")  # what a standby answers to writes

    deploy(demoted)
    assert [deliver(event(minutes))["status"] for minutes in (2, 1)] == ["succeeded"] * 2


def test_how_a_job_has_psycopg_read_json_is_no_concern_of_the_claim(deploy: Deploy, connection: Connection) -> None:
    deploy(lambda ctx: set_json_loads(lambda _: "nothing of ours"))
    try:
        assert [deliver(event(minutes))["status"] for minutes in (2, 1)] == ["succeeded"] * 2
    finally:
        set_json_loads(json.loads)
