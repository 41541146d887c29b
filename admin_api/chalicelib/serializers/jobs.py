"""Jobs on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from msgspec import Meta

from chalicelib.serializers.executions import HistoryItem, history_item
from chalicelib.serializers.output import Instant, Output, Seconds, instant, instant_or_none, seconds
from chalicelib.services import params as job_params
from chalicelib.services.jobs import ListedJob
from functions.db.executions import ListedExecution
from functions.db.triggers import AppliedTrigger


class Job(Output):
    """A job of the list."""

    id: str
    cron: Annotated[str | None, Meta(description="the schedule as written; null: it only runs by hand")]
    timezone: str
    description: str | None
    next_execution: Instant | None
    last_execution: Instant | None
    last_status: str | None
    last_duration: Seconds | None
    is_paused: bool
    paused_at: Instant | None
    paused_by: str | None
    pause_reason: str | None
    created_at: Instant


class Trigger(Output):
    """What fires a job in AWS, and why that."""

    backend: str
    reason: str


class JobDetail(Job):
    """A job with what fires it (null: nothing does), what params it takes, and its newest executions, newest first."""

    trigger: Trigger | None
    params_schema: dict[str, Any] | None
    execution_history: list[HistoryItem]


def job(listed: ListedJob) -> Job:
    """A job of the list."""
    return Job(**_fields(listed))


def job_detail(listed: ListedJob, trigger: AppliedTrigger | None, history: Iterable[ListedExecution]) -> JobDetail:
    """A job with what only the detail shows."""
    schema = job_params.schema_of(listed.row)
    return JobDetail(
        **_fields(listed),
        trigger=None if trigger is None else Trigger(backend=trigger.backend, reason=trigger.reason),
        params_schema=None if schema is None else dict(schema),
        execution_history=[history_item(row) for row in history],
    )


def _fields(listed: ListedJob) -> dict[str, Any]:
    row = listed.row
    return {
        "id": row.id,
        "cron": row.definition["schedule"],
        "timezone": row.definition["timezone"],
        "description": row.definition["description"],
        "next_execution": instant_or_none(listed.next_execution_at),
        "last_execution": instant_or_none(row.last_started_at),
        "last_status": row.last_status,
        "last_duration": seconds(row.last_duration_ms),
        "is_paused": row.is_paused,
        "paused_at": instant_or_none(row.paused_at),
        "paused_by": row.paused_by,
        "pause_reason": row.pause_reason,
        "created_at": instant(row.created_at),
    }
