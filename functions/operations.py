"""The Lambda that works on a deployment from inside its account: its schema, triggers, and first administrator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from functions import registry
from functions.database import database
from functions.db import access, jobs, schema, users
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.db.diagnosis import diagnose
from functions.db.migrate import migrate
from functions.db.usage import usage
from functions.definition import JobDefinition
from functions.errors import AdministratorExists, InvalidEvent, JobsError
from functions.scheduling.reconcile import check, plan, reconcile
from functions.settings import Settings
from functions.settings import settings as current_settings

# What else decides about triggers, by the field's name: a deploy may bring another value.
_PLANNED_WITH = ("jobs_enabled", "trigger_backend", "rules_limit")


def handle(event: Any, _context: object) -> dict[str, Any]:
    """Do the operation the event names; what was done, as JSON, and `lines` that say it to people.

    - `{"operation": "migrate"}` brings the schema up to date; `"before": true` leaves for later what the code that
      still runs could not do without.
    - `{"operation": "plan"}` shows what a reconcile would do now with the definitions of this package, or with those
      in `"definitions"` and `"settings"`, and which migrations are pending, of this package's or of those named in
      `"migrations"`; changes nothing. Without a schema yet, its `plan` is null.
    - `{"operation": "reconcile"}` stores the definitions of this package and makes AWS match them. Where AWS would
      refuse one it raises LimitExceeded, and nothing has changed.
    - `{"operation": "usage"}` says how much the jobs ran in the last 30 days, for an estimate of what they cost.
    - `{"operation": "doctor"}` looks at the database from here.
    - `{"operation": "administrator", "name": …, "password_hash": …, "by": …}` makes the first local user who may do
      everything; `by` is who asked, for the audit. Raises AdministratorExists, InvalidUser or NameTaken.

    Plan and reconcile take `"deep": true`: every trigger is then read whole, so that what somebody changed by hand and
    no listing shows (a target, an input, a whole schedule) is seen too. Raises InvalidEvent for anything else.
    """
    asked = dict(event) if isinstance(event, dict) else {}
    name = asked.pop("operation", None)
    operation = _OPERATIONS.get(name) if isinstance(name, str) else None
    if operation is None:
        raise InvalidEvent(f"operation={name!r} is unknown: use one of {', '.join(_OPERATIONS)}")
    _check_options(asked, name=name, known=_OPTIONS[name])
    if missing := [option for option in _REQUIRED.get(name, ()) if option not in asked]:
        raise InvalidEvent(f"operation={name!r} needs {', '.join(missing)} as well")
    return operation(**asked)


def _check_options(asked: dict[str, Any], *, name: str, known: dict[str, type]) -> None:
    for option, value in asked.items():
        if option not in known:
            raise InvalidEvent(f"{option}={value!r} is unknown: {name} takes {', '.join(known) or 'nothing more'}")
        if not isinstance(value, known[option]):
            raise InvalidEvent(f"{option}={value!r} is invalid: use {_NOUNS[known[option]]}")


def _migrate(*, before: bool = False) -> dict[str, Any]:
    applied = migrate(database(current_settings()), now=datetime.now(UTC), only_before=before)
    with connect(database(current_settings())) as connection:
        left = schema.pending_migrations(schema.applied_migrations(connection))
    said = [f"applied {name}" for name in applied] or ["nothing to apply"]
    return {"applied": applied, "left": left, "lines": [*said, *(f"{name} waits for the code" for name in left)]}


def _plan(
    *,
    deep: bool = False,
    definitions: list[Any] | None = None,
    migrations: list[Any] | None = None,
    settings: dict[str, Any] | None = None,
) -> dict[str, Any]:
    wanted = _packaged() if definitions is None else [JobDefinition.from_json(value) for value in definitions]
    then = _as_they_would_be(settings or {})
    with connect(database(then)) as connection:
        pending = _pending(connection, migrations)
        said = [f"pending migration {name}" for name in pending]
        if not schema.schema_is_there(connection):
            return {"pending": pending, "plan": None, "lines": [*said, "no schema yet: no triggers to compare"]}
        # Rolled back before AWS is asked: a lock on a job's row would keep its claims waiting.
        with connection.transaction(force_rollback=True):
            jobs.store_definitions(connection, wanted)
            rows = jobs.all_jobs(connection)
        found = plan(connection, then, rows=rows, deep=deep)
    return {"pending": pending, "plan": found.to_json(), "lines": [*said, *found.lines()]}


def _as_they_would_be(changed: dict[str, Any]) -> Settings:
    for name in changed:
        if name not in _PLANNED_WITH:
            raise InvalidEvent(f"settings: {name!r} is unknown: a plan takes {', '.join(_PLANNED_WITH)}")
    return current_settings()._replace(**changed)


def _packaged() -> list[JobDefinition]:
    return [job.definition for job in registry.all_jobs()]


def _pending(connection: Connection, migrations: Sequence[Any] | None) -> list[str]:
    applied = schema.applied_migrations(connection) if schema.schema_is_there(connection) else []
    names = schema.packaged_migrations() if migrations is None else [str(name) for name in migrations]
    return sorted(set(names).difference(applied))


def _reconcile(*, deep: bool = False) -> dict[str, Any]:
    with connect(database(current_settings())) as connection:
        with connection.transaction():
            jobs.store_definitions(connection, _packaged())
            check(connection, current_settings())
        report = reconcile(connection, current_settings(), deep=deep)
    return {"report": report.to_json(), "lines": report.lines()}


def _usage() -> dict[str, Any]:
    with connect(database(current_settings())) as connection:
        found = usage(connection, datetime.now(UTC))
    return {**found.to_json(), "lines": [f"{len(found.jobs)} jobs ran in the last {found.days:.1f} days"]}


def _doctor() -> dict[str, Any]:
    """An error of the database is part of the answer: that it cannot be reached is what was asked."""
    begun = datetime.now(UTC)
    try:
        with connect(database(current_settings())) as connection:
            connected = datetime.now(UTC)
            found = diagnose(connection)
    except JobsError as error:
        return {"now": begun.isoformat(), "database": None, "error": str(error), "lines": [str(error)]}
    looked = datetime.now(UTC)
    middle = connected + (looked - connected) / 2
    return {
        "now": begun.isoformat(),
        "database": found.to_json(),
        "connect_ms": round((connected - begun).total_seconds() * 1000),
        "clock_ahead_s": (middle - found.now).total_seconds(),
        "lines": [f"PostgreSQL {found.server_version} as {found.user}"],
    }


def _administrator(*, name: str, password_hash: str, by: str) -> dict[str, Any]:
    if not password_hash.startswith("$argon2id$"):
        raise InvalidEvent("password_hash is invalid (and not shown): use an argon2id hash, not the password itself")
    with connect(database(current_settings())) as connection, access.changing(connection):
        if access.has_administrator(connection):
            raise AdministratorExists
        user = users.add(
            connection, Author(actor=f"scripts/deploy of {by}"), name=name, password_hash=password_hash,
            role_names=["admin"],
        )  # fmt: skip
    return {"name": user.name, "lines": [f"{user.name} can log in and may do everything"]}


_NOUNS = {str: "text", bool: "true or false", list: "a list", dict: "an object"}
_OPERATIONS: dict[str, Callable[..., dict[str, Any]]] = {
    "migrate": _migrate, "reconcile": _reconcile, "plan": _plan, "doctor": _doctor, "usage": _usage,
    "administrator": _administrator,
}  # fmt: skip
_OPTIONS: dict[str, dict[str, type]] = {
    "migrate": {"before": bool},
    "reconcile": {"deep": bool},
    "plan": {"deep": bool, "definitions": list, "migrations": list, "settings": dict},
    "doctor": {},
    "usage": {},
    "administrator": {"name": str, "password_hash": str, "by": str},
}
_REQUIRED = {"administrator": _OPTIONS["administrator"].keys()}
