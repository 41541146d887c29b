"""Roles: the list, one role, and what is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import cursors, incoming, preconditions
from chalicelib.blueprints.roles import Description, PermissionNames
from chalicelib.database import connection
from chalicelib.inputs import Cursor, Input, Search
from chalicelib.pages.page import page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.visit import Visit
from chalicelib.permissions import DESCRIPTIONS, IMPLIES, ROLES_MANAGE, USERS_MANAGE
from chalicelib.services import roles as role_service
from chalicelib.services.roles import Unchanged
from functions.db import roles as role_rows
from functions.db import users as user_rows

role_pages = Blueprint(__name__)

_ROWS = 50
_HOLDERS = 50
ETag = Annotated[str, Meta(max_length=100)]


class RolesQuery(Input):
    """Which roles."""

    search: Search | None = None
    cursor: Cursor | None = None


class NewRoleForm(Input, kw_only=True):
    """A role."""

    name: Annotated[str, Meta(max_length=50)]
    description: Description | None = None
    permissions: PermissionNames | None = None


class RoleForm(Input, kw_only=True):
    """All of a role that can be changed."""

    description: Description | None = None
    permissions: PermissionNames | None = None
    etag: ETag


class DeleteForm(Input, kw_only=True):
    """Which role was looked at."""

    etag: ETag


@page(role_pages, "GET", "/roles", permission=None, query=RolesQuery)
def list_roles(visit: Visit, query: RolesQuery) -> Response:
    """A page of roles, by name."""
    after = None if query.cursor is None else cursors.decode(query.cursor, cursors.text)
    with connection() as opened:
        rows = role_rows.page(opened, search=query.search, after=after, limit=_ROWS + 1)
    cursor = cursors.encode(rows[_ROWS - 1].name) if len(rows) > _ROWS else None
    return render(visit, "roles.html", roles=rows[:_ROWS], query=query, cursor=cursor)


@page(role_pages, "GET", "/roles/new", permission=ROLES_MANAGE)
def ask_create(visit: Visit) -> Response:
    """The form of a new role."""
    return render(visit, "role_new.html", permissions=_offered(visit, held=()))


@page(role_pages, "POST", "/roles/new", permission=ROLES_MANAGE, form=NewRoleForm, again=ask_create)
def create_role(visit: Visit, form: NewRoleForm) -> Response:
    """Made, and to the role."""
    assert visit.caller is not None
    with connection() as opened:
        role = role_service.create(
            opened, visit.caller, name=form.name, description=form.description or "",
            permissions=form.permissions or (),
        )  # fmt: skip
    return redirect(visit.link(f"/roles/{role.name}", done="role_made"))


@page(role_pages, "GET", "/roles/{role_name}", permission=None)
def show_role(visit: Visit, role_name: str) -> Response:
    """One role, who has it, and the form that changes it."""
    with connection() as opened:
        role = role_rows.get(opened, incoming.role_name(role_name))
        # Who may not see users learns how many have it, as in the list, and no names.
        holders = user_rows.page(opened, role=role.name, limit=_HOLDERS) if visit.may(USERS_MANAGE) else []
    return render(
        visit, "role.html", role=role, etag=role_service.etag(role), holders=holders,
        permissions=_offered(visit, held=role.permissions),
        missing=[name for name in role.permissions if not visit.may(name)],
    )  # fmt: skip


@page(role_pages, "POST", "/roles/{role_name}", permission=ROLES_MANAGE, form=RoleForm, again=show_role)
def change_role(visit: Visit, role_name: str, form: RoleForm) -> Response:
    """Changed, and back to the role."""
    assert visit.caller is not None
    name = incoming.role_name(role_name)
    with connection() as opened:
        role_service.replace(
            opened, visit.caller, name, description=form.description or "", permissions=form.permissions or (),
            unchanged=_as_seen(form.etag),
        )  # fmt: skip
    return redirect(visit.link(f"/roles/{name}", done="role_changed"))


@page(role_pages, "GET", "/roles/{role_name}/delete", permission=ROLES_MANAGE)
def ask_delete(visit: Visit, role_name: str) -> Response:
    """Whether to delete it."""
    with connection() as opened:
        role = role_rows.get(opened, incoming.role_name(role_name))
    return render(visit, "role_delete.html", role=role, etag=role_service.etag(role))


@page(role_pages, "POST", "/roles/{role_name}/delete", permission=ROLES_MANAGE, form=DeleteForm, again=ask_delete)
def delete_role(visit: Visit, role_name: str, form: DeleteForm) -> Response:
    """Gone, and to the list."""
    assert visit.caller is not None
    with connection() as opened:
        role_service.delete(opened, visit.caller, incoming.role_name(role_name), unchanged=_as_seen(form.etag))
    return redirect(visit.link("/roles", done="role_deleted"))


def _as_seen(etag: str) -> Unchanged:
    condition = preconditions.of_text(etag)
    return lambda role: condition.check(role_service.etag(role))


def _offered(visit: Visit, *, held: Sequence[str]) -> list[dict[str, Any]]:
    """Every permission with whether it is ticked, and whether the caller may give it; as typed where it was refused."""
    ticked = visit.values.get("permissions", "").split(",") if visit.values else held
    return [
        {"name": name, "is_on": name in ticked, "may": visit.may(name), "implies": sorted(IMPLIES.get(name, ()))}
        for name in DESCRIPTIONS
    ]
