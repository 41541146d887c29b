"""Users of an OIDC issuer: known here from their first login on, with what the claims of each session granted."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass

import psycopg

from functions.db import audit
from functions.db.audit import Author
from functions.db.connection import Connection


@dataclass(frozen=True, kw_only=True)
class KnownUser:
    """A user of the issuer as we know them; `permissions` is what all their roles permit, claimed or given here.

    name: None for somebody who has never logged in here.
    """

    name: str | None
    is_disabled: bool
    permissions: frozenset[str]


_LOOK_UP = """
SELECT u.name, coalesce(u.is_disabled, false),
       ARRAY (SELECT DISTINCT granted.permission FROM lamplighter.role_permission AS granted
              WHERE granted.role = ANY (%(claimed_roles)s)
                 OR granted.role IN (SELECT held.role FROM lamplighter.user_role AS held WHERE held.user_id = u.id))
FROM (VALUES (1)) AS always LEFT JOIN lamplighter.user AS u
     ON u.oidc_issuer = %(issuer)s AND u.oidc_subject = %(subject)s
"""


def look_up(connection: Connection, *, issuer: str, subject: str, claimed_roles: Collection[str]) -> KnownUser:
    """What is known of this subject here, and what these roles and their own permit now."""
    values = {"issuer": issuer, "subject": subject, "claimed_roles": list(claimed_roles)}
    row = connection.execute(_LOOK_UP, values).fetchone()
    assert row is not None
    name, is_disabled, permissions = row
    return KnownUser(name=name, is_disabled=is_disabled, permissions=frozenset(permissions))


# xmax is 0 in a row this statement has inserted.
_STORE = """
INSERT INTO lamplighter.user AS known (name, oidc_issuer, oidc_subject, created_by)
VALUES (%(name)s, %(issuer)s, %(subject)s, %(name)s)
ON CONFLICT (oidc_issuer, oidc_subject) DO UPDATE SET
    name = excluded.name,
    updated_at = CASE WHEN known.name = excluded.name THEN known.updated_at ELSE clock_timestamp() END
RETURNING id, is_disabled, xmax = 0
"""


@dataclass(frozen=True, kw_only=True)
class StoredUser:
    """The row of somebody the issuer vouched for."""

    id: uuid.UUID
    is_disabled: bool


def store(connection: Connection, author: Author, *, issuer: str, subject: str) -> StoredUser | None:
    """The user of this subject, made when they come for the first time; the author is themselves, named as of now.

    None when that name is another row's: of a subject of the same name at an issuer before this one.
    """
    values = {"name": author.actor, "issuer": issuer, "subject": subject}
    try:
        with connection.transaction():
            row = connection.execute(_STORE, values).fetchone()
            assert row is not None
            user_id, is_disabled, is_new = row
            if is_new:
                audit.record(connection, author, "users.create", after={"name": author.actor, "issuer": issuer})
    except psycopg.errors.UniqueViolation:
        return None
    return StoredUser(id=user_id, is_disabled=is_disabled)


_CLAIM = """
UPDATE lamplighter.session
SET claimed_roles = %(roles)s, claimed_permissions = %(permissions)s, oidc_login_hash = %(login_hash)s
WHERE id = %(session_id)s
"""


def claim(
    connection: Connection,
    session_id: uuid.UUID,
    *,
    roles: Collection[str],
    permissions: Collection[str],
    login_hash: bytes,
) -> bool:
    """Give a new session what its login's claims granted. False, and nothing is changed, when that login has one."""
    values = {
        "session_id": session_id,
        "roles": sorted(roles),
        "permissions": sorted(permissions),
        "login_hash": login_hash,
    }
    try:
        with connection.transaction():
            connection.execute(_CLAIM, values)
    except psycopg.errors.UniqueViolation:
        return False
    return True
