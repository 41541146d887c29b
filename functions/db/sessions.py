"""Sessions: one row per login, read by every request of its user, so that its end is seen at once everywhere."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from functions.db import audit
from functions.db.audit import Author
from functions.db.connection import Connection

# What ended a session; lamplighter.session.revoked_for.
LOGOUT = "logout"
REUSE = "a used refresh token came back"

# A browser's requests come in bursts: a minute's accuracy costs one write a minute.
_TOUCH_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class LiveSession:
    """A session that has not ended, with its user as they are now; `permissions` is what all their roles permit."""

    id: uuid.UUID
    user_id: uuid.UUID
    user_name: str
    expires_at: datetime
    roles: tuple[str, ...]
    permissions: frozenset[str]


_LIVE = """
SELECT id, user_id, user_name, expires_at, roles, permissions FROM lamplighter.live_session
WHERE id = %s
"""


def live(connection: Connection, session_id: uuid.UUID) -> LiveSession | None:
    """The session with this id; None when there is none, it has ended, or its user is disabled."""
    return _live_session(connection.execute(_LIVE, (session_id,)).fetchone())


_LIVE_BY_COOKIE = """
WITH found AS (
    SELECT id, user_id, user_name, expires_at, roles, permissions, last_used_at FROM lamplighter.live_session
    WHERE cookie_hash = %(cookie_hash)s AND last_used_at > clock_timestamp() - %(idle)s
), touched AS (
    UPDATE lamplighter.session SET last_used_at = clock_timestamp() FROM found
    WHERE session.id = found.id AND found.last_used_at < clock_timestamp() - %(touch_after)s
)
SELECT id, user_id, user_name, expires_at, roles, permissions FROM found
"""


def live_by_cookie(connection: Connection, cookie_hash: bytes, *, idle: timedelta) -> LiveSession | None:
    """The session of this cookie, which counts as a use of it; None as for `live`, and when unused for `idle`."""
    values = {"cookie_hash": cookie_hash, "idle": idle, "touch_after": _TOUCH_AFTER}
    return _live_session(connection.execute(_LIVE_BY_COOKIE, values).fetchone())


_OPEN = """
INSERT INTO lamplighter.session (user_id, family_id, cookie_hash, address, expires_at)
VALUES (%(user_id)s, %(family_id)s, %(cookie_hash)s, %(address)s, clock_timestamp() + %(lifetime)s)
RETURNING id
"""


def open_session(
    connection: Connection,
    user_id: uuid.UUID,
    author: Author,
    *,
    address: str,
    lifetime: timedelta,
    family_id: uuid.UUID | None = None,
    cookie_hash: bytes | None = None,
) -> uuid.UUID:
    """A new session of this user, either with a family of refresh tokens or a browser's with a cookie; its id."""
    values = {
        "user_id": user_id,
        "family_id": family_id,
        "cookie_hash": cookie_hash,
        "address": address,
        "lifetime": lifetime,
    }
    with connection.transaction():
        row = connection.execute(_OPEN, values).fetchone()
        assert row is not None
        session_id: uuid.UUID = row[0]
        audit.record(connection, author, "sessions.open", after={"session": str(session_id), "address": address})
    return session_id


# The session first, then its tokens, as the rotation takes them: the update joins what the first part has locked.
_REVOKE = """
WITH revoked AS (
    UPDATE lamplighter.session SET revoked_at = clock_timestamp(), revoked_for = %(reason)s
    WHERE id = %(id)s AND revoked_at IS NULL AND expires_at > clock_timestamp()
    RETURNING family_id
), invalidated AS (
    UPDATE lamplighter.refresh_token AS token SET invalidated_at = clock_timestamp() FROM revoked
    WHERE token.family_id = revoked.family_id AND token.used_at IS NULL AND token.invalidated_at IS NULL
)
SELECT FROM revoked
"""


def revoke(connection: Connection, session_id: uuid.UUID, author: Author, *, reason: str) -> bool:
    """End a session: once this has returned, no request and no refresh token of it gets in. False: it had ended."""
    with connection.transaction():
        if connection.execute(_REVOKE, {"id": session_id, "reason": reason}).rowcount == 0:
            return False
        audit.record(connection, author, "sessions.revoke", after={"session": str(session_id), "reason": reason})
    return True


_OF_FAMILY = """
SELECT s.id, u.name FROM lamplighter.session AS s JOIN lamplighter.user AS u ON u.id = s.user_id
WHERE s.family_id = %s
"""


def of_family(connection: Connection, family_id: uuid.UUID) -> tuple[uuid.UUID, str] | None:
    """The session with this family of refresh tokens, ended or not, and its user's name."""
    row = connection.execute(_OF_FAMILY, (family_id,)).fetchone()
    return None if row is None else (row[0], row[1])


_LIVE_IDS = """
SELECT id FROM lamplighter.session
WHERE user_id = %s AND revoked_at IS NULL AND expires_at > clock_timestamp() AND id IS DISTINCT FROM %s
ORDER BY id
"""


def revoke_all(
    connection: Connection, user_id: uuid.UUID, author: Author, *, reason: str, but: uuid.UUID | None = None
) -> int:
    """End all of a user's sessions, as after a new password, but perhaps for the one that asks; how many ended."""
    with connection.transaction():
        found = [session_id for (session_id,) in connection.execute(_LIVE_IDS, (user_id, but)).fetchall()]
        return sum(revoke(connection, session_id, author, reason=reason) for session_id in found)


_DELETE_ENDED = """
DELETE FROM lamplighter.session WHERE id = ANY (ARRAY (
    SELECT id FROM lamplighter.session WHERE coalesce(revoked_at, expires_at) < %(before)s
    ORDER BY coalesce(revoked_at, expires_at) LIMIT %(batch)s FOR UPDATE SKIP LOCKED
))
"""


def delete_ended(connection: Connection, *, ended_before: datetime, batch: int) -> int:
    """Delete at most `batch` sessions that were revoked or expired before the instant; how many."""
    return connection.execute(_DELETE_ENDED, {"before": ended_before, "batch": batch}).rowcount


def _live_session(row: tuple[Any, ...] | None) -> LiveSession | None:
    if row is None:
        return None
    session_id, user_id, user_name, expires_at, roles, permissions = row
    return LiveSession(
        id=session_id,
        user_id=user_id,
        user_name=user_name,
        expires_at=expires_at,
        roles=tuple(roles),
        permissions=frozenset(permissions),
    )
