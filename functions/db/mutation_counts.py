"""How many mutations an actor has made this minute, counted where all API instances see it."""

from __future__ import annotations

from datetime import datetime, timedelta

from functions.db.connection import Connection
from functions.record import Record

# One statement: counts, opens the next window when the last is over, and stops counting at limit + 1.
_COUNT = """
INSERT INTO lamplighter.mutation_count AS m (actor, window_started_at, mutations)
VALUES (%(actor)s, clock_timestamp(), 1)
ON CONFLICT (actor) DO UPDATE SET
    window_started_at = CASE WHEN m.window_started_at + %(window)s <= clock_timestamp()
                             THEN clock_timestamp() ELSE m.window_started_at END,
    mutations = CASE WHEN m.window_started_at + %(window)s <= clock_timestamp()
                     THEN 1 ELSE least(m.mutations + 1, %(limit)s + 1) END
RETURNING mutations, window_started_at + %(window)s, clock_timestamp()
"""


class MutationCount(Record):
    """How many mutations there were in this window, at most limit + 1, and how long until it ends."""

    mutations: int
    ends_in: timedelta


def count_mutation(connection: Connection, actor: str, *, limit: int, window: timedelta) -> MutationCount:
    """Count one mutation of this actor; what is beyond limit + 1 is not counted."""
    row = connection.execute(_COUNT, {"actor": actor, "limit": limit, "window": window}).fetchone()
    assert row is not None
    mutations, ends_at, now = row
    remaining: timedelta = _instant(ends_at) - _instant(now)
    return MutationCount(mutations=mutations, ends_in=max(remaining, timedelta()))


def _instant(value: object) -> datetime:
    assert isinstance(value, datetime)
    return value
