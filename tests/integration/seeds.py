"""Rows that tests begin with."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.db import jobs, triggers
from functions.db.claims import Claim, claim
from functions.db.connection import Connection
from functions.db.triggers import AppliedTrigger
from functions.definition import JobDefinition

MINUTE = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def deployed(connection: Connection, *ids: str, **options: Any) -> None:
    """Store definitions, as a deploy does."""
    jobs.store_definitions(
        connection, [JobDefinition(id=job_id, **{"schedule": "@hourly"} | options) for job_id in ids]
    )


def claimed(connection: Connection, job_id: str = "a", at: datetime = MINUTE, **options: Any) -> Claim:
    """Claim an occurrence as a delivery of its event does, for a minute unless told otherwise."""
    defaults: dict[str, Any] = {
        "cause": "schedule",
        "overlap": "skip",
        "execution_id": uuid.uuid4(),
        "token": uuid.uuid4(),
        "lease": timedelta(minutes=1),
    }
    return claim(connection, job_id=job_id, scheduled_at=at, **defaults | options)


def triggered(connection: Connection, *ids: str, at: datetime, anchor_at: datetime | None = None) -> None:
    """Remember triggers as a reconcile does that made them at this instant."""
    made = [
        AppliedTrigger(job_id=job_id, backend="rule", reason="", digest="made", anchor_at=anchor_at, applied_at=at)
        for job_id in ids
    ]
    triggers.store(connection, made)
