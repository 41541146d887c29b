"""Old executions: rows deleted in batches where their month stays because others are kept longer; and old keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from functions.db.connection import Connection
from functions.db.partitions import Month

# `= ANY (ARRAY (…))` and not IN: with a subselect the plan flips from index to hash join, ten times slower (FACTS §10).
# The bounds of the month prune every other partition. Rows that are not final have no finished_at, so none is touched.
_DELETE = """
WITH gone AS (
    DELETE FROM lamplighter.execution
    WHERE scheduled_at >= %(starts_at)s AND scheduled_at < %(ends_at)s AND id = ANY (ARRAY (
        SELECT id FROM lamplighter.execution
        WHERE scheduled_at >= %(starts_at)s AND scheduled_at < %(ends_at)s
          AND status = ANY (%(statuses)s) AND finished_at < %(before)s
        LIMIT %(batch)s))
    RETURNING id
), unlogged AS (
    DELETE FROM lamplighter.job_log
    WHERE scheduled_at >= %(starts_at)s AND scheduled_at < %(ends_at)s
      AND execution_id = ANY (ARRAY (SELECT id FROM gone))
), unattempted AS (
    DELETE FROM lamplighter.attempt
    WHERE scheduled_at >= %(starts_at)s AND scheduled_at < %(ends_at)s
      AND execution_id = ANY (ARRAY (SELECT id FROM gone))
)
SELECT count(*) FROM gone
"""


def delete_finished(
    connection: Connection, month: Month, *, statuses: Sequence[str], before: datetime, batch: int
) -> int:
    """Delete at most `batch` executions of these statuses, finished before, with attempts and lines; how many."""
    values = {
        "starts_at": month.starts_at, "ends_at": month.ends_at, "statuses": list(statuses),
        "before": before, "batch": batch,
    }  # fmt: skip
    row = connection.execute(_DELETE, values).fetchone()
    assert row is not None
    return int(row[0])


# A key that is given to a new execution meanwhile has that one's instant by then: PostgreSQL looks again after a wait.
_FREE_KEYS = """
DELETE FROM lamplighter.enqueue_key
WHERE scheduled_at < %(before)s AND ctid = ANY (ARRAY (
    SELECT k.ctid FROM lamplighter.enqueue_key k
    LEFT JOIN lamplighter.execution e ON e.id = k.execution_id AND e.scheduled_at = k.scheduled_at
    WHERE k.scheduled_at < %(before)s AND (e.id IS NULL OR e.finished_at IS NOT NULL)
    LIMIT %(batch)s))
"""


def free_keys(connection: Connection, *, before: datetime, batch: int) -> int:
    """Delete at most `batch` keys that were given before then, and whose execution has ended; how many."""
    return connection.execute(_FREE_KEYS, {"before": before, "batch": batch}).rowcount
