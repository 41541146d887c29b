"""The newest executions of many jobs in short: what the strip beside each of them is drawn from."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg.rows import args_row

from functions.db.connection import Connection


class Spark(NamedTuple):
    """One execution in short."""

    job_id: str
    id: uuid.UUID
    scheduled_at: datetime
    status: str
    duration_ms: int | None


# One walk of execution_occurrence for each job.
_NEWEST = """
SELECT j.job_id, e.id, e.scheduled_at,
       CASE WHEN e.status = 'running' AND e.lease_expires_at <= clock_timestamp() THEN 'lost' ELSE e.status END,
       e.duration_ms
FROM unnest(%(jobs)s::text[]) AS j(job_id), LATERAL (
    SELECT * FROM lamplighter.execution WHERE job_id = j.job_id ORDER BY scheduled_at DESC LIMIT %(limit)s
) e
ORDER BY j.job_id, e.scheduled_at
"""


def newest(connection: Connection, job_ids: Sequence[str], *, limit: int) -> dict[str, list[Spark]]:
    """The newest executions of each of these jobs, oldest first; nothing for a job that has none."""
    found: dict[str, list[Spark]] = {}
    with connection.cursor(row_factory=args_row(Spark)) as cursor:
        for spark in cursor.execute(_NEWEST, {"jobs": list(job_ids), "limit": limit}):
            found.setdefault(spark.job_id, []).append(spark)
    return found
