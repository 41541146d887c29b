"""Executions and their attempts on the wire."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from chalicelib import listing
from chalicelib.serializers.output import Instant, Output, Seconds, Uuid, instant, instant_or_none, seconds
from chalicelib.services import waiting
from chalicelib.services.cloudwatch import CloudWatchLines
from chalicelib.services.executions import Page
from functions.db.attempts import AttemptRow
from functions.db.executions import ExecutionDetail, ListedExecution
from functions.db.params import shown


class Outcome(Output):
    """What became of an execution so far."""

    status: str
    started_at: Instant  # never null: while it waits, since when
    finished_at: Instant | None
    duration: Seconds | None
    error: str | None
    cause: str
    scheduled_at: Instant
    attempt: int
    retry_at: Instant | None
    due_at: Instant | None
    reason: str | None


class HistoryItem(Outcome):
    """An execution of a job's history. `jobId` is the execution's id: a name the frozen contract took over."""

    job_id: Uuid


class WaitingFor(Output):
    """The execution whose end it waits for, and as what it has to end."""

    execution: Uuid
    on: str | None


class Waiting(Output):
    """Why an execution has not started."""

    for_: str = msgspec.field(name="for")
    detail: str
    sent: int
    last_sent_at: Instant | None
    error: str | None


class ListedItem(Outcome):
    """An execution of a list: `id` is its own, `job` the job's."""

    id: Uuid
    job: str
    waiting_for: WaitingFor | None
    waiting: Waiting | None
    key: str | None
    progress: list[dict[str, Any]]
    repeats: Uuid | None
    repeated_by: Uuid | None


class CloudWatch(Output):
    """Where CloudWatch has the lines of the newest attempt: those with this request id, and a link to them."""

    region: str
    log_group: str
    request_id: str
    from_: Instant = msgspec.field(name="from")
    to: Instant
    url: str


class Attempt(Output):
    """One attempt of an execution; `status` is how it ended, whatever became of the execution."""

    attempt: int
    status: str
    reason: str | None
    started_at: Instant | None
    finished_at: Instant | None
    duration: Seconds | None
    error: str | None
    error_stack: str | None


class Execution(ListedItem):
    """One execution by itself with its attempts, the first one first."""

    params: dict[str, Any] | None
    error_stack: str | None
    cloud_watch: CloudWatch | None
    cancel_requested_at: Instant | None
    cancel_requested_by: str | None
    attempts: list[Attempt]


class Executions(Output):
    """Some executions, newest first; nextCursor leads to the rest, null when there is none."""

    executions: list[ListedItem]
    next_cursor: str | None


def executions(page: Page, *, now: datetime, is_enabled: bool) -> Executions:
    """A page of executions."""
    listed = [ListedItem(**_listed(row, now=now, is_enabled=is_enabled)) for row in page.rows]
    return Executions(executions=listed, next_cursor=listing.cursor(page.next))


def execution(
    row: ExecutionDetail,
    attempts: Iterable[AttemptRow],
    cloud_watch: CloudWatchLines | None,
    *,
    now: datetime,
    is_enabled: bool,
) -> Execution:
    """One execution by itself."""
    return Execution(
        **_listed(row, now=now, is_enabled=is_enabled),
        params=shown(row.params, row.secret_params),
        error_stack=row.error_stack,
        cloud_watch=None if cloud_watch is None else _cloud_watch(cloud_watch),
        cancel_requested_at=instant_or_none(row.cancel_requested_at),
        cancel_requested_by=row.cancel_requested_by,
        attempts=[_attempt(attempt) for attempt in attempts],
    )


def history_item(row: ListedExecution) -> HistoryItem:
    """An execution of a job's history."""
    return HistoryItem(job_id=str(row.id), **_outcome(row))


def _listed(row: ListedExecution, *, now: datetime, is_enabled: bool) -> dict[str, Any]:
    waits_for = None if row.parent_id is None else WaitingFor(execution=str(row.parent_id), on=row.run_on)
    return {
        "id": str(row.id),
        "job": row.job_id,
        **_outcome(row),
        "waiting_for": waits_for,
        "waiting": _waiting(row, waiting.reason(row, now=now, is_enabled=is_enabled)),
        "key": row.key,
        "progress": row.progress or [],
        "repeats": _uuid(row.repeats),
        "repeated_by": _uuid(row.repeated_by),
    }


def _uuid(value: uuid.UUID | None) -> str | None:
    return None if value is None else str(value)


def _cloud_watch(found: CloudWatchLines) -> CloudWatch:
    return CloudWatch(
        region=found.region,
        log_group=found.log_group,
        request_id=found.request_id,
        from_=instant(found.since_at),
        to=instant(found.until_at),
        url=found.url,
    )


def _waiting(row: ListedExecution, reason: waiting.Reason | None) -> Waiting | None:
    if reason is None:
        return None
    return Waiting(
        for_=reason.waits_for,
        detail=reason.detail,
        sent=row.dispatches,
        last_sent_at=instant_or_none(row.dispatched_at) if row.dispatches else None,
        error=row.dispatch_error,
    )


def _attempt(row: AttemptRow) -> Attempt:
    return Attempt(
        attempt=row.attempt,
        status=row.status,
        reason=row.reason,
        started_at=instant_or_none(row.started_at),
        finished_at=instant_or_none(row.finished_at),
        duration=seconds(row.duration_ms),
        error=_error(row),
        error_stack=row.error_stack,
    )


def _outcome(row: ListedExecution) -> dict[str, Any]:
    return {
        "status": row.status,
        "started_at": instant(row.started_at or row.scheduled_at),
        "finished_at": instant_or_none(row.finished_at),
        "duration": seconds(row.duration_ms),
        "error": _error(row),
        "cause": row.cause,
        "scheduled_at": instant(row.scheduled_at),
        "attempt": row.attempt,
        "retry_at": instant_or_none(row.retry_at),
        "due_at": instant_or_none(row.due_at),
        "reason": row.reason,
    }


def _error(row: ListedExecution | AttemptRow) -> str | None:
    parts = [part for part in (row.error_type, row.error_message) if part]
    return ": ".join(parts) or None
