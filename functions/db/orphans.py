"""Executions that wait for a job which is no longer in code: ended, since nothing is left to invoke."""

from __future__ import annotations

from functions.db.connection import Connection

# Three comparisons and not IN: so each is answered by its partial index, and no history is read. Counted by the job and
# not one by one, which would write the same hour again for each of thousands.
_END = """
WITH job AS (
    SELECT id FROM lamplighter.job WHERE NOT in_code ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
), waiting AS (
    SELECT e.id, e.scheduled_at FROM lamplighter.execution e JOIN job ON job.id = e.job_id
    WHERE e.status = 'queued' OR e.status = 'scheduled' OR e.status = 'retrying'
    LIMIT %(batch)s
), ended AS (
    UPDATE lamplighter.execution e SET status = 'failed', reason = 'removed', retry_at = NULL,
           finished_at = clock_timestamp()
    FROM waiting w
    WHERE e.id = w.id AND e.scheduled_at = w.scheduled_at AND e.status IN ('queued', 'scheduled', 'retrying')
    RETURNING e.job_id, e.finished_at
), counted AS (
    INSERT INTO lamplighter.job_stats_hourly AS s (hour, job_id, failed)
    SELECT date_trunc('hour', finished_at, 'UTC'), job_id, count(*) FROM ended GROUP BY 1, 2
    ON CONFLICT (hour, job_id) DO UPDATE SET failed = s.failed + excluded.failed
    RETURNING job_id
)
SELECT count(*) FROM ended WHERE (SELECT count(*) FROM counted) >= 0
"""


def end_without_job(connection: Connection, *, batch: int = 5_000) -> int:
    """End all of them as failed, batch by batch; how many."""
    total = 0
    while True:
        row = connection.execute(_END, {"batch": batch}).fetchone()
        assert row is not None
        if row[0] == 0:
            return total
        total += row[0]
