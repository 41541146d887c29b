"""The wish that a running execution stop. The job hears of it with its next flush, and stops when it looks."""

from __future__ import annotations

import uuid

from functions.db import audit
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.json_values import storable
from functions.errors import ExecutionNotFound

# A locked row is read in its newest version, so this sees an end it had to wait for. The first wish keeps its author.
_REQUEST = """
WITH found AS (
    SELECT id, scheduled_at, job_id, status = 'running' AND lease_expires_at > clock_timestamp() AS is_running,
           cancel_requested_at IS NOT NULL AS is_requested
    FROM lamplighter.execution
    WHERE id = %(execution_id)s
    FOR NO KEY UPDATE
), requested AS (
    UPDATE lamplighter.execution e SET cancel_requested_at = clock_timestamp(), cancel_requested_by = %(actor)s
    FROM found f
    WHERE e.id = f.id AND e.scheduled_at = f.scheduled_at AND f.is_running AND NOT f.is_requested
    RETURNING e.id
)
SELECT f.job_id, f.is_running, r.id IS NOT NULL AS is_new FROM found f LEFT JOIN requested r ON true
"""


def request_cancel(connection: Connection, execution_id: uuid.UUID, author: Author) -> bool:
    """Ask a running execution to stop; False when it does not run (any more), and then nothing is changed.

    Asking twice changes nothing the second time. The execution ends as `cancelled` if its code looks at
    ctx.cancelled or ctx.raise_if_cancelled(), else as it would have. Raises ExecutionNotFound.
    """
    values = {"execution_id": execution_id, "actor": storable(author.actor)}
    with connection.transaction():
        row = connection.execute(_REQUEST, values).fetchone()
        if row is None:
            raise ExecutionNotFound(f"no execution has the id {execution_id}")
        job_id, is_running, is_new = row
        if is_new:
            after = {"execution_id": str(execution_id)}
            audit.record(connection, author, "executions.cancel", job_id=job_id, after=after)
    return bool(is_running)
