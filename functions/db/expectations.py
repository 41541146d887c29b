"""What is expected of each job's trigger, and the occurrences that are written down as missed since nothing came."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from functions.db.connection import Connection
from functions.db.partitions import ensure_month, is_missing_month, month_of
from functions.record import Record


class Expectation(Record):
    """A job whose next occurrence must be there by now; all instants aware UTC.

    from_at: every occurrence up to here has been judged. held_from_at, held_until_at: its last pause or removal.
    updated_at, applied_at: what it was when this was read; a judgement of anything else is not kept.
    """

    job_id: str
    schedule: str
    timezone: str
    jitter_s: int | None
    misfire: str
    from_at: datetime
    updated_at: datetime
    applied_at: datetime
    anchor_at: datetime | None
    last_fired_at: datetime | None
    held_from_at: datetime | None
    held_until_at: datetime | None


class Occurrence(Record):
    """One expected occurrence. due_at: when it had to be there. slack: an execution so near to it is its own."""

    job_id: str
    scheduled_at: datetime
    due_at: datetime
    slack: timedelta = timedelta()

    @property
    def key(self) -> tuple[str, datetime]:
        return self.job_id, self.scheduled_at


class Judgement(Record):
    """How far a job has been judged (None: no further than before), and when it is to be again (None: never)."""

    of: Expectation
    until_at: datetime | None
    again_at: datetime | None


# A job that is paused or removed is judged once it is back. One without a trigger is not in AWS: nothing can come. An
# empty digest right after a deploy: a reconcile, which no Lambda can do for longer, is still at it.
_DUE = """
SELECT j.id AS job_id, j.definition ->> 'schedule' AS schedule, j.definition ->> 'timezone' AS timezone,
       (j.definition ->> 'jitter_s')::integer AS jitter_s, coalesce(j.definition ->> 'misfire', 'ignore') AS misfire,
       CASE WHEN t.judged_until_at >= j.updated_at THEN t.judged_until_at
            ELSE greatest(j.updated_at, t.applied_at) + %(settling)s END AS from_at,
       j.updated_at, t.applied_at, t.anchor_at, j.last_fired_at, j.held_from_at, j.held_until_at
FROM lamplighter.trigger t
JOIN lamplighter.job j ON j.id = t.job_id
WHERE t.judge_at <= %(now)s AND j.in_code AND j.paused_at IS NULL AND j.removed_at IS NULL
  AND j.definition ->> 'schedule' IS NOT NULL
  AND NOT (t.digest = '' AND j.updated_at > %(now)s - interval '15 minutes')
ORDER BY t.judge_at
LIMIT %(limit)s
"""


def due(connection: Connection, *, now: datetime, settling: timedelta, limit: int) -> list[Expectation]:
    """The jobs to be judged now, those that have waited longest first.

    settling: how long AWS may take to act on what it was told; nothing is expected of a trigger within it.
    """
    with connection.cursor(row_factory=class_row(Expectation)) as cursor:
        return cursor.execute(_DUE, {"now": now, "settling": settling, "limit": limit}).fetchall()


# What was skipped for a pause is among them: it is nobody's execution yet, and may become the catch-up's.
_WITHOUT_EXECUTION = """
SELECT o.job_id, o.scheduled_at
FROM jsonb_to_recordset(%s) AS o(job_id text, scheduled_at timestamptz, first_at timestamptz, last_at timestamptz)
WHERE NOT EXISTS (
    SELECT FROM lamplighter.execution e
    WHERE e.job_id = o.job_id AND e.scheduled_at BETWEEN o.first_at AND o.last_at
      AND NOT (e.status = 'skipped' AND e.reason = 'paused'))
"""


def without_execution(connection: Connection, expected: Collection[Occurrence]) -> set[tuple[str, datetime]]:
    """Those of the expected occurrences nothing came for, or only a pause's skip, as (job id, scheduled instant)."""
    if not expected:
        return set()
    rows = [
        {"job_id": one.job_id, "scheduled_at": one.scheduled_at.isoformat(),
         "first_at": (one.scheduled_at - one.slack).isoformat(), "last_at": (one.scheduled_at + one.slack).isoformat()}
        for one in expected
    ]  # fmt: skip
    return {(job_id, at) for job_id, at in connection.execute(_WITHOUT_EXECUTION, (Jsonb(rows),)).fetchall()}


# The jobs' rows are locked first, as by a claim; a job somebody else is at is left to the next sweep, so that nobody
# waits here while holding others' locks. A job that has changed or is held by now is not judged by what it was.
_MISS = """
WITH job AS (
    SELECT j.id
    FROM lamplighter.job j
    JOIN jsonb_to_recordset(%(jobs)s) AS read(id text, updated_at timestamptz) ON read.id = j.id
    WHERE j.in_code AND j.paused_at IS NULL AND j.removed_at IS NULL AND j.updated_at = read.updated_at
    ORDER BY j.id
    FOR NO KEY UPDATE OF j SKIP LOCKED
), missed AS (
    INSERT INTO lamplighter.execution (id, job_id, scheduled_at, cause, status, reason, finished_at)
    SELECT gen_random_uuid(), o.job_id, o.scheduled_at, 'schedule', 'missed', 'no event came', o.due_at
    FROM jsonb_to_recordset(%(occurrences)s) AS o(job_id text, scheduled_at timestamptz, due_at timestamptz)
    JOIN job ON job.id = o.job_id
    ON CONFLICT (job_id, scheduled_at) DO NOTHING
    RETURNING job_id, scheduled_at, finished_at
), counted AS (
    INSERT INTO lamplighter.job_stats_hourly AS s (hour, job_id, missed)
    SELECT date_trunc('hour', finished_at, 'UTC'), job_id, count(*) FROM missed GROUP BY 1, 2
    ON CONFLICT (hour, job_id) DO UPDATE SET missed = s.missed + excluded.missed
    RETURNING job_id
), added AS (
    -- Of hours that have gone into all jobs' already: the sweep may have been away for days.
    INSERT INTO lamplighter.stats_hourly AS s (hour, succeeded, failed, skipped, cancelled, lost, missed, timed,
                                               duration_sum_ms, duration_max_ms, durations)
    SELECT date_trunc('hour', finished_at, 'UTC'), 0, 0, 0, 0, 0, count(*), 0, 0, 0, array_fill(0, ARRAY[76], ARRAY[0])
    FROM missed
    WHERE date_trunc('hour', finished_at, 'UTC') <= (SELECT max(hour) FROM lamplighter.stats_hourly)
    GROUP BY 1
    ON CONFLICT (hour) DO UPDATE SET missed = s.missed + excluded.missed
), noted AS (
    UPDATE lamplighter.job j SET last_missed_at = greatest(j.last_missed_at, newest.at)
    FROM (SELECT m.job_id, max(m.scheduled_at) AS at FROM missed m GROUP BY m.job_id) newest
    WHERE j.id = newest.job_id
    RETURNING j.id
)
SELECT job.id, count(missed.job_id)
FROM job LEFT JOIN missed ON missed.job_id = job.id
WHERE (SELECT count(*) FROM counted) + (SELECT count(*) FROM noted) >= 0
GROUP BY job.id
"""


def miss(connection: Connection, jobs: Sequence[Expectation], occurrences: Sequence[Occurrence]) -> Counter[str]:
    """Write these occurrences of these jobs down as missed, where there is still no row; how many, by job id.

    A job that is not among the answers was changed, held or in use meanwhile: nothing was written for it.
    """
    if not jobs:
        return Counter()
    try:
        return _miss(connection, jobs, occurrences)
    except psycopg.errors.CheckViolation as error:
        if not is_missing_month(error):
            raise
    for month in sorted({month_of(one.scheduled_at).starts_at for one in occurrences}):
        ensure_month(connection, month)
    return _miss(connection, jobs, occurrences)


def _miss(connection: Connection, jobs: Sequence[Expectation], occurrences: Sequence[Occurrence]) -> Counter[str]:
    values = {
        "jobs": Jsonb([{"id": job.job_id, "updated_at": job.updated_at.isoformat()} for job in jobs]),
        "occurrences": Jsonb(
            [{"job_id": one.job_id, "scheduled_at": one.scheduled_at.isoformat(), "due_at": one.due_at.isoformat()}
             for one in occurrences]
        ),
    }  # fmt: skip
    return Counter(dict(connection.execute(_MISS, values).fetchall()))


# What was deployed or reconciled meanwhile is judged anew, by the next sweep.
_KEEP = """
UPDATE lamplighter.trigger t SET
    judged_until_at = greatest(t.judged_until_at, d.until_at), judge_at = coalesce(d.again_at, 'infinity')
FROM jsonb_to_recordset(%s) AS d(job_id text, until_at timestamptz, again_at timestamptz, updated_at timestamptz,
                                 applied_at timestamptz),
     lamplighter.job j
WHERE t.job_id = d.job_id AND j.id = d.job_id AND j.updated_at = d.updated_at AND t.applied_at = d.applied_at
"""


def keep(connection: Connection, judgements: Collection[Judgement]) -> None:
    """Remember how far these jobs have been judged."""
    rows = [
        {"job_id": one.of.job_id, "until_at": one.until_at and one.until_at.isoformat(),
         "again_at": one.again_at and one.again_at.isoformat(), "updated_at": one.of.updated_at.isoformat(),
         "applied_at": one.of.applied_at.isoformat()}
        for one in judgements
    ]  # fmt: skip
    connection.execute(_KEEP, (Jsonb(rows),))
