"""Refresh tokens: the opaque, hashed tokens a login is renewed with."""

from __future__ import annotations

from datetime import datetime

from functions.db.connection import Connection

# Each branch walks an index, so a batch costs its own size, not the table's; the rows another transaction holds
# (a token being used right now) are left for the next run.
_DELETE_SPENT = """
WITH expired AS (
    SELECT id FROM lamplighter.refresh_token WHERE expires_at < %(before)s
    ORDER BY expires_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED
), spent AS (
    SELECT id FROM lamplighter.refresh_token WHERE used_at IS NOT NULL OR invalidated_at IS NOT NULL
    LIMIT %(batch)s FOR UPDATE SKIP LOCKED
)
DELETE FROM lamplighter.refresh_token
WHERE id = ANY (ARRAY (SELECT id FROM expired UNION SELECT id FROM spent LIMIT %(batch)s))
"""


def delete_spent(connection: Connection, *, expired_before: datetime, batch: int) -> int:
    """Delete at most `batch` tokens that expired before the instant, were used, or were invalidated; how many."""
    return connection.execute(_DELETE_SPENT, {"before": expired_before, "batch": batch}).rowcount
