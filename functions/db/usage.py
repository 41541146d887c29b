"""How much the jobs of a deployment ran lately, for an estimate of what they cost: counted hours, no history read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from functions.db import stats
from functions.db.connection import Connection
from functions.record import Record
from functions.settings import FINAL_STATUSES

_DAYS = 30
_DAY = timedelta(days=1)
# A table has whole pages, so a few executions would seem to log much.
_ENOUGH = 1_000


class Usage(Record):
    """What every job did over some days; `log_bytes` of an average execution, None while there are too few."""

    days: float
    jobs: dict[str, stats.JobStats]
    log_bytes: float | None

    def to_json(self) -> dict[str, Any]:
        """As JSON values: each job's executions by how they ended, and the mean of what they took."""
        jobs = {
            job_id: {
                "ended": {status: count for status in FINAL_STATUSES if (count := getattr(found, status))},
                "mean_ms": found.duration_mean_ms,
            }
            for job_id, found in self.jobs.items()
        }
        return {"days": self.days, "jobs": jobs, "log_bytes": self.log_bytes}


# Sizes and PostgreSQL's own estimates: the tables themselves are not read.
_LOGGED = """
SELECT (SELECT sum(pg_table_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'lamplighter.job_log'::regclass)::float8,
       (SELECT sum(greatest(c.reltuples, 0)) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = 'lamplighter.execution'::regclass)::float8
"""


def usage(connection: Connection, now: datetime) -> Usage:
    """The last 30 days, or what there is of them since the first execution ended."""
    (first,) = connection.execute("SELECT min(hour) FROM lamplighter.job_stats_hourly").fetchall()[0]
    since = now - _DAYS * _DAY
    jobs = stats.since(connection, since)
    days = max(now - max(since, first), _DAY / 24) / _DAY if first is not None else 0.0
    return Usage(days=days, jobs=jobs, log_bytes=_log_bytes(connection))


def _log_bytes(connection: Connection) -> float | None:
    size, executions = connection.execute(_LOGGED).fetchall()[0]
    return size / executions if size is not None and (executions or 0) >= _ENOUGH else None
