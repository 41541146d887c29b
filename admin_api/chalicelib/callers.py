"""Who a request is from: the author of what it changes, with what they may do."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from functions.db.audit import Author


@dataclass(frozen=True, kw_only=True)
class Caller(Author):
    """An Author with the permissions held; user and session are None for a token no local user logged in for."""

    permissions: frozenset[str] = frozenset()
    user_id: uuid.UUID | None = None
    session_id: uuid.UUID | None = None
