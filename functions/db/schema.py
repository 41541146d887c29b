"""Which migrations a database has, against those of this package, and when: read without yoyo, slow to import."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from functions.db.connection import Connection

_DIRECTORY = Path(__file__).parent / "migrations"
_APPLIED = "SELECT migration_id FROM lamplighter._yoyo_migration ORDER BY migration_id"
_IS_THERE = "SELECT to_regclass('lamplighter._yoyo_migration') IS NOT NULL"
AFTER = ".after"
"""What the name of a migration ends in that a deploy applies after its code: it takes away what old code uses."""


def applied_migrations(connection: Connection) -> list[str]:
    """The names of all that were applied, in order; the last one is the schema's version."""
    return [str(name) for (name,) in connection.execute(_APPLIED).fetchall()]


def schema_is_there(connection: Connection) -> bool:
    """Whether anything was ever applied to this database."""
    return connection.execute(_IS_THERE).fetchone() == (True,)


def pending_migrations(applied: list[str]) -> list[str]:
    """The names of those of this package that are not among the applied ones, in order."""
    return sorted(_packaged().difference(applied))


def goes_after(name: str) -> bool:
    """Whether a deploy applies this migration after its code, not before."""
    return name.endswith(AFTER)


def packaged_migrations() -> list[str]:
    """The names of all of this package, in order."""
    return sorted(_packaged())


@cache
def _packaged() -> frozenset[str]:
    return frozenset(file.stem for file in _DIRECTORY.glob("*.sql"))
