"""Pauses whose end has come: lifted as a resume would, by whoever notices first (routines/lift_ended_pause.sql)."""

from __future__ import annotations

from functions.db.connection import Connection

# A job somebody else is at is left to the next sweep, or to the claim that has it.
_LIFT = """
WITH due AS (
    SELECT id FROM lamplighter.job WHERE resume_at <= clock_timestamp()
    ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
)
SELECT id FROM due WHERE lamplighter.lift_ended_pause(id)
"""


def lift_ended(connection: Connection, *, limit: int) -> list[str]:
    """Resume the jobs whose pause was to end by now, each with its audit row; their ids. Safe beside itself."""
    return [str(job_id) for (job_id,) in connection.execute(_LIFT, (limit,)).fetchall()]
