"""When each job runs next: stored with the job, computed again only once it has passed or something has changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from functions.db import job_list, jobs, triggers
from functions.db.connection import Connection
from functions.db.jobs import JobRow
from functions.db.triggers import AppliedTrigger
from functions.definition import JobDefinition

if TYPE_CHECKING:
    from functions.scheduling.cron import Schedule


def advance(connection: Connection, *, now: datetime, job_id: str | None = None) -> None:
    """Compute and store the next execution of every job, or of this one, where the stored one has passed or is none.

    A list then only reads. None stays for a job that never fires, and for a rate of which no fire is known since its
    trigger was last written. A changed definition empties the stored value in the database, a reconcile that writes to
    a trigger computes it anew. Many jobs share a few schedules, so each of those is computed once.
    """
    passed = job_list.passed(connection, now=now, job_id=job_id)
    changed = {job.id: at for job in passed if (at := _next(job[1:3], job.anchor_at, now)) != job.next_execution_at}
    if changed:
        jobs.store_next_executions(connection, changed)


@lru_cache(maxsize=4096)
def _next(of: tuple[str, str], anchor_at: datetime | None, now: datetime) -> datetime | None:
    return parsed(*of).next_after(now, anchor=anchor_at)


@lru_cache(maxsize=4096)
def parsed(schedule: str, timezone: str) -> Schedule:
    """The schedule, read once: many jobs share a few."""
    from functions.scheduling.cron import Schedule  # late: most lists compute nothing

    return Schedule.parse(schedule, timezone)


def refresh(connection: Connection, rows: Sequence[JobRow], *, now: datetime) -> None:
    """Compute and store the next execution of jobs whose trigger or intent has just changed."""
    computed = _computed(connection, [row for row in rows if _fires(row)], now)
    jobs.store_next_executions(connection, {row.id: computed.get(row.id) for row in rows})


def _fires(row: JobRow) -> bool:
    return row.in_code and not row.is_removed and not row.is_paused and row.definition["schedule"] is not None


def _computed(connection: Connection, rows: Sequence[JobRow], now: datetime) -> dict[str, datetime | None]:
    schedules = [(row, JobDefinition.from_json(row.definition).parsed_schedule) for row in rows]
    has_rates = any(schedule is not None and schedule.kind == "rate" for _, schedule in schedules)
    applied = triggers.all_triggers(connection) if has_rates else {}
    return {
        row.id: None
        if schedule is None
        else schedule.next_after(now, anchor=anchor(row.last_fired_at, applied.get(row.id)))
        for row, schedule in schedules
    }


def anchor(last_fired_at: datetime | None, applied: AppliedTrigger | None) -> datetime | None:
    """One fire time on a rate's phase: its StartDate, else a fire seen since its rule was last written to."""
    if applied is None:
        return None
    if applied.anchor_at is not None:
        return applied.anchor_at
    return last_fired_at if last_fired_at is not None and last_fired_at > applied.applied_at else None
