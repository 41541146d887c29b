"""Local users: the list, one user, and what is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import cursors, incoming, passwords, preconditions
from chalicelib.blueprints.users import RoleName, RoleNames
from chalicelib.database import connection
from chalicelib.inputs import Cursor, Input, Search
from chalicelib.pages.page import page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.visit import Visit
from chalicelib.permissions import USERS_MANAGE
from chalicelib.refusals import NotValid
from chalicelib.services import users as user_service
from chalicelib.services.users import Unchanged
from functions.db import roles as role_rows
from functions.db import users as user_rows
from functions.db.roles import RoleRow
from functions.db.users import LONGEST_NAME, OF_ISSUER, UserRow
from functions.text import Text

user_pages = Blueprint(__name__)

_ROWS = 50
_ROLES = 200
ETag = Annotated[str, Meta(max_length=100)]
Typed = Annotated[str, Meta(max_length=passwords.LONGEST)]
Name = Annotated[str, Meta(max_length=LONGEST_NAME)]


class UsersQuery(Input):
    """Which users."""

    search: Search | None = None
    role: RoleName | None = None
    is_disabled: bool | None = None
    cursor: Cursor | None = None


class NewUserForm(Input, kw_only=True):
    """A user, with a password that was typed, one that is made, or none."""

    name: Name
    roles: RoleNames | None = None
    password: Typed | None = None
    is_made: bool = False


class UserForm(Input, kw_only=True):
    """All of a user that can be changed; a box that is not ticked is not sent."""

    name: Name
    roles: RoleNames | None = None
    is_disabled: bool = False
    etag: ETag


class PasswordForm(Input, kw_only=True):
    """The password: typed, or made."""

    password: Typed | None = None
    is_made: bool = False
    etag: ETag


class DeleteForm(Input, kw_only=True):
    """Who was looked at."""

    etag: ETag


@page(user_pages, "GET", "/users", permission=USERS_MANAGE, query=UsersQuery)
def list_users(visit: Visit, query: UsersQuery) -> Response:
    """A page of users, by name."""
    after = None if query.cursor is None else cursors.decode(query.cursor, cursors.text)
    with connection() as opened:
        rows = user_rows.page(
            opened, search=query.search, role=query.role, is_disabled=query.is_disabled, after=after, limit=_ROWS + 1
        )
        roles = role_rows.page(opened, limit=_ROLES)
    cursor = cursors.encode(rows[_ROWS - 1].name) if len(rows) > _ROWS else None
    return render(visit, "users.html", users=rows[:_ROWS], roles=roles, query=query, cursor=cursor)


@page(user_pages, "GET", "/users/new", permission=USERS_MANAGE)
def ask_create(visit: Visit) -> Response:
    """The form of a new user."""
    with connection() as opened:
        roles = role_rows.page(opened, limit=_ROLES)
    return render(visit, "user_new.html", roles=_offered(visit, roles, held=()))


@page(user_pages, "POST", "/users/new", permission=USERS_MANAGE, form=NewUserForm, again=ask_create)
def create_user(visit: Visit, form: NewUserForm) -> Response:
    """Made, and to the user; a password that was made is shown instead, this once."""
    assert visit.caller is not None
    password = passwords.made() if form.is_made else form.password
    with connection() as opened:
        user = user_service.create(opened, visit.caller, name=form.name, password=password, role_names=form.roles or ())
    if form.is_made:
        return render(visit, "user_secret.html", user=user, password=password)
    return redirect(visit.link(f"/users/{user.id}", done="user_made"))


@page(user_pages, "GET", "/users/{user_id}", permission=USERS_MANAGE)
def show_user(visit: Visit, user_id: str) -> Response:
    """One user, with the forms that change them."""
    with connection() as opened:
        user = user_rows.get(opened, incoming.user_id(user_id))
        roles = role_rows.page(opened, limit=_ROLES)
    return render(visit, "user.html", roles=_offered(visit, roles, held=user.roles), **_shown(visit, user))


@page(user_pages, "POST", "/users/{user_id}", permission=USERS_MANAGE, form=UserForm, again=show_user)
def change_user(visit: Visit, user_id: str, form: UserForm) -> Response:
    """Changed, and back to the user."""
    assert visit.caller is not None
    found = incoming.user_id(user_id)
    with connection() as opened:
        user_service.update(
            opened, visit.caller, found, name=form.name, is_disabled=form.is_disabled, role_names=form.roles or (),
            unchanged=_as_seen(form.etag),
        )  # fmt: skip
    return redirect(visit.link(f"/users/{found}", done="user_changed"))


@page(user_pages, "POST", "/users/{user_id}/password", permission=USERS_MANAGE, form=PasswordForm, again=show_user)
def set_password(visit: Visit, user_id: str, form: PasswordForm) -> Response:
    """Set, and back to the user; one that was made is shown instead, this once."""
    assert visit.caller is not None
    found = incoming.user_id(user_id)
    if found == visit.caller.user_id:
        raise NotValid(Text("this is your own password: change it on the page of your account"))
    password = passwords.made() if form.is_made else form.password or ""
    with connection() as opened:
        user_service.reset_password(opened, visit.caller, found, password=password, unchanged=_as_seen(form.etag))
        user = user_rows.get(opened, found)
    if form.is_made:
        return render(visit, "user_secret.html", user=user, password=password)
    return redirect(visit.link(f"/users/{found}", done="password_set"))


@page(user_pages, "GET", "/users/{user_id}/delete", permission=USERS_MANAGE)
def ask_delete(visit: Visit, user_id: str) -> Response:
    """Whether to delete them."""
    with connection() as opened:
        user = user_rows.get(opened, incoming.user_id(user_id))
    return render(visit, "user_delete.html", **_shown(visit, user))


@page(user_pages, "POST", "/users/{user_id}/delete", permission=USERS_MANAGE, form=DeleteForm, again=ask_delete)
def delete_user(visit: Visit, user_id: str, form: DeleteForm) -> Response:
    """Gone, and to the list."""
    assert visit.caller is not None
    with connection() as opened:
        user_service.delete(opened, visit.caller, incoming.user_id(user_id), unchanged=_as_seen(form.etag))
    return redirect(visit.link("/users", done="user_deleted"))


def _as_seen(etag: str) -> Unchanged:
    condition = preconditions.of_text(etag)
    return lambda user: condition.check(user_service.etag(user))


def _shown(visit: Visit, user: UserRow) -> dict[str, Any]:
    """missing: what the caller would have to hold to change this user."""
    return {
        "user": user,
        "etag": user_service.etag(user),
        "is_own": visit.caller is not None and visit.caller.user_id == user.id,
        "is_of_issuer": user.name.startswith(OF_ISSUER),
        "missing": [name for name in user.permissions if not visit.may(name)],
    }


def _offered(visit: Visit, roles: Sequence[RoleRow], *, held: Sequence[str]) -> list[dict[str, Any]]:
    """Every role with whether it is ticked, and what the caller lacks to give it; as typed where that was refused."""
    # Of the forms of these pages only those with roles have a name.
    ticked = visit.values.get("roles", "").split(",") if "name" in visit.values else held
    return [
        {"row": role, "is_on": role.name in ticked, "missing": [p for p in role.permissions if not visit.may(p)]}
        for role in roles
    ]
