"""Refresh tokens in families: each is used once and followed by the next; one that comes back ends the session."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from functions.db import sessions
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.sessions import LiveSession

# Expires after `idle`, and never later than its session.
_ADD = """
INSERT INTO lamplighter.refresh_token (family_id, subject, token_hash, expires_at)
SELECT family_id, user_id::text, %(new_hash)s, least(expires_at, clock_timestamp() + %(idle)s)
FROM lamplighter.session WHERE id = %(session_id)s
"""


def add_first(connection: Connection, session_id: uuid.UUID, token_hash: bytes, *, idle: timedelta) -> None:
    """The first token of a session's family, good for `idle`; in the transaction that opens the session."""
    connection.execute(_ADD, {"session_id": session_id, "new_hash": token_hash, "idle": idle})


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """What became of a refresh token: `session` is whose next token is stored, None: refused.

    `is_reuse`: the token had been used before, so somebody has a copy, and all of its family was revoked.
    """

    session: LiveSession | None
    is_reuse: bool = False


# Everything about one family happens one after the other, and reads what was committed before its turn.
_LOCK = "SELECT id FROM lamplighter.session WHERE family_id = %s FOR NO KEY UPDATE"

_USE = """
WITH used AS (
    UPDATE lamplighter.refresh_token SET used_at = clock_timestamp()
    WHERE token_hash = %(old_hash)s AND family_id = %(family_id)s
      AND used_at IS NULL AND invalidated_at IS NULL AND expires_at > clock_timestamp()
    RETURNING family_id
)
UPDATE lamplighter.session SET last_used_at = clock_timestamp() FROM used WHERE session.family_id = used.family_id
"""

# Not a sign of a copy: the token is this family's and was never used, or was just now, by a second click say.
_IS_HARMLESS = """
SELECT FROM lamplighter.refresh_token
WHERE token_hash = %(old_hash)s AND family_id = %(family_id)s
  AND coalesce(used_at > clock_timestamp() - %(grace)s, true)
"""


def rotate(
    connection: Connection,
    family_id: uuid.UUID,
    author: Author,
    *,
    old_hash: bytes,
    new_hash: bytes,
    idle: timedelta,
    grace: timedelta,
) -> Rotation:
    """Use the token with the old hash up and store the next one; of several at once one gets it.

    A token that is no longer there counts as used: the cleanup takes used ones away, and only who has seen a token of
    a family can name it. Used up less than `grace` ago it is refused and nothing else, as for a second click.
    """
    hashes = {"family_id": family_id, "old_hash": old_hash, "new_hash": new_hash, "idle": idle, "grace": grace}
    with connection.transaction():
        session = _locked(connection, family_id)
        if session is None:
            return Rotation(session=None)
        if connection.execute(_USE, hashes).rowcount == 1:
            connection.execute(_ADD, hashes | {"session_id": session.id})
            return Rotation(session=session)
        if connection.execute(_IS_HARMLESS, hashes).rowcount == 1:
            return Rotation(session=None)
        by_whom = Author(actor=session.user_name, request_id=author.request_id, reason=author.reason)
        sessions.revoke(connection, session.id, by_whom, reason=sessions.REUSE)
        return Rotation(session=None, is_reuse=True)


def _locked(connection: Connection, family_id: uuid.UUID) -> LiveSession | None:
    row: tuple[Any, ...] | None = connection.execute(_LOCK, (family_id,)).fetchone()
    return None if row is None else sessions.live(connection, row[0])
