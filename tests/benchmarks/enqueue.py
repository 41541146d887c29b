"""Enqueueing: a row written down and its event sent, against procrastinate's defer on the same PostgreSQL.

procrastinate writes a row and notifies its workers, which are processes that poll; ours has the event accepted by
Lambda (or a schedule by Scheduler) as well, here by a server on this machine that accepts at once: AWS itself takes
10 to 30 ms for it. `written` is what both do: the row alone, committed.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection as Pipe
from typing import Any
from unittest import mock

import procrastinate
from procrastinate import App, SyncPsycopgConnector

import functions.database
from functions import invoker, pending
from functions.database import process_database
from functions.db import jobs, one_time
from functions.db.connection import Connection
from functions.definition import JobDefinition
from functions.job import Job, JobContext, enqueue, job
from functions.scheduling import one_shot
from functions.settings import settings
from tests.benchmarks.database import database
from tests.benchmarks.ratio import Case, Comparison
from tests.benchmarks.ratio import measure as measure_ratios

TARGET = 1.0
_CALLS = 10
_HOUR = timedelta(hours=1)


@job(id="enqueued")
def nothing(ctx: JobContext) -> None:
    """Never run: only enqueued."""


def measure(rounds: int) -> Comparison:
    """Ours against procrastinate, each as an application calls it."""
    with database() as connection, _accepting() as endpoint, _this_process_uses(connection, endpoint):
        jobs.store_definitions(connection, [JobDefinition(id="enqueued")])
        with _procrastinate(connection.info.dsn + f" password={connection.info.password}") as defer:
            cases = [
                Case(name=name, ours=ours, floor=defer, calls=_CALLS)
                for name, ours in ours_on(connection, nothing).items()
            ]
            ratios = measure_ratios(cases, rounds=rounds)
    return Comparison(
        benchmark="enqueue", ours="enqueue", floor=f"procrastinate {procrastinate.__version__}'s defer", target=TARGET,
        rounds=rounds, ratios=ratios,
    )  # fmt: skip


def ours_on(connection: Connection, of: Job) -> dict[str, Callable[[], object]]:
    """Each way to enqueue, by what it is called in the report."""

    def in_transaction() -> None:
        with connection.transaction():
            enqueue(of, connection=connection)

    return {
        "written": lambda: one_time.enqueue(connection, job_id=of.definition.id),
        "in a transaction": in_transaction,
        "now": lambda: enqueue(of),
        "later": lambda: enqueue(of, delay=_HOUR),
    }


@contextmanager
def _procrastinate(dsn: str) -> Iterator[Callable[[], object]]:
    app = App(connector=SyncPsycopgConnector(conninfo=dsn))
    with app.open():
        app.schema_manager.apply_schema()
        deferred = app.configure_task("enqueued", allow_unknown=True)
        yield lambda: deferred.defer(number=1)


@contextmanager
def _accepting() -> Iterator[str]:
    """A server in a process of its own that accepts whatever it is asked, as AWS does when all is well."""
    here, there = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,), daemon=True)
    server.start()
    try:
        yield f"http://127.0.0.1:{here.recv()}"
    finally:
        server.kill()
        server.join()


def _serve(there: Pipe) -> None:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one packet: two would wait 40 ms for each other (delayed acknowledgement)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(202)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that is gone is none of ours."""

    server = Server(("127.0.0.1", 0), Handler)
    there.send(server.server_port)
    server.serve_forever()


@contextmanager
def _this_process_uses(connection: Connection, endpoint: str) -> Iterator[None]:
    info = connection.info
    url = f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{info.dbname}"
    keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing")
    with mock.patch.dict(os.environ, {**keys, "AWS_ENDPOINT_URL": endpoint, "DATABASE_URL": url}):
        cached = (settings, invoker._client, one_shot._client, functions.database._warm)
        for each in cached:
            each.cache_clear()
        yield
        pending.pending().settle()
        process_database().close()
        for each in cached:
            each.cache_clear()
