"""Brings the schema up to date: plain .sql files, migrations forward only and once, routines anew each time."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from yoyo import get_backend, read_migrations

from functions.db.connection import Connection, Database, connect
from functions.db.partitions import ensure_month
from functions.db.schema import goes_after, schema_is_there

_DIRECTORY = Path(__file__).parent / "migrations"
_ROUTINES = Path(__file__).parent / "routines"
_NEXT_MONTH = timedelta(days=31)  # from a first of the month: always in the next one


def migrate(database: Database | str, *, now: datetime, only_before: bool = False) -> list[str]:
    """Apply what is missing and return the names applied, in order; make this month and the next ready.

    The routines, which hold no data, are then replaced by those of this package. `only_before`: what takes something
    away that old code still uses (`schema.AFTER`) waits for the next call, once no old code runs any more. A database
    that has no schema yet has no old code to spare: it gets everything, in order.

    Safe to call by two processes at once: a transaction-level advisory lock lets one through at a time.
    Raises DatabaseUnavailable when PostgreSQL cannot be reached.
    """
    with connect(database) as lock_holder, lock_holder.transaction():
        lock_holder.execute("SELECT pg_advisory_xact_lock(hashtext('lamplighter.migrate'))")
        with connect(database) as connection:
            only_before = only_before and schema_is_there(connection)
            connection.execute("CREATE SCHEMA IF NOT EXISTS lamplighter")
            applied = _apply(connection, only_before=only_before)
            _replace_routines(connection)
            ensure_month(connection, now)
            ensure_month(connection, now.replace(day=1) + _NEXT_MONTH)
    return applied


def _apply(connection: Connection, *, only_before: bool) -> list[str]:
    backend = get_backend(_yoyo_url(connection))  # type: ignore[no-untyped-call]
    try:
        known = read_migrations(str(_DIRECTORY))  # type: ignore[no-untyped-call]
        if only_before:
            known = known.filter(lambda migration: not goes_after(migration.id))
        migrations = backend.to_apply(known)
        backend.apply_migrations(migrations)
        return [migration.id for migration in migrations]
    finally:
        backend.connection.close()


def _replace_routines(connection: Connection) -> None:
    # All or none, and quick: whoever calls one meanwhile runs the old one to its end.
    with connection.transaction():
        for file in sorted(_ROUTINES.glob("*.sql")):
            connection.execute(file.read_bytes())


def _yoyo_url(connection: Connection) -> str:
    """Where this connection leads, with its login: yoyo takes a URL only, and a token would be another one by now."""
    same = {**connection.info.get_parameters(), "password": connection.info.password, "schema": "lamplighter"}
    return f"postgresql+psycopg:///?{urlencode(same)}"
