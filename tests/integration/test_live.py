"""A running execution is seen and heard: its lines arrive while it runs, and nothing is lost with PostgreSQL."""

from __future__ import annotations

import logging
import os
import re
import socket
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from functions.database import process_database
from functions.db.audit import Author
from functions.db.cancellations import request_cancel
from functions.db.claims import Claim
from functions.db.connection import Connection, WarmConnection, connect
from functions.db.live import Standing, flush
from functions.db.outcomes import Outcome, finish
from functions.job import JobContext
from functions.log_lines import LogLine
from functions.settings import settings
from tests.conftest import on_database
from tests.integration.delivery import Deploy, deliver, event
from tests.integration.seeds import MINUTE, claimed, deployed
from tests.integration.waiting import until

Run = Callable[..., dict[str, Any]]
_PATIENCE_S = 20


@pytest.fixture
def run(deploy: Deploy, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a function as the job `a`, once, with a flush every 50 ms."""
    monkeypatch.setenv("LOG_FLUSH_S", "0.05")
    settings.cache_clear()

    def run_once(function: Callable[[JobContext], Any], minutes_ago: int = 0) -> dict[str, Any]:
        deploy(function)
        return deliver(event(minutes_ago))

    return run_once


def saying(said: list[str]) -> Callable[[JobContext], None]:
    def says(ctx: JobContext) -> None:
        for text in said:
            ctx.logger.info(text, extra={"deep": [1]})

    return says


def messages(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT line, message FROM lamplighter.job_log ORDER BY line").fetchall()
    assert [line for line, _ in rows] == list(range(1, len(rows) + 1)), "lines are numbered without a gap"
    return [message for _, message in rows]


def test_lines_are_there_while_the_job_runs_and_each_once_when_it_has_ended(run: Run, connection: Connection) -> None:
    def speaks(ctx: JobContext) -> None:
        for word in ("one", "two", "three"):
            ctx.logger.info(word)
            until(lambda: messages(connection)[-1:] == [word], f"{word!r} to be seen")  # noqa: B023
        ctx.logger.info("four")

    assert run(speaks)["status"] == "succeeded"
    assert messages(connection) == ["one", "two", "three", "four"]


def test_an_execution_shorter_than_the_interval_takes_two_statements(
    run: Run, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_FLUSH_S", "60")
    settings.cache_clear()
    run(lambda ctx: None, minutes_ago=1)  # opens the warm connection
    sent: list[str] = []
    with statements_of(process_database(), into=sent):
        run(saying([str(n) for n in range(50)]))
    asked = [re.findall(r"lamplighter\.(\w+)\(", text) for text in sent]
    assert asked == [["claim_occurrence"], ["finish_execution"]], "nothing before, between or after"


def test_a_second_execution_in_the_same_process_starts_no_second_thread(run: Run, connection: Connection) -> None:
    run(lambda ctx: None, minutes_ago=1)
    before = threading.active_count()
    run(lambda ctx: None)
    assert threading.active_count() == before


def test_many_lines_left_at_the_end_go_by_copy_with_the_outcome(
    run: Run, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_FLUSH_S", "60")
    settings.cache_clear()
    said = [f"line {n} \t \\N \x00 č" for n in range(1_000)]
    run(saying(said))
    assert messages(connection) == [text.replace("\x00", "\ufffd") for text in said]
    assert connection.execute("SELECT DISTINCT fields->'deep', attempt FROM lamplighter.job_log").fetchall() == [
        ([1], 1)
    ]


def test_a_job_outlives_postgresql_and_its_lines_are_written_at_the_end(
    run: Run, connection: Connection, database_url: str, server_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    refused = threading.Event()
    watcher = _Watcher(refused)
    logging.getLogger("lamplighter.live").addHandler(watcher)

    def loses_the_database(ctx: JobContext) -> None:
        with database_closed(database_url, server_url):
            ctx.logger.info("said in the dark")
            assert refused.wait(_PATIENCE_S), "no flush failed"
        ctx.logger.info("said after")

    try:
        assert run(loses_the_database)["status"] == "succeeded"
    finally:
        logging.getLogger("lamplighter.live").removeHandler(watcher)
    with connect(database_url) as again:
        said = messages(again)
    # The warning is the flushing thread's: it comes before or after what the job says next.
    assert [said[0], *sorted(said[1:], key=len)[:1]] == ["said in the dark", "said after"]
    assert any("lines and progress cannot be written now, they are kept" in line for line in said[1:])


def test_a_server_that_vanishes_without_a_word_is_noticed_in_ten_seconds(connection: Connection) -> None:
    with socket.socket(fileno=os.dup(connection.fileno())) as wire:
        if wire.family == socket.AF_UNIX or not hasattr(socket, "TCP_USER_TIMEOUT"):
            pytest.skip("not over TCP, or not on Linux")
        assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000


def test_a_flush_that_waits_when_the_job_ends_is_over_before_the_outcome_is_recorded(
    run: Run, connection: Connection, database_url: str
) -> None:
    held, other = threading.Event(), connect(database_url)

    def let_go(transaction: Any) -> None:
        held.set()
        transaction.__exit__(None, None, None)

    def ends_during_a_flush(ctx: JobContext) -> None:
        transaction = other.transaction()
        transaction.__enter__()
        other.execute("LOCK TABLE lamplighter.job_log IN ACCESS EXCLUSIVE MODE")
        ctx.logger.info("held up")
        until(lambda: _waiting(connection), "a flush to wait")
        threading.Timer(0.2, let_go, [transaction]).start()

    assert run(ends_during_a_flush)["status"] == "succeeded"
    assert held.is_set()
    other.close()
    assert messages(connection) == ["held up"]


def test_a_flush_whose_answer_got_lost_is_repeated_without_a_second_line(connection: Connection) -> None:
    deployed(connection, "a")
    claim = claimed(connection)
    for _ in range(2):
        assert flushed(connection, claim, "one", "two") == Standing(is_ours=True)
    assert finish(connection, Outcome(status="succeeded"), **_of(claim), lines=_lines("one", "two", "three"))
    assert messages(connection) == ["one", "two", "three"]


def test_what_is_said_after_the_success_was_recorded_is_written_too(connection: Connection) -> None:
    deployed(connection, "a")
    claim = claimed(connection)
    finish(connection, Outcome(status="succeeded"), **_of(claim))
    assert flushed(connection, claim, "after") == Standing(is_ours=True)
    assert messages(connection) == ["after"]


def test_an_execution_that_was_marked_lost_hears_it_and_writes_nothing(connection: Connection) -> None:
    deployed(connection, "a")
    claim = claimed(connection)
    connection.execute("UPDATE lamplighter.execution SET status = 'lost', finished_at = clock_timestamp()")
    assert flushed(connection, claim, "late", progress=[]) == Standing(is_ours=False)
    assert messages(connection) == []
    assert progress(connection) is None


def test_a_finish_by_copy_whose_answer_got_lost_is_repeated_without_a_second_line(connection: Connection) -> None:
    deployed(connection, "a")
    claim = claimed(connection)
    said = [str(n) for n in range(101)]
    flushed(connection, claim, "0", "1")
    for _ in range(2):
        assert finish(connection, Outcome(status="succeeded"), **_of(claim), lines=_lines(*said))
    assert messages(connection) == said


@pytest.mark.parametrize("count", [1, 101])
def test_an_execution_that_was_taken_over_writes_no_lines_and_hears_so(connection: Connection, count: int) -> None:
    deployed(connection, "a")
    old = claimed(connection, lease=timedelta())
    new = claimed(connection)
    assert new.execution_id == old.execution_id
    assert flushed(connection, old, "late") == Standing(is_ours=False)
    assert not finish(connection, Outcome(status="succeeded"), **_of(old), lines=_lines(*["late"] * count))
    assert messages(connection) == []


def test_a_taken_over_job_hears_it_and_its_outcome_is_not_recorded(run: Run, connection: Connection) -> None:
    def is_overtaken(ctx: JobContext) -> None:
        connection.execute("UPDATE lamplighter.execution SET claim_token = %s", (uuid.uuid4(),))
        until(lambda: ctx.cancelled, "the job to hear of it")
        ctx.raise_if_cancelled()

    run(is_overtaken)
    assert connection.execute("SELECT status FROM lamplighter.execution").fetchone() == ("running",)


def test_progress_of_every_bar_is_there_while_the_job_runs_and_at_its_end(run: Run, connection: Connection) -> None:
    def bar(label: str, done: int, total: int | None) -> dict[str, Any]:
        return {"label": label, "done": done, "total": total}

    def progresses(ctx: JobContext) -> None:
        ctx.progress(1, 4, "files")
        ctx.progress(7, label="rows")
        until(lambda: progress(connection) == [bar("files", 1, 4), bar("rows", 7, None)], "both bars")
        ctx.progress(4, 4, "files")

    run(progresses)
    assert progress(connection) == [bar("files", 4, 4), bar("rows", 7, None)]


def test_progress_reported_ten_thousand_times_costs_no_statement_of_its_own(
    run: Run, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_FLUSH_S", "60")
    settings.cache_clear()
    run(lambda ctx: None, minutes_ago=1)
    sent: list[str] = []
    with statements_of(process_database(), into=sent):
        run(lambda ctx: list(ctx.track(range(10_000), "items")) and None)
    assert len(sent) == 2
    assert progress(connection) == [{"label": "items", "done": 10_000, "total": 10_000}]


def test_a_failure_half_way_shows_how_far_it_came(run: Run, connection: Connection) -> None:
    def fails(ctx: JobContext) -> None:
        for number in ctx.track(n for n in range(5)):
            assert number < 3

    assert run(fails)["status"] == "failed"
    assert progress(connection) == [{"label": "", "done": 3, "total": None}]


def test_a_new_attempt_begins_without_the_progress_of_the_one_before(connection: Connection) -> None:
    deployed(connection, "a")
    old = claimed(connection, lease=timedelta())
    flushed(connection, old, progress=[{"label": "", "done": 3, "total": None}])
    claimed(connection)
    assert progress(connection) is None


def test_a_job_that_looks_is_cancelled_by_whoever_asked(run: Run, connection: Connection) -> None:
    def looks(ctx: JobContext) -> None:
        assert not ctx.cancelled
        request_cancel(connection, ctx.execution_id, Author(actor="ann"))
        ctx.logger.info("begun")
        until(lambda: ctx.cancelled, "the wish to arrive")
        ctx.raise_if_cancelled()

    assert run(looks)["status"] == "cancelled"
    row = connection.execute("SELECT status, reason, error_type FROM lamplighter.execution").fetchone()
    assert row == ("cancelled", "cancelled by ann", None)
    assert messages(connection) == ["begun"]


def test_a_job_that_does_not_look_ends_as_it_would_have(run: Run, connection: Connection) -> None:
    run(lambda ctx: request_cancel(connection, ctx.execution_id, Author(actor="ann")))
    assert connection.execute("SELECT status, reason FROM lamplighter.execution").fetchone() == ("succeeded", None)


def progress(connection: Connection) -> Any:
    return (
        connection.execute("SELECT progress FROM lamplighter.execution ORDER BY scheduled_at DESC").fetchone() or (0,)
    )[0]


def flushed(connection: Connection, claim: Claim, *said: str, progress: object = None) -> Standing:
    return flush(connection, **_of(claim), lines=_lines(*said), first_line=1, progress=progress)


def _of(claim: Claim) -> dict[str, Any]:
    return {"execution_id": claim.execution_id, "scheduled_at": MINUTE, "token": claim.token}


def _lines(*said: str) -> list[LogLine]:
    return [LogLine(logged_at=MINUTE, level="INFO", message=text) for text in said]


def _waiting(connection: Connection) -> bool:
    waits = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())"
    )
    return bool((connection.execute(waits).fetchone() or (False,))[0])


class _Watcher(logging.Handler):
    """Sets an event with the first record."""

    def __init__(self, seen: threading.Event) -> None:
        super().__init__()
        self._seen = seen

    def emit(self, record: logging.LogRecord) -> None:
        self._seen.set()


@contextmanager
def database_closed(database_url: str, server_url: str) -> Iterator[None]:
    """Nobody gets in, and whoever was in is out."""
    name = str(psycopg.conninfo.conninfo_to_dict(database_url)["dbname"])
    with psycopg.connect(on_database(server_url, "postgres"), autocommit=True) as administrator:
        administrator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
        administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        yield
        administrator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())


@contextmanager
def statements_of(database: WarmConnection, *, into: list[str]) -> Iterator[None]:
    """Notes every statement the warm connection executes."""
    connection, execute = database.get(), psycopg.Cursor.execute

    def noting(cursor: psycopg.Cursor[Any], query: Any, *arguments: Any, **options: Any) -> Any:
        if cursor.connection is connection:
            into.append(str(query).strip().removeprefix("WITH "))
        return execute(cursor, query, *arguments, **options)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", noting)
        yield
