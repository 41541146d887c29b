"""Hands executions that are queued to Lambda: one, or many at once."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from functions.db import executions
from functions.db.connection import Connection
from functions.db.executions import QueuedExecution
from functions.errors import TriggerFailed
from functions.invocation import event_for
from functions.settings import settings

# As functions/dispatch.py: enough to fill a connection pool, too few to be throttled by ourselves.
_AT_ONCE = 16
# API Gateway gives up after 29 s, and there is more to do than this.
_LONGEST_S = 15


def start(connection: Connection, queued: QueuedExecution) -> uuid.UUID:
    """Invoke its job's function; its id. Raises TriggerFailed, and the row then says so."""
    try:
        _invoke(queued)
    except TriggerFailed as error:
        executions.fail_queued(connection, queued, str(error))
        raise
    return queued.id


def start_all(connection: Connection, queued: Sequence[QueuedExecution]) -> dict[uuid.UUID, TriggerFailed]:
    """Invoke the function of each; what Lambda did not accept by id, and its row says so.

    What it has not answered within 15 seconds stays queued, and the sweep sends it: it is written down.
    """
    if not queued:
        return {}
    from concurrent.futures import ThreadPoolExecutor, wait  # late: most requests start nothing

    pool = ThreadPoolExecutor(_AT_ONCE)
    sent = {pool.submit(_invoke, each): each for each in queued}
    done, _ = wait(sent, timeout=_LONGEST_S)
    pool.shutdown(wait=False, cancel_futures=True)
    refused: dict[uuid.UUID, TriggerFailed] = {}
    for future in done:
        error = future.exception()
        if isinstance(error, TriggerFailed):
            executions.fail_queued(connection, sent[future], str(error))
            refused[sent[future].id] = error
        elif error is not None:
            raise error
    return refused


def _invoke(queued: QueuedExecution) -> None:
    # Imported with the first trigger: boto3 takes half a second, and looking at jobs needs none of it.
    from functions.invoker import invoke

    event = event_for(cause="manual", job_id=queued.job_id, execution_id=queued.id, scheduled_at=queued.scheduled_at)
    invoke(settings(), queued.job_id, event)
