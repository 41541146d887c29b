"""The Lambda that works on a deployment from inside its account: migrate, reconcile, plan, usage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from functions import registry
from functions.database import database
from functions.db import jobs
from functions.db.connection import connect
from functions.db.migrate import migrate
from functions.db.usage import usage
from functions.errors import InvalidEvent
from functions.scheduling.reconcile import check, plan, reconcile
from functions.settings import settings


def handle(event: Any, _context: object) -> dict[str, Any]:
    """Do the operation the event names; what was done, as JSON, and `lines` that say it to people.

    - `{"operation": "migrate"}` brings the schema up to date.
    - `{"operation": "plan"}` shows what a reconcile would do now with the definitions of this package; changes nothing.
    - `{"operation": "reconcile"}` stores the definitions of this package and makes AWS match them. Where AWS would
      refuse one it raises LimitExceeded, and nothing has changed.
    - `{"operation": "usage"}` says how much the jobs ran in the last 30 days, for an estimate of what they cost.

    Plan and reconcile take `"deep": true`: every trigger is then read whole, so that what somebody changed by hand and
    no listing shows (a target, an input, a whole schedule) is seen too. Raises InvalidEvent for anything else.
    """
    asked = dict(event) if isinstance(event, dict) else {}
    name = asked.pop("operation", None)
    operation = _OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None:
        raise InvalidEvent(f"operation={name!r} is unknown: use one of {', '.join(_OPERATIONS)}")
    _refuse_others(asked, name=name, known=_OPTIONS[name])
    return operation(**asked)


def _refuse_others(asked: dict[str, Any], *, name: str, known: tuple[str, ...]) -> None:
    for option, value in asked.items():
        if option not in known:
            raise InvalidEvent(f"{option}={value!r} is unknown: {name} takes {', '.join(known) or 'nothing more'}")
        if not isinstance(value, bool):
            raise InvalidEvent(f"{option}={value!r} is invalid: use true or false")


def _migrate() -> dict[str, Any]:
    applied = migrate(database(settings()), now=datetime.now(UTC))
    return {"applied": applied, "lines": [f"applied {name}" for name in applied] or ["nothing to apply"]}


def _plan(*, deep: bool = False) -> dict[str, Any]:
    with connect(database(settings())) as connection:
        # Rolled back before AWS is asked: a lock on a job's row would keep its claims waiting.
        with connection.transaction(force_rollback=True):
            jobs.store_definitions(connection, [job.definition for job in registry.all_jobs()])
            rows = jobs.all_jobs(connection)
        found = plan(connection, settings(), rows=rows, deep=deep)
    return {"plan": found.to_json(), "lines": found.lines()}


def _reconcile(*, deep: bool = False) -> dict[str, Any]:
    with connect(database(settings())) as connection:
        with connection.transaction():
            jobs.store_definitions(connection, [job.definition for job in registry.all_jobs()])
            check(connection, settings())
        report = reconcile(connection, settings(), deep=deep)
    return {"report": report.to_json(), "lines": report.lines()}


def _usage() -> dict[str, Any]:
    with connect(database(settings())) as connection:
        found = usage(connection, datetime.now(UTC))
    return {**found.to_json(), "lines": [f"{len(found.jobs)} jobs ran in the last {found.days:.1f} days"]}


_OPERATIONS: dict[str, Callable[..., dict[str, Any]]] = {
    "migrate": _migrate, "reconcile": _reconcile, "plan": _plan, "usage": _usage,
}  # fmt: skip
_OPTIONS: dict[str, tuple[str, ...]] = {"migrate": (), "reconcile": ("deep",), "plan": ("deep",), "usage": ()}
