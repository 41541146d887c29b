"""Who holds what by their roles; and changes to that, one at a time, after which somebody can still do everything."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from functions.db.connection import Connection
from functions.errors import LastAdministrator

# Held by every change until it commits: what one statement has found, no other change makes untrue meanwhile. One lock
# and not rows', because a role's permissions and a user's roles together say what somebody holds.
_LOCK = "SELECT pg_advisory_xact_lock(hashtext('lamplighter.access'))"
# Who cannot log in helps nobody.
_HAS_ADMINISTRATOR = """
SELECT EXISTS (
    SELECT FROM lamplighter.role_permission p
    JOIN lamplighter.user_role r ON r.role = p.role
    JOIN lamplighter.user u ON u.id = r.user_id
    WHERE p.permission = '*' AND NOT u.is_disabled AND u.password_hash IS NOT NULL)
"""
_HELD = """
WITH enabled AS (
    SELECT u.id, coalesce(s.claimed_roles, '{}') AS claimed_roles, s.claimed_permissions
    FROM lamplighter.user u
    LEFT JOIN lamplighter.session s ON s.user_id = u.id AND s.id = %(session_id)s
    WHERE u.id = %(user_id)s AND NOT u.is_disabled
)
SELECT p.permission FROM enabled
JOIN lamplighter.role_permission p ON p.role = ANY (enabled.claimed_roles)
    OR p.role IN (SELECT r.role FROM lamplighter.user_role r WHERE r.user_id = enabled.id)
UNION SELECT unnest(claimed_permissions) FROM enabled
"""


@contextmanager
def changing(connection: Connection) -> Iterator[None]:
    """A transaction that changes users or roles; those of all connections take turns, so each sees what is.

    Raises LastAdministrator, and nothing is changed, when it would leave nobody who holds `*` and can log in although
    there was somebody before. A deployment that never had one (its people come from elsewhere) is not held to it.
    """
    with connection.transaction():
        connection.execute(_LOCK)
        had_one = has_administrator(connection)
        yield
        if had_one and not has_administrator(connection):
            raise LastAdministrator


def has_administrator(connection: Connection) -> bool:
    """Whether an enabled user with a password holds `*`."""
    return connection.execute(_HAS_ADMINISTRATOR).fetchone() == (True,)


def held_by(connection: Connection, user_id: uuid.UUID, session_id: uuid.UUID | None = None) -> frozenset[str]:
    """The permissions a user's roles give, as they are written there; none for one who is disabled or gone.

    With a session, also what the OIDC issuer's claims gave its login (0014_oidc.sql).
    """
    values = {"user_id": user_id, "session_id": session_id}
    return frozenset(row[0] for row in connection.execute(_HELD, values).fetchall())


_HELD_WHILE_LOGGED_IN = "SELECT DISTINCT unnest(permissions) FROM lamplighter.live_session WHERE user_id = %s"


def held_while_logged_in(connection: Connection, user_id: uuid.UUID) -> frozenset[str]:
    """The permissions of a user's sessions that have not ended, together: also what the issuer's claims gave them."""
    return frozenset(row[0] for row in connection.execute(_HELD_WHILE_LOGGED_IN, (user_id,)).fetchall())
