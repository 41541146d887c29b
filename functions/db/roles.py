"""Roles: named sets of permissions that users are given; each change with its audit row."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from functions.db import audit
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.json_values import storable
from functions.errors import InvalidRole, RoleExists, RoleIsBuiltin, RoleNotFound
from functions.text import Text

# Dots alone are another place in an address (RFC 3986 §5.2.4): nobody could change or delete such a role.
_NAME = re.compile(r"(?!\.+\Z)[a-z0-9._-]{1,50}")


@dataclass(frozen=True, kw_only=True)
class RoleRow:
    """One role. permissions in order; users: how many have it; instants aware UTC."""

    name: str
    description: str
    is_builtin: bool
    permissions: list[str]
    users: int
    created_at: datetime
    created_by: str
    updated_at: datetime


_SELECT = """
SELECT r.name, r.description, r.is_builtin,
       ARRAY (SELECT p.permission FROM lamplighter.role_permission p WHERE p.role = r.name ORDER BY 1) AS permissions,
       (SELECT count(*) FROM lamplighter.user_role u WHERE u.role = r.name) AS users,
       r.created_at, r.created_by, r.updated_at
FROM lamplighter.role r
"""
_BY_NAME = f"{_SELECT} WHERE r.name = %s"


def get(connection: Connection, name: str) -> RoleRow:
    """The role of this name. Raises RoleNotFound, also for what can be no name of a role."""
    row = _one(connection, name) if _NAME.fullmatch(name) else None
    if row is None:
        raise RoleNotFound(Text("no role is called %(name)s: list the roles", name=repr(name[:100])))
    return row


def _one(connection: Connection, name: str) -> RoleRow | None:
    with connection.cursor(row_factory=class_row(RoleRow)) as cursor:
        return cursor.execute(_BY_NAME.encode(), (name,)).fetchone()


_PAGE = f"""{_SELECT}
WHERE (%(search)s::text IS NULL OR position(lower(%(search)s) IN r.name) > 0
       OR position(lower(%(search)s) IN lower(r.description)) > 0)
  AND (%(after)s::text IS NULL OR r.name > %(after)s)
ORDER BY r.name LIMIT %(limit)s
"""


def page(connection: Connection, *, search: str | None = None, after: str | None = None, limit: int) -> list[RoleRow]:
    """Roles by name, at most `limit`, from the one after the name `after`; search: a part of name or description."""
    with connection.cursor(row_factory=class_row(RoleRow)) as cursor:
        return cursor.execute(_PAGE.encode(), {"search": search, "after": after, "limit": limit}).fetchall()


_MISSING = "SELECT name FROM unnest(%s::text[]) AS asked(name) EXCEPT SELECT name FROM lamplighter.role ORDER BY 1"


def require(connection: Connection, names: Collection[str]) -> None:
    """Raise InvalidRole, which names them, when some of these are no roles."""
    missing = [row[0] for row in connection.execute(_MISSING, (list(names),)).fetchall()]
    if missing:
        raise InvalidRole(
            Text(
                "there is no role %(names)s: list the roles, or make it", names=", ".join(name[:50] for name in missing)
            )
        )


_PERMISSIONS = "SELECT DISTINCT permission FROM lamplighter.role_permission WHERE role = ANY (%s)"


def permissions_of(connection: Connection, names: Collection[str]) -> frozenset[str]:
    """The permissions these roles give together; a role there is not gives none."""
    return frozenset(row[0] for row in connection.execute(_PERMISSIONS, (list(names),)).fetchall())


_ADD = "INSERT INTO lamplighter.role (name, description, created_by) VALUES (%s, %s, %s)"


def add(
    connection: Connection, author: Author, *, name: str, description: str, permissions: Collection[str]
) -> RoleRow:
    """Make a role. Raises InvalidRole for a name that cannot be one, RoleExists. The permissions are the caller's."""
    if not _NAME.fullmatch(name):
        raise InvalidRole(
            Text(
                "role name %(name)s is invalid: use 1 to 50 of a-z, 0-9, '.', '_' or '-', not just dots",
                name=repr(name[:100]),
            )
        )
    try:
        with connection.transaction():
            connection.execute(_ADD, (name, description, storable(author.actor)))
    except psycopg.errors.UniqueViolation as error:
        raise RoleExists(
            Text("a role is called %(name)s already: change it, or choose another name", name=repr(name))
        ) from error
    _set_permissions(connection, name, permissions)
    role = get(connection, name)
    audit.record(connection, author, "roles.create", after=_facts(role))
    return role


_UPDATE = "UPDATE lamplighter.role SET description = %s, updated_at = clock_timestamp() WHERE name = %s"


def replace(
    connection: Connection, author: Author, role: RoleRow, *, description: str, permissions: Collection[str]
) -> RoleRow:
    """Give a role this description and exactly these permissions; who has it has them from then on.

    What changes nothing writes nothing. Raises RoleIsBuiltin. `role` is as read in this transaction.
    """
    _check_changeable(role)
    if (description, sorted(set(permissions))) == (role.description, role.permissions):
        return role
    connection.execute(_UPDATE, (description, role.name))
    _set_permissions(connection, role.name, permissions)
    changed = get(connection, role.name)
    audit.record(connection, author, "roles.update", before=_facts(role), after=_facts(changed))
    return changed


_HOLDERS = """
SELECT u.name FROM lamplighter.user_role r JOIN lamplighter.user u ON u.id = r.user_id
WHERE r.role = %s ORDER BY u.name
"""
_REMOVE = "DELETE FROM lamplighter.role WHERE name = %s"


def remove(connection: Connection, author: Author, role: RoleRow) -> None:
    """Delete a role and take it from everybody who has it; the audit row names them. Raises RoleIsBuiltin."""
    _check_changeable(role)
    holders = [name for (name,) in connection.execute(_HOLDERS, (role.name,)).fetchall()]
    connection.execute(_REMOVE, (role.name,))
    audit.record(connection, author, "roles.delete", before=_facts(role) | {"users": holders})


_TAKE = "DELETE FROM lamplighter.role_permission WHERE role = %s AND permission <> ALL (%s)"
_GIVE = """
INSERT INTO lamplighter.role_permission (role, permission) SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING
"""


def _set_permissions(connection: Connection, name: str, permissions: Collection[str]) -> None:
    connection.execute(_TAKE, (name, list(permissions)))
    connection.execute(_GIVE, (name, list(permissions)))


def _check_changeable(role: RoleRow) -> None:
    if role.is_builtin:
        raise RoleIsBuiltin(
            Text(
                "role %(name)s is built in and stays as it is: make another one with what you need",
                name=repr(role.name),
            )
        )


def _facts(role: RoleRow) -> dict[str, Any]:
    return {"role": role.name, "description": role.description, "permissions": role.permissions}
