"""The audit trail: one row per change a person or a program made, written in the change's own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.db.connection import Connection
from functions.db.json_values import as_jsonb, storable


@dataclass(frozen=True, kw_only=True)
class Author:
    """Who asks for a change, why, and by which request: what every audit row carries."""

    actor: str
    request_id: str | None = None
    reason: str | None = None


_RECORD = """
INSERT INTO lamplighter.audit (actor, action, job_id, before, after, reason, request_id)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


def record(
    connection: Connection,
    author: Author,
    action: str,
    *,
    job_id: str | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Add one row; call it inside the transaction that makes the change."""
    values = (
        storable(author.actor),
        action,
        job_id,
        None if before is None else as_jsonb(before),
        None if after is None else as_jsonb(after),
        storable(author.reason),
        storable(author.request_id),
    )
    connection.execute(_RECORD, values)
