"""The admin API's list and detail through the Lambda path, against the same path around a bare encoder.

The floor is the same path: the same event and Chalice dispatch, and the very statements ours sent, their rows as plain
dicts through `msgspec.json.encode`; no guards, services or serializers.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
import psycopg
from chalice.app import Chalice, Response
from psycopg.rows import dict_row

from functions.db import jobs
from functions.db.connection import Connection, connect
from functions.db.migrate import migrate
from functions.definition import JobDefinition
from functions.settings import settings
from infra.local.gateway_routes import RouteTable, admin_api_routes
from infra.local.postgres import Postgres
from tests.benchmarks.ratio import Case, Comparison
from tests.benchmarks.ratio import measure as measure_cases
from tests.conftest import PROJECT

TARGET = 1.5
JOBS = 1_000
FLOOR = "the same statements and dispatch around msgspec.json.encode of plain dicts"
_KEY = "a benchmark's signing key, long enough for it"
_BASE = "/api/v1/admin"
_JOB = "job-0500"
_DETAIL = f"/jobs/{_JOB}"


def measure(rounds: int) -> Comparison:
    """List and detail with 1,000 jobs in PostgreSQL, each with executions."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)  # as root, the server runs as somebody else
        postgres = Postgres(Path(directory) / "postgres")
        url = postgres.start()
        try:
            return _measure(url, rounds)
        finally:
            postgres.stop()


def _measure(url: str, rounds: int) -> Comparison:
    migrate(url, now=datetime.now(UTC))
    with connect(url) as connection:
        _fill(connection)
        os.environ |= {"DATABASE_URL": url, "AUTH_SIGNING_KEY": _KEY, "STAGE": "local"}
        settings.cache_clear()
        ours = _app()
        listed = json.loads(ours(_event("/jobs"), None)["body"])
        cases = [
            Case(name="list", ours=_call(ours, "/jobs"), floor=_floor(ours, connection, "/jobs"), calls=1),
            Case(name="detail", ours=_call(ours, _DETAIL), floor=_floor(ours, connection, _DETAIL), calls=10),
            Case(
                name="list / encoder",
                ours=_call(ours, "/jobs"),
                floor=lambda: msgspec.json.encode(listed),
                calls=1,
            ),
        ]
        comparison = Comparison(
            benchmark="api",
            ours=f"app(event, context) with {len(listed):,} jobs",
            floor=FLOOR,
            target=TARGET,
            rounds=rounds,
            ratios=measure_cases(cases, rounds=rounds),
        )
        for path in ("/jobs", _DETAIL):
            print(f"{path}: {_percentiles(_call(ours, path), max(rounds * 4, 40))}", file=sys.stderr)
        return comparison


def _fill(connection: Connection) -> None:
    schedules = ("@hourly", "*/5 * * * *", "0 3 * * *", "30 6 * * 1-5")
    jobs.store_definitions(
        connection,
        [
            JobDefinition(
                id=f"job-{number:04}", schedule=schedules[number % 4], description=f"Does what job {number} does"
            )
            for number in range(JOBS)
        ],
    )
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    connection.execute(
        """
        INSERT INTO lamplighter.execution (id, job_id, scheduled_at, status, cause, attempt, started_at, finished_at,
                                           duration_ms)
        SELECT gen_random_uuid(), %s, %s::timestamptz - n * interval '1 minute', 'succeeded', 'schedule', 1,
               %s::timestamptz - n * interval '1 minute', %s::timestamptz - n * interval '1 minute', 1234
        FROM generate_series(1, 60) AS n
        """,
        (_JOB, now, now, now),
    )
    connection.execute(
        "UPDATE lamplighter.job SET last_status = 'succeeded', last_started_at = %s, last_duration_ms = 1234",
        (now - timedelta(minutes=1),),
    )


def _app() -> Callable[[Any, Any], Any]:
    sys.path.insert(0, str(PROJECT / "admin_api"))
    from app import app

    return app


def _floor(ours: Callable[[Any, Any], Any], connection: Connection, path: str) -> Callable[[], object]:
    statements = _statements(_call(ours, path))
    bare = Chalice(app_name="bare", configure_logs=False)

    @bare.route("/{proxy+}")
    def answer() -> Response:
        rows = [_rows(connection, query, parameters) for query, parameters in statements]
        return Response(msgspec.json.encode(rows).decode(), headers={"Content-Type": "application/json"})

    event = _event(path)
    event["requestContext"]["resourcePath"] = "/{proxy+}"
    return _call_with(bare, event)


def _statements(call: Callable[[], object]) -> list[tuple[Any, Any]]:
    """What this sends to PostgreSQL."""
    sent: list[tuple[Any, Any]] = []
    execute = psycopg.Cursor.execute

    def recording(cursor: Any, query: Any, parameters: Any = None, **options: Any) -> Any:
        sent.append((query, parameters))
        return execute(cursor, query, parameters, **options)

    call()  # once before: what is stored or opened once is no part of a request
    with patch.object(psycopg.Cursor, "execute", recording):
        call()
    return sent


def _rows(connection: Connection, query: Any, parameters: Any) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchall() if cursor.description else []


def _call(app: Callable[[Any, Any], Any], path: str) -> Callable[[], object]:
    return _call_with(app, _event(path))


def _call_with(app: Callable[[Any, Any], Any], event: dict[str, Any]) -> Callable[[], object]:
    answer = app(event, None)
    assert answer["statusCode"] == 200, answer["body"]
    return lambda: app(event, None)


def _event(path: str) -> dict[str, Any]:
    from chalicelib import tokens
    from tests.integration.admin_api.events import rest_event

    match = RouteTable(admin_api_routes(PROJECT)).match("GET", _BASE + path)
    assert match is not None
    identity = tokens.Identity(actor="bench", permissions=frozenset({"*"}))
    token = tokens.sign(_KEY, identity, now=datetime.now(UTC), lifetime=timedelta(hours=1))
    return rest_event("GET", _BASE + path, match, headers={"Authorization": f"Bearer {token}"})


def _percentiles(call: Callable[[], object], count: int) -> str:
    times = []
    for _ in range(count):
        begun = time.perf_counter()
        call()
        times.append((time.perf_counter() - begun) * 1000)
    cut = statistics.quantiles(times, n=20)
    return f"p50 {statistics.median(times):.1f} ms, p95 {cut[18]:.1f} ms ({count} calls)"
