"""How many changes one actor may make, counted in PostgreSQL for all instances together."""

from __future__ import annotations

import math
from datetime import timedelta

from chalicelib.refusals import TooManyRequests
from functions.db.connection import Connection
from functions.db.mutation_counts import count_mutation

LIMIT = 30
_WINDOW = timedelta(minutes=1)


def count(connection: Connection, actor: str) -> dict[str, str]:
    """Count one change; the headers that say how many are left, and in how many seconds there are all again.

    Raises TooManyRequests, with the same headers, when it is one too many; it then is not carried out.
    """
    counted = count_mutation(connection, actor, limit=LIMIT, window=_WINDOW)
    seconds = str(max(1, math.ceil(counted.ends_in.total_seconds())))
    headers = {
        "X-RateLimit-Limit": str(LIMIT),
        "X-RateLimit-Remaining": str(max(0, LIMIT - counted.mutations)),
        "X-RateLimit-Reset": seconds,
    }
    if counted.mutations > LIMIT:
        raise TooManyRequests(LIMIT, {**headers, "Retry-After": seconds})
    return headers
