"""Executions as the runner would leave them, written with the product's own claim and finish."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from functions.db.claims import claim
from functions.db.connection import Connection
from functions.db.outcomes import Outcome, finish

FIRST = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def run(
    connection: Connection,
    job_id: str,
    scheduled_at: datetime,
    outcome: Outcome | None,
    *,
    lease: timedelta = timedelta(minutes=5),
) -> uuid.UUID:
    """Claim one occurrence and finish it with the outcome; None leaves it running."""
    execution_id, token = uuid.uuid4(), uuid.uuid4()
    claimed = claim(
        connection,
        job_id=job_id,
        scheduled_at=scheduled_at,
        cause="schedule",
        overlap="allow",
        execution_id=execution_id,
        token=token,
        lease=lease,
    )
    if outcome is not None and claimed.decision == "run":
        assert finish(connection, outcome, execution_id=execution_id, scheduled_at=scheduled_at, token=token)
    return execution_id
