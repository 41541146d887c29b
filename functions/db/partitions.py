"""The monthly partitions that hold executions and their log lines."""

from __future__ import annotations

from datetime import datetime

import psycopg

from functions.db.connection import Connection


def ensure_month(connection: Connection, instant: datetime) -> None:
    """Make the month that holds this instant ready. Safe to call twice and at once."""
    connection.execute("SELECT lamplighter.ensure_month(%s)", (instant,))


def ensure_this_month(connection: Connection) -> None:
    """Make the month it is by the database's clock ready."""
    connection.execute("SELECT lamplighter.ensure_month(clock_timestamp())")


def is_missing_month(error: psycopg.errors.CheckViolation) -> bool:
    """Whether this insert failed only because its month has no partition yet (PostgreSQL names no constraint then)."""
    return error.diag.constraint_name is None
