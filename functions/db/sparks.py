"""The newest executions of many jobs in short: what the strip beside each of them is drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from functions.db.connection import Connection


class Spark(NamedTuple):
    """One execution in short; duration in milliseconds."""

    status: str
    duration_ms: int | None


# One walk of execution_occurrence for each job, and one row back: a page has 50 of them.
_NEWEST = """
SELECT j.job_id, e.statuses, e.durations
FROM unnest(%(jobs)s::text[]) AS j(job_id), LATERAL (
    SELECT array_agg(status) AS statuses, array_agg(duration_ms) AS durations
    FROM (
        SELECT CASE WHEN status = 'running' AND lease_expires_at <= clock_timestamp() THEN 'lost' ELSE status
               END AS status, duration_ms
        FROM lamplighter.execution WHERE job_id = j.job_id ORDER BY scheduled_at DESC LIMIT %(limit)s
    ) AS newest
) e
WHERE e.statuses IS NOT NULL
"""


def newest(connection: Connection, job_ids: Sequence[str], *, limit: int) -> dict[str, list[Spark]]:
    """The newest executions of each of these jobs, oldest first; nothing for a job that has none."""
    rows = connection.execute(_NEWEST, {"jobs": list(job_ids), "limit": limit}).fetchall()
    return {
        job_id: [*map(Spark, reversed(statuses), reversed(durations))] for job_id, statuses, durations in rows
    }  # fmt: skip
