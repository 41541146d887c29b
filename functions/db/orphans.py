"""Executions that wait for a job which is no longer in code: ended, since nothing is left to invoke."""

from __future__ import annotations

from functions.db.connection import Connection

_END_WITHOUT_JOB = """
WITH job AS (
    SELECT id FROM lamplighter.job WHERE NOT in_code ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
), ended AS (
    UPDATE lamplighter.execution e SET status = 'failed', reason = 'removed', retry_at = NULL,
           finished_at = clock_timestamp()
    FROM job
    WHERE job.id = e.job_id AND e.status IN ('queued', 'scheduled', 'retrying')
    RETURNING e.job_id, e.status, e.finished_at
)
SELECT lamplighter.count_execution(job_id, status, finished_at) FROM ended
"""


def end_without_job(connection: Connection) -> int:
    """End all of them as failed; how many."""
    return connection.execute(_END_WITHOUT_JOB).rowcount
