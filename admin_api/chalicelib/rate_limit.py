"""How many changes one actor may make, counted in PostgreSQL for all instances together."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.refusals import TooManyRequests
from functions.db.connection import Connection
from functions.db.mutation_counts import count_mutation

LIMIT = 30
_WINDOW = timedelta(minutes=1)


def count(connection: Connection, actor: str) -> None:
    """Count one change. Raises TooManyRequests when it is one too many; it then is not carried out."""
    wait = count_mutation(connection, actor, limit=LIMIT, window=_WINDOW)
    if wait is not None:
        raise TooManyRequests(limit=LIMIT, wait=wait)
