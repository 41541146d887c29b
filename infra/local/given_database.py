"""The database a developer gives with DATABASE_URL, used instead of a PostgreSQL of our own."""

from __future__ import annotations

import os

from functions.db.connection import connect
from infra.local.loopback import require_loopback_database


def given_database() -> str | None:
    """DATABASE_URL, None when it is not set. Raises NotLoopback when it leads, or could lead, to another machine."""
    url = os.environ.get("DATABASE_URL") or None
    if url is not None:
        require_loopback_database(url, what="DATABASE_URL")
    return url


def drop_schema(url: str) -> None:
    """Drop everything of ours in this database, and nothing else. Raises DatabaseUnavailable."""
    with connect(url) as connection:
        connection.execute("DROP SCHEMA IF EXISTS lamplighter CASCADE")
