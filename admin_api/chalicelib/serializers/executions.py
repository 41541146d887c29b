"""Executions and their attempts on the wire."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from chalicelib import listing
from chalicelib.serializers.output import Instant, Output, Seconds, Uuid, instant, instant_or_none, instants, seconds
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
    listed = _listed(page.rows, now=now, is_enabled=is_enabled)
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
    (listed,) = _listed([row], now=now, is_enabled=is_enabled)
    return Execution(
        **msgspec.structs.asdict(listed),
        params=shown(row.params, row.secret_params),
        error_stack=row.error_stack,
        cloud_watch=None if cloud_watch is None else _cloud_watch(cloud_watch),
        cancel_requested_at=instant_or_none(row.cancel_requested_at),
        cancel_requested_by=row.cancel_requested_by,
        attempts=[_attempt(attempt) for attempt in attempts],
    )


def history(rows: Sequence[ListedExecution]) -> list[HistoryItem]:
    """The executions of a job's history, in their order."""
    return [HistoryItem(*(*outcome, str(row.id))) for row, outcome in zip(rows, _outcomes(rows), strict=True)]


def _listed(rows: Sequence[ListedExecution], *, now: datetime, is_enabled: bool) -> list[ListedItem]:
    return [
        ListedItem(*(*outcome, *_in_list(row, now=now, is_enabled=is_enabled)))
        for row, outcome in zip(rows, _outcomes(rows), strict=True)
    ]


def _in_list(row: ListedExecution, *, now: datetime, is_enabled: bool) -> tuple[Any, ...]:
    """What a ListedItem has beside its outcome, in the order of its fields."""
    waits_for = None if row.parent_id is None else WaitingFor(execution=str(row.parent_id), on=row.run_on)
    return (
        str(row.id),
        row.job_id,
        waits_for,
        _waiting(row, waiting.reason(row, now=now, is_enabled=is_enabled)),
        row.key,
        row.progress or [],
        _uuid(row.repeats),
        _uuid(row.repeated_by),
    )


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


def _outcomes(rows: Sequence[ListedExecution]) -> Iterator[tuple[Any, ...]]:
    """The values of Outcome for each of the rows, in the order of its fields; instants are cheap when many are said."""
    return zip(
        (row.status for row in rows),
        instants(row.started_at or row.scheduled_at for row in rows),
        instants(row.finished_at for row in rows),
        (seconds(row.duration_ms) for row in rows),
        (_error(row) for row in rows),
        (row.cause for row in rows),
        instants(row.scheduled_at for row in rows),
        (row.attempt for row in rows),
        instants(row.retry_at for row in rows),
        instants(row.due_at for row in rows),
        (row.reason for row in rows),
        strict=True,
    )


def _error(row: ListedExecution | AttemptRow) -> str | None:
    parts = [part for part in (row.error_type, row.error_message) if part]
    return ": ".join(parts) or None
