"""Users, roles and permissions on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from chalicelib.permissions import DESCRIPTIONS, IMPLIES
from chalicelib.serializers.output import Instant, Output, Uuid, instant, instant_or_none
from functions.db.roles import RoleRow
from functions.db.users import UserRow


class User(Output):
    """A local user."""

    id: Uuid
    name: str
    is_disabled: bool
    has_password: Annotated[bool, Meta(description="false: nobody can log in as them yet")]
    password_set_at: Instant | None
    roles: list[str]
    permissions: Annotated[list[str], Meta(description="what the roles permit together; what those imply is not said")]
    created_at: Instant
    created_by: str
    updated_at: Instant


class Users(Output):
    """A page of users, by name."""

    users: list[User]
    next_cursor: str | None


class Role(Output):
    """A named set of permissions."""

    name: str
    description: str
    is_builtin: Annotated[bool, Meta(description="it comes with the product and cannot be changed")]
    permissions: list[str]
    users: Annotated[int, Meta(description="how many have it")]
    created_at: Instant
    created_by: str
    updated_at: Instant


class Roles(Output):
    """A page of roles, by name."""

    roles: list[Role]
    next_cursor: str | None


class Permission(Output):
    """What somebody may be permitted."""

    name: str
    description: str
    implied_by: Annotated[list[str], Meta(description="who holds one of these holds this one too")]


class Permissions(Output):
    """All there are."""

    permissions: list[Permission]


def user(row: UserRow) -> User:
    """One user."""
    return User(
        id=str(row.id),
        name=row.name,
        is_disabled=row.is_disabled,
        has_password=row.has_password,
        password_set_at=instant_or_none(row.password_set_at),
        roles=row.roles,
        permissions=row.permissions,
        created_at=instant(row.created_at),
        created_by=row.created_by,
        updated_at=instant(row.updated_at),
    )


def users(rows: Sequence[UserRow], *, next_cursor: str | None) -> Users:
    """A page of users."""
    return Users(users=[user(row) for row in rows], next_cursor=next_cursor)


def role(row: RoleRow) -> Role:
    """One role."""
    return Role(
        name=row.name,
        description=row.description,
        is_builtin=row.is_builtin,
        permissions=row.permissions,
        users=row.users,
        created_at=instant(row.created_at),
        created_by=row.created_by,
        updated_at=instant(row.updated_at),
    )


def roles(rows: Sequence[RoleRow], *, next_cursor: str | None) -> Roles:
    """A page of roles."""
    return Roles(roles=[role(row) for row in rows], next_cursor=next_cursor)


def permissions() -> Permissions:
    """Every permission of this version, with what implies it; `*` implies all and is not said each time."""
    return Permissions(
        permissions=[
            Permission(
                name=name,
                description=description,
                implied_by=[holder for holder, implied in IMPLIES.items() if name in implied],
            )
            for name, description in DESCRIPTIONS.items()
        ]
    )
