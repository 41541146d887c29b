"""What a login is checked against: a user's password hash, and whether they are known at an address."""

from __future__ import annotations

import unicodedata
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from functions.db.connection import Connection


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """A user as a login finds them. `is_known_here`: they have logged in from this address in the last 30 days."""

    user_id: uuid.UUID
    user_name: str
    password_hash: str | None = field(repr=False)
    password_set_at: datetime | None
    is_disabled: bool
    is_known_here: bool


def folded(name: str) -> str:
    """The name as lamplighter.user has it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).lower())


# Sessions are kept for 30 days after their end (functions/jobs/expired_refresh_token_cleanup.py).
_FIND = """
SELECT u.id, u.name, u.password_hash, u.password_set_at, u.is_disabled,
       EXISTS (SELECT FROM lamplighter.session AS s WHERE s.user_id = u.id AND s.address = %(address)s)
FROM lamplighter.user AS u WHERE u.name = %(name)s
"""


def find(connection: Connection, name: str, *, address: str) -> Credentials | None:
    """The credentials of the user with this name, which is folded already; None when there is none."""
    row = connection.execute(_FIND, {"name": name, "address": address}).fetchone()
    if row is None:
        return None
    user_id, user_name, password_hash, password_set_at, is_disabled, is_known_here = row
    return Credentials(
        user_id=user_id,
        user_name=user_name,
        password_hash=password_hash,
        password_set_at=password_set_at,
        is_disabled=is_disabled,
        is_known_here=is_known_here,
    )


# Which password it is, its instant says: another login may store another hash of the same one.
_HOLD = """
SELECT FROM lamplighter.user WHERE id = %s AND password_set_at = %s AND NOT is_disabled FOR SHARE
"""


def hold(connection: Connection, checked: Credentials) -> bool:
    """Whether the password that was checked still lets them in; True: nobody changes that until the commit.

    Whoever changes it then finds, and ends, the session that this transaction opens.
    """
    return connection.execute(_HOLD, (checked.user_id, checked.password_set_at)).rowcount == 1


_REPLACE = "UPDATE lamplighter.user SET password_hash = %(new)s WHERE id = %(user_id)s AND password_hash = %(old)s"


def replace_hash(connection: Connection, user_id: uuid.UUID, *, old: str, new: str) -> None:
    """Store another hash of the same password; nothing when the password has been changed meanwhile."""
    connection.execute(_REPLACE, {"user_id": user_id, "old": old, "new": new})
