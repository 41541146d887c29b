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


def current(connection: Connection, rows: Sequence[JobRow], *, now: datetime) -> dict[str, datetime | None]:
    """The next execution of each of these jobs, by id, aware UTC.

    None for a paused, removed or manual-only job, one that never fires or is no longer in code, and for a rate of which
    no fire is known since its trigger was last written. What had passed is computed and stored, the rest only read: a
    changed definition empties the stored value in the database, a reconcile that writes to a trigger computes it anew.
    """
    due = [row for row in rows if _fires(row) and (row.next_execution_at is None or row.next_execution_at <= now)]
    computed = _computed(connection, due, now)
    changed = {row.id: computed[row.id] for row in due if computed[row.id] != row.next_execution_at}
    if changed:
        jobs.store_next_executions(connection, changed)
    return {row.id: computed.get(row.id, row.next_execution_at) if _fires(row) else None for row in rows}


def advance(connection: Connection, *, now: datetime) -> None:
    """Compute and store the next execution of every job for which it has passed: so a list can be read and sorted.

    Many jobs share a few schedules, so each of those is computed once.
    """
    passed = job_list.passed(connection, now=now)
    changed = {job.id: at for job in passed if (at := _next(job[1:3], job.anchor_at, now)) != job.next_execution_at}
    if changed:
        jobs.store_next_executions(connection, changed)


@lru_cache(maxsize=4096)
def _next(of: tuple[str, str], anchor_at: datetime | None, now: datetime) -> datetime | None:
    return _parsed(*of).next_after(now, anchor=anchor_at)


@lru_cache(maxsize=4096)
def _parsed(schedule: str, timezone: str) -> Schedule:
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
