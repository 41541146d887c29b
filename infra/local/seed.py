"""Refresh tokens for a newcomer's first look: some that the cleanup job deletes, some that it leaves."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from functions.db.connection import Connection

_HOUR = timedelta(hours=1)

_INSERT = """
INSERT INTO lamplighter.refresh_token (family_id, subject, token_hash, expires_at, used_at, invalidated_at)
SELECT %s, %s, %s, %s, %s, %s
"""


def seed_refresh_tokens(connection: Connection, *, now: datetime) -> int:
    """Add 20 spent and 5 valid tokens when the table is empty; how many were added."""
    if connection.execute("SELECT EXISTS (SELECT FROM lamplighter.refresh_token)").fetchone() == (True,):
        return 0
    rows = [
        *[_row(f"expired-{n}", now - 2 * _HOUR) for n in range(10)],
        *[_row(f"used-{n}", now + _HOUR, used_at=now) for n in range(5)],
        *[_row(f"invalidated-{n}", now + _HOUR, invalidated_at=now) for n in range(5)],
        *[_row(f"valid-{n}", now + 24 * _HOUR) for n in range(5)],
    ]
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)
    return len(rows)


def _row(
    name: str, expires_at: datetime, *, used_at: datetime | None = None, invalidated_at: datetime | None = None
) -> tuple[object, ...]:
    token = uuid.uuid4()
    return token, f"demo-{name}", token.bytes, expires_at, used_at, invalidated_at
