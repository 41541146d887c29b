"""The wire names of the admin API: the only place that knows camelCase. What the contract names never changes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from chalicelib import listing
from chalicelib.services import params as job_params
from chalicelib.services import waiting
from chalicelib.services.executions import LogPage, Page
from chalicelib.services.jobs import ListedJob
from functions.db.attempts import AttemptRow
from functions.db.executions import ExecutionDetail, ListedExecution
from functions.db.log_lines import LogRow
from functions.db.params import shown
from functions.db.triggers import AppliedTrigger


def job(listed: ListedJob) -> dict[str, Any]:
    """A job of the list. `cron` is the schedule as its author wrote it; null for a job that only runs by hand."""
    row = listed.row
    return {
        "id": row.id,
        "cron": row.definition["schedule"],
        "timezone": row.definition["timezone"],
        "description": row.definition["description"],
        "nextExecution": _instant(listed.next_execution_at),
        "lastExecution": _instant(row.last_started_at),
        "lastStatus": row.last_status,
        "lastDuration": _seconds(row.last_duration_ms),
        "isPaused": row.is_paused,
        "pausedAt": _instant(row.paused_at),
        "pausedBy": row.paused_by,
        "pauseReason": row.pause_reason,
        "createdAt": _instant(row.created_at),
    }


def job_detail(listed: ListedJob, trigger: AppliedTrigger | None, history: Iterable[ListedExecution]) -> dict[str, Any]:
    """A job with what fires it (null: nothing does), what params it takes, and its newest executions, newest first."""
    return {
        **job(listed),
        "trigger": None if trigger is None else {"backend": trigger.backend, "reason": trigger.reason},
        "paramsSchema": job_params.schema_of(listed.row),
        "executionHistory": [_history_item(row) for row in history],
    }


def executions(page: Page, *, now: datetime, is_enabled: bool) -> dict[str, Any]:
    """Some executions, newest first; nextCursor leads to the rest, null when there is none."""
    return {
        "executions": [_listed(row, now=now, is_enabled=is_enabled) for row in page.rows],
        "nextCursor": listing.cursor(page.next),
    }


def _listed(row: ListedExecution, *, now: datetime, is_enabled: bool) -> dict[str, Any]:
    """One execution: `id` is its own, `job` the job's."""
    waits_for = None if row.parent_id is None else {"execution": str(row.parent_id), "on": row.run_on}
    return {
        "id": str(row.id),
        "job": row.job_id,
        **_outcome(row),
        "waitingFor": waits_for,
        "waiting": _waiting(row, waiting.reason(row, now=now, is_enabled=is_enabled)),
    }


def _waiting(row: ListedExecution, reason: waiting.Reason | None) -> dict[str, Any] | None:
    if reason is None:
        return None
    return {
        "for": reason.waits_for,
        "detail": reason.detail,
        "sent": row.dispatches,
        "lastSentAt": _instant(row.dispatched_at) if row.dispatches else None,
        "error": row.dispatch_error,
    }


def execution(
    row: ExecutionDetail, attempts: Iterable[AttemptRow], *, now: datetime, is_enabled: bool
) -> dict[str, Any]:
    """One execution by itself with its attempts, the first one first."""
    return {
        **_listed(row, now=now, is_enabled=is_enabled),
        "params": shown(row.params, row.secret_params),
        "errorStack": row.error_stack,
        "progress": row.progress or [],
        "cancelRequestedAt": _instant(row.cancel_requested_at),
        "cancelRequestedBy": row.cancel_requested_by,
        "attempts": [_attempt(attempt) for attempt in attempts],
    }


def _attempt(row: AttemptRow) -> dict[str, Any]:
    return {
        "attempt": row.attempt,
        "status": row.status,
        "reason": row.reason,
        "startedAt": _instant(row.started_at),
        "finishedAt": _instant(row.finished_at),
        "duration": _seconds(row.duration_ms),
        "error": _error(row),
        "errorStack": row.error_stack,
    }


def log_page(page: LogPage) -> dict[str, Any]:
    """Lines of one attempt, in order."""
    return {"attempt": page.attempt, "lines": [_log_line(row) for row in page.lines]}


def _log_line(row: LogRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "loggedAt": _instant(row.logged_at),
        "level": row.level,
        "message": row.message,
        "fields": row.fields,
    }


def _history_item(row: ListedExecution) -> dict[str, Any]:
    # `jobId` is the execution's id: a name the frozen contract took over from the system it comes from.
    return {"jobId": str(row.id), **_outcome(row)}


def _outcome(row: ListedExecution) -> dict[str, Any]:
    return {
        "status": row.status,
        "startedAt": _instant(row.started_at or row.scheduled_at),  # never null: while it waits, since when
        "finishedAt": _instant(row.finished_at),
        "duration": _seconds(row.duration_ms),
        "error": _error(row),
        "cause": row.cause,
        "scheduledAt": _instant(row.scheduled_at),
        "attempt": row.attempt,
        "retryAt": _instant(row.retry_at),
        "dueAt": _instant(row.due_at),
        "reason": row.reason,
    }


def _error(row: ListedExecution | AttemptRow) -> str | None:
    parts = [part for part in (row.error_type, row.error_message) if part]
    return ": ".join(parts) or None


def _instant(at: datetime | None) -> str | None:
    """ISO 8601 with offset, in UTC, whatever zone the database's session has."""
    return None if at is None else at.astimezone(UTC).isoformat()


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
