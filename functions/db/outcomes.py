"""The finish: outcome, log lines and the job's summary in one statement, if the claim is still ours (finish.sql)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from functions.db.connection import Connection
from functions.db.json_values import as_jsonb, storable
from functions.db.log_lines import as_records, copy_lines
from functions.log_lines import LogLine
from functions.record import Record

# FACTS of PostgreSQL 15: to about here lines are cheapest inside the statement, above COPY is.
_MOST_IN_STATEMENT = 100


class Outcome(Record):
    """How an execution ended: succeeded, failed, skipped, cancelled or lost, with what there is to know; or that it is
    retrying.

    attempt_status: how this attempt ended, where that is not how the execution stands. retry_at: when a retrying one is
    due again, aware UTC.
    """

    status: str
    reason: str | None = None
    attempt_status: str | None = None
    retry_at: datetime | None = None
    error_type: str | None = None
    error_message: str | None = None
    error_stack: str | None = None
    result: Any = None


class Finished(Record):
    """An outcome is recorded.

    status: how the execution stands now, which is `cancelled` for one that was asked to stop and would be tried again.
    released: the executions that waited for this end and are queued now.
    """

    status: str
    released: tuple[uuid.UUID, ...] = ()


_FINISH = """
SELECT lamplighter.finish_execution(%(execution_id)s, %(scheduled_at)s, %(token)s, %(status)s, %(attempt_status)s,
                                    %(reason)s, %(retry_at)s, %(error_type)s, %(error_message)s, %(error_stack)s,
                                    %(result)s, %(progress)s, %(lines)s)
"""


def finish(
    connection: Connection,
    outcome: Outcome,
    *,
    execution_id: uuid.UUID,
    scheduled_at: datetime,
    token: uuid.UUID,
    lines: Sequence[LogLine] = (),
    first_line: int = 1,
    progress: object = None,
) -> Finished | None:
    """Record the outcome; None when the claim was taken over meanwhile, and then nothing was written.

    lines are those not written yet, numbered from first_line; progress None leaves what is there. Safe to repeat
    with the same token when the answer got lost: the second time it adds no more than lines and a result
    that were not there yet.
    """
    values = {
        "status": outcome.status,
        "reason": storable(outcome.reason),
        "attempt_status": outcome.attempt_status or outcome.status,
        "retry_at": outcome.retry_at,
        "error_type": storable(outcome.error_type),
        "error_message": storable(outcome.error_message),
        "error_stack": storable(outcome.error_stack),
        "result": None if outcome.result is None else as_jsonb(outcome.result),
        "execution_id": execution_id,
        "scheduled_at": scheduled_at,
        "token": token,
        "progress": None if progress is None else as_jsonb(progress),
    }
    if len(lines) <= _MOST_IN_STATEMENT:
        return _finish(connection, values, as_records(lines, first_line=first_line))
    with connection.transaction() as transaction:
        copy_lines(
            connection, lines, first_line=first_line, execution_id=execution_id, scheduled_at=scheduled_at, token=token
        )
        # Last, so that the rows a claim waits for are held no longer than without lines.
        recorded = _finish(connection, values, as_records((), first_line=1))
        if recorded is None:
            raise psycopg.Rollback(transaction)
    return recorded


def _finish(connection: Connection, values: dict[str, Any], lines: Jsonb) -> Finished | None:
    [(found,)] = connection.kept_cursor.execute(_FINISH, values | {"lines": lines}).fetchall()
    if found is None:
        return None
    return Finished(status=found["status"], released=tuple(uuid.UUID(each) for each in found.get("released") or ()))
