"""Which occurrence a job missed: the newest that should have been delivered by now."""

from __future__ import annotations

from datetime import datetime, timedelta

from functions.db import triggers
from functions.db.catch_ups import CatchUpJob, jobs_that_catch_up, queue_catch_up
from functions.db.connection import Connection
from functions.db.overdue import OverdueExecution
from functions.db.triggers import AppliedTrigger
from functions.definition import JobDefinition
from functions.scheduling.next_executions import anchor

# Rules fire anywhere within their minute, and delivery takes a while.
_DELIVERY = timedelta(minutes=2)
# An event may be a year old at most.
_OLDEST = timedelta(days=365)


def catch_up(connection: Connection, *, now: datetime) -> list[OverdueExecution]:
    """Queue one execution for each job that missed occurrences and has misfire=run_once; those to be invoked now.

    Nothing for a rate of which no fire is known, and nothing from before a deploy last changed the job.
    """
    wanting = jobs_that_catch_up(connection)
    applied = triggers.all_triggers(connection) if wanting else {}
    missed = [(job.id, newest_due(job, applied.get(job.id), now=now)) for job in wanting]
    queued = [queue_catch_up(connection, job_id, at) for job_id, at in missed if at is not None]
    return [execution for execution in queued if execution is not None]


def newest_due(job: CatchUpJob, applied: AppliedTrigger | None, *, now: datetime) -> datetime | None:
    """The newest occurrence that must have been delivered by now, were all well; None when there is none to expect."""
    definition = JobDefinition.from_json(job.definition)
    schedule = definition.parsed_schedule
    if schedule is None:
        return None
    latest = now - _DELIVERY - (definition.jitter or timedelta())
    found = schedule.previous(latest, anchor=anchor(job.last_fired_at, applied))
    return found if found is not None and found >= max(job.expected_from, now - _OLDEST) else None
