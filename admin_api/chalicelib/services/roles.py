"""Roles made, changed and deleted by people, who can give no more than they hold."""

from __future__ import annotations

from collections.abc import Callable, Collection

from chalicelib import preconditions
from chalicelib.callers import Caller
from chalicelib.permissions import DESCRIPTIONS
from chalicelib.services.access import check_covers
from functions.db import access, roles
from functions.db.connection import Connection
from functions.db.roles import RoleRow
from functions.errors import InvalidRole
from functions.text import Text

Unchanged = Callable[[RoleRow], None]


def etag(role: RoleRow) -> str:
    """The version of what a change of the role changes: somebody who is given it meanwhile is no collision."""
    return preconditions.etag(role.name, role.description, role.permissions, role.updated_at.timestamp())


def create(
    connection: Connection, caller: Caller, *, name: str, description: str, permissions: Collection[str]
) -> RoleRow:
    """Make a role. Raises InvalidRole, RoleExists, BeyondOwnPermissions."""
    _check_known(permissions)
    with access.changing(connection):
        check_covers(connection, caller, permissions)
        return roles.add(connection, caller, name=name, description=description, permissions=permissions)


def replace(
    connection: Connection,
    caller: Caller,
    name: str,
    *,
    description: str,
    permissions: Collection[str],
    unchanged: Unchanged,
) -> RoleRow:
    """Give a role another description and other permissions. `unchanged` raises for a role that is not the one meant.

    Whoever changes a role holds what it had and what it gets: else they could take from people who may do more than
    they. Raises RoleNotFound, RoleIsBuiltin, InvalidRole, BeyondOwnPermissions, LastAdministrator.
    """
    _check_known(permissions)
    with access.changing(connection):
        role = roles.get(connection, name)
        unchanged(role)
        check_covers(connection, caller, {*role.permissions, *permissions})
        return roles.replace(connection, caller, role, description=description, permissions=permissions)


def delete(connection: Connection, caller: Caller, name: str, *, unchanged: Unchanged) -> None:
    """Delete a role, whoever has it. Raises RoleNotFound, RoleIsBuiltin, BeyondOwnPermissions, LastAdministrator."""
    with access.changing(connection):
        role = roles.get(connection, name)
        unchanged(role)
        check_covers(connection, caller, role.permissions)
        roles.remove(connection, caller, role)


def _check_known(permissions: Collection[str]) -> None:
    unknown = sorted(set(permissions) - DESCRIPTIONS.keys())
    if unknown:
        names = ", ".join(name[:50] for name in unknown[:5])
        raise InvalidRole(
            Text(
                "there is no permission %(names)s: use some of %(known)s",
                names=names,
                known=", ".join(sorted(DESCRIPTIONS)),
            )
        )
