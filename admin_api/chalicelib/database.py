"""The one PostgreSQL connection an API instance keeps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from functions.database import database
from functions.db.connection import Connection, WarmConnection, is_over, was_busy
from functions.errors import DatabaseBusy, DatabaseUnavailable
from functions.settings import Settings, settings


@contextmanager
def connection() -> Iterator[Connection]:
    """The warm connection, alive.

    Raises DatabaseUnavailable, also when it dies inside the block, and DatabaseBusy when a statement takes too long.
    """
    opened = warm().get()
    try:
        yield opened
    except Exception as error:
        if is_over(opened, error):
            opened.close()
            raise DatabaseUnavailable(f"PostgreSQL went away: {error}") from error
        if was_busy(error):
            raise DatabaseBusy(f"PostgreSQL did not do it in time: {error}") from error
        raise


def check() -> None:
    """Return when PostgreSQL answers, on another connection if ours is dead. Raises as connection() does."""
    warm().run(lambda opened: opened.execute("SELECT 1"))


def warm() -> WarmConnection:
    """What opens it, and opens it again."""
    return _warm(settings())


@cache
def _warm(settings: Settings) -> WarmConnection:
    return WarmConnection(database(settings))
