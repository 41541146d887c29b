"""Sends the events of executions that are written down: at once, or by a one-time schedule when they are due."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from functions.db.dispatches import Waiting, note_arranged, note_failed, take
from functions.errors import AwsUnavailable, TriggerFailed
from functions.invocation import event_for
from functions.settings import Settings

if TYPE_CHECKING:
    import uuid

    from functions.db.connection import Connection, WarmConnection
    from functions.db.one_time import Enqueued

# Lambda's invoke takes 10 to 30 ms: enough to fill a connection pool, too few to be throttled by ourselves.
_AT_ONCE = 16
_BATCH = 500
_MOST_REFUSED = 3

_log = logging.getLogger(__name__)


def send(settings: Settings, database: WarmConnection, enqueued: Enqueued) -> None:
    """Have this execution started, now or when it is due; never raises for AWS.

    What AWS did not accept stays as it is, with the reason on it, and the sweep sends it: nothing accepted is lost.
    """
    if enqueued.answer == "known" or enqueued.due_at is None:
        return  # its event is on its way already, or comes with its parent's end
    try:
        if enqueued.status == "queued":
            _invoke(settings, _waiting(enqueued))
        else:
            _arrange(settings, database, enqueued)
    except (TriggerFailed, AwsUnavailable) as error:
        failed = str(error)
        _log.warning("execution %s waits for the next sweep: %s", enqueued.execution_id, failed)
        database.run(lambda opened: note_failed(opened, enqueued.execution_id, enqueued.scheduled_at, failed))


def send_all(
    settings: Settings,
    connection: Connection,
    *,
    ids: Sequence[uuid.UUID] | None = None,
    limit: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> tuple[int, int]:
    """Send an event for everything that waits for one, or for those of these ids; how many were sent, and failed.

    Several at work at once share it: what one has taken, no other sends. At most `limit`, batch by batch; progress is
    told how many were sent so far. A job all of whose events Lambda refuses is left out of the batches that follow, so
    that one whose function is gone does not stand before all others; after a few such jobs it is Lambda, and enough.
    """
    sent = failed = 0
    refused: set[str] = set()
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for batch_ids in _batches(ids):
            while len(refused) <= _MOST_REFUSED and (limit is None or sent + failed < limit):
                batch = take(connection, limit=_BATCH, ids=batch_ids, without=refused)
                errors = list(pool.map(partial(_try_to_invoke, settings), batch))
                for waiting, error in zip(batch, errors, strict=True):
                    if error is not None:
                        note_failed(connection, waiting.id, waiting.scheduled_at, error)
                accepted = {waiting.job_id for waiting, error in zip(batch, errors, strict=True) if error is None}
                refused |= {waiting.job_id for waiting in batch} - accepted
                errors_here = sum(error is not None for error in errors)
                sent, failed = sent + len(batch) - errors_here, failed + errors_here
                if progress is not None:
                    progress(sent)
                if batch_ids is not None or len(batch) < _BATCH:
                    break
    return sent, failed


def _batches(ids: Sequence[uuid.UUID] | None) -> list[Sequence[uuid.UUID] | None]:
    if ids is None:
        return [None]
    return [ids[start : start + _BATCH] for start in range(0, len(ids), _BATCH)]


def _try_to_invoke(settings: Settings, waiting: Waiting) -> str | None:
    try:
        _invoke(settings, waiting)
    except TriggerFailed as error:
        _log.warning("execution %s still waits: %s", waiting.id, error)
        return str(error)
    return None


def _waiting(enqueued: Enqueued) -> Waiting:
    return Waiting(
        id=enqueued.execution_id, job_id=enqueued.job_id, scheduled_at=enqueued.scheduled_at, cause="one_time"
    )


# boto3 takes half a second to import: only once there is something to send.
def _invoke(settings: Settings, waiting: Waiting) -> None:
    from functions.invoker import invoke

    event = event_for(
        cause=waiting.cause, job_id=waiting.job_id, execution_id=waiting.id, scheduled_at=waiting.scheduled_at
    )
    invoke(settings, waiting.job_id, event)


def _arrange(settings: Settings, database: WarmConnection, enqueued: Enqueued) -> None:
    from functions.scheduling.one_shot import schedule_start

    assert enqueued.due_at is not None
    schedule_start(
        settings,
        job_id=enqueued.job_id,
        execution_id=enqueued.execution_id,
        scheduled_at=enqueued.scheduled_at,
        due_at=enqueued.due_at,
    )
    database.run(lambda opened: note_arranged(opened, enqueued.execution_id, enqueued.scheduled_at))
