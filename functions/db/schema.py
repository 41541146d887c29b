"""Which migrations a database has, against those of this package: read without yoyo, which takes long to import."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from functions.db.connection import Connection

_DIRECTORY = Path(__file__).parent / "migrations"
_APPLIED = "SELECT migration_id FROM lamplighter._yoyo_migration ORDER BY migration_id"


def applied_migrations(connection: Connection) -> list[str]:
    """The names of all that were applied, in order; the last one is the schema's version."""
    return [str(name) for (name,) in connection.execute(_APPLIED).fetchall()]


def pending_migrations(applied: list[str]) -> list[str]:
    """The names of those of this package that are not among the applied ones, in order."""
    return sorted(_packaged().difference(applied))


@cache
def _packaged() -> frozenset[str]:
    return frozenset(file.stem for file in _DIRECTORY.glob("*.sql"))
