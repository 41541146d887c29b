"""The Lambda that works on a deployment from inside its account: migrate, reconcile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from functions import registry
from functions.db import jobs
from functions.db.connection import connect
from functions.db.migrate import migrate
from functions.errors import InvalidEvent
from functions.scheduling.reconcile import reconcile
from functions.settings import settings


def handle(event: Any, _context: object) -> dict[str, Any]:
    """Do the operation the event names, `migrate` or `reconcile`; what was done, as JSON. Raises InvalidEvent."""
    name = event.get("operation") if isinstance(event, dict) else None
    operation = _OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None:
        raise InvalidEvent(f"operation={name!r} is unknown: use one of {', '.join(_OPERATIONS)}")
    return operation()


def _migrate() -> dict[str, Any]:
    applied = migrate(settings().database_url, now=datetime.now(UTC))
    return {"applied": applied, "lines": [f"applied {name}" for name in applied] or ["nothing to apply"]}


def _reconcile() -> dict[str, Any]:
    with connect(settings().database_url) as connection:
        jobs.store_definitions(connection, [job.definition for job in registry.all_jobs()])
        report = reconcile(connection, settings())
    return {"report": report.to_json(), "lines": report.lines()}


_OPERATIONS: dict[str, Callable[[], dict[str, Any]]] = {"migrate": _migrate, "reconcile": _reconcile}
