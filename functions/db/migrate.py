"""Brings the schema up to date: the plain .sql files beside this module, forward only, applied under a lock."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from yoyo import get_backend, read_migrations

from functions.db.connection import connect
from functions.db.partitions import ensure_month

_DIRECTORY = Path(__file__).parent / "migrations"
_NEXT_MONTH = timedelta(days=31)  # from a first of the month: always in the next one


def migrate(url: str, *, now: datetime) -> list[str]:
    """Apply what is missing and return the names applied, in order; make this month and the next ready.

    Safe to call by two processes at once: a transaction-level advisory lock lets one through at a time.
    Raises DatabaseUnavailable when PostgreSQL cannot be reached.
    """
    with connect(url) as lock_holder, lock_holder.transaction():
        lock_holder.execute("SELECT pg_advisory_xact_lock(hashtext('lamplighter.migrate'))")
        with connect(url) as connection:
            connection.execute("CREATE SCHEMA IF NOT EXISTS lamplighter")
            applied = _apply(url)
            ensure_month(connection, now)
            ensure_month(connection, now.replace(day=1) + _NEXT_MONTH)
    return applied


def _apply(url: str) -> list[str]:
    backend = get_backend(_yoyo_url(url))  # type: ignore[no-untyped-call]
    try:
        migrations = backend.to_apply(read_migrations(str(_DIRECTORY)))  # type: ignore[no-untyped-call]
        backend.apply_migrations(migrations)
        return [migration.id for migration in migrations]
    finally:
        backend.connection.close()


def _yoyo_url(url: str) -> str:
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query), ("schema", "lamplighter")]
    return urlunsplit(parts._replace(scheme="postgresql+psycopg", query=urlencode(query)))
