"""One job in this process, and events delivered to the real handler: what several test files begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions import database, handler, registry
from functions.db.connection import Connection
from functions.job import Job, JobContext, job
from functions.settings import settings
from tests.integration.seeds import deployed

Deploy = Callable[..., Job]

_NOW = datetime.now(UTC).replace(second=0, microsecond=0)


@dataclass
class LambdaContext:
    """The part of Lambda's context object that the handler reads."""

    aws_request_id: str = "req-1"
    function_name: str = "lamplighter-local-job-a"
    remaining_ms: int = 60_000

    def get_remaining_time_in_millis(self) -> int:
        return self.remaining_ms


@contextmanager
def handler_on(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The handler of this process, on this database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    settings.cache_clear()
    database._warm.cache_clear()
    try:
        yield
    finally:
        database.process_database().close()
        database._warm.cache_clear()
        settings.cache_clear()


def define(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, function: Callable[[JobContext], Any], **options: Any
) -> Job:
    """Make a function the one job there is, deployed as `a`."""
    made = job(**{"id": "a", "schedule": "* * * * *"} | options)(function)
    monkeypatch.setattr(registry, "all_jobs", lambda: (made,))
    deployed(connection, "a", **{"schedule": "* * * * *"} | options)
    return made


def event(minutes_ago: int = 0, **changes: Any) -> dict[str, Any]:
    """A scheduled event of this minute, or of one that many minutes ago."""
    at = (_NOW - timedelta(minutes=minutes_ago)).isoformat()
    return {"cause": "schedule", "job_id": "a", "scheduled_at": at} | changes


def deliver(payload: object, *, remaining_ms: int = 60_000) -> dict[str, Any]:
    """What the handler answers."""
    return handler.handle(payload, LambdaContext(remaining_ms=remaining_ms))  # type: ignore[arg-type]
