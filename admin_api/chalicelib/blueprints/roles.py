"""/roles and /permissions: what users can be given."""

from __future__ import annotations

from typing import Annotated

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import cursors, incoming, outgoing, preconditions
from chalicelib.callers import Caller
from chalicelib.database import connection
from chalicelib.endpoint import endpoint
from chalicelib.inputs import Cursor, Input, Limit, Search
from chalicelib.permissions import DESCRIPTIONS, ROLES_MANAGE
from chalicelib.serializers import users as serializers
from chalicelib.serializers.users import Permissions, Role, Roles
from chalicelib.services import roles as role_service
from functions.db import roles as role_rows
from functions.db.roles import RoleRow

roles = Blueprint(__name__)

Description = Annotated[str, Meta(max_length=500)]
# The schema says which there are; who sends another one is told by the service, as roles_invalid.
PermissionName = Annotated[str, Meta(min_length=1, max_length=100, extra_json_schema={"enum": list(DESCRIPTIONS)})]
PermissionNames = Annotated[list[PermissionName], Meta(max_length=100)]
CHANGE_REFUSALS = (
    "roles_not_found",
    "roles_builtin",
    "users_last_administrator",
    "auth_beyond_own_permissions",
    "precondition_failed",
    "validation_failed",
)


class RolesQuery(Input):
    """Which roles: all, by name; `search` finds a part of the name or the description."""

    search: Search | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class NewRoleBody(Input):
    """A role."""

    name: Annotated[str, Meta(pattern=r"^[a-z0-9._-]{1,50}$")]
    permissions: PermissionNames
    description: Description | None = None


class RoleBody(Input):
    """All that can be changed of a role: it then permits exactly this."""

    permissions: PermissionNames
    description: Description | None = None


@endpoint(roles, "GET", "/roles", permission=None, query=RolesQuery, answers={200: Roles})
def list_roles(_: Caller, query: RolesQuery) -> Response:
    """200 with roles by name, page by page."""
    after = None if query.cursor is None else cursors.decode(query.cursor, cursors.text)
    with connection() as opened:
        rows = role_rows.page(opened, search=query.search, after=after, limit=query.limit + 1)
    shown, more = rows[: query.limit], rows[query.limit :]
    return outgoing.as_json(serializers.roles(shown, next_cursor=cursors.encode(shown[-1].name) if more else None))


@endpoint(
    roles,
    "POST",
    "/roles",
    permission=ROLES_MANAGE,
    body=NewRoleBody,
    answers={201: None},
    refusals=("roles_invalid", "roles_name_taken", "auth_beyond_own_permissions"),
)
def create_role(caller: Caller, body: NewRoleBody) -> Response:
    """201 once there is this role, at Location."""
    with connection() as opened:
        role = role_service.create(
            opened, caller, name=body.name, description=body.description or "", permissions=body.permissions
        )
    return outgoing.created(
        Location=incoming.link(roles.current_request, f"/roles/{role.name}"), ETag=role_service.etag(role)
    )


@endpoint(roles, "GET", "/roles/{role_name}", permission=None, answers={200: Role}, refusals=("roles_not_found",))
def show_role(_: Caller, role_name: str) -> Response:
    """200 with one role; ETag is for If-Match of a change."""
    with connection() as opened:
        role = role_rows.get(opened, incoming.role_name(role_name))
    return outgoing.as_json(serializers.role(role), ETag=role_service.etag(role))


@endpoint(
    roles,
    "PUT",
    "/roles/{role_name}",
    permission=ROLES_MANAGE,
    body=RoleBody,
    answers={204: None},
    refusals=(*CHANGE_REFUSALS, "roles_invalid"),
)
def replace_role(caller: Caller, role_name: str, body: RoleBody) -> Response:
    """204 once it permits exactly this, to everybody who has it. With If-Match only what was seen is changed."""
    with connection() as opened:
        role = role_service.replace(
            opened,
            caller,
            incoming.role_name(role_name),
            description=body.description or "",
            permissions=body.permissions,
            unchanged=_check_unchanged,
        )
    return outgoing.no_content(ETag=role_service.etag(role))


@endpoint(roles, "DELETE", "/roles/{role_name}", permission=ROLES_MANAGE, answers={204: None}, refusals=CHANGE_REFUSALS)
def delete_role(caller: Caller, role_name: str) -> Response:
    """204 once it is gone, also from everybody who had it."""
    with connection() as opened:
        role_service.delete(opened, caller, incoming.role_name(role_name), unchanged=_check_unchanged)
    return outgoing.no_content()


@endpoint(roles, "GET", "/permissions", permission=None, answers={200: Permissions})
def list_permissions(_: Caller) -> Response:
    """200 with every permission there is, and what implies it."""
    return outgoing.as_json(serializers.permissions())


def _check_unchanged(role: RoleRow) -> None:
    preconditions.check(roles.current_request, role_service.etag(role))
