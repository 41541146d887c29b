"""/users: local users with their roles, whether they may log in, and their passwords."""

from __future__ import annotations

from typing import Annotated

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import cursors, incoming, outgoing, preconditions
from chalicelib.callers import Caller
from chalicelib.database import connection
from chalicelib.endpoint import endpoint
from chalicelib.inputs import Cursor, Input, Limit, Search
from chalicelib.permissions import USERS_MANAGE, grants
from chalicelib.refusals import NotPermitted
from chalicelib.serializers import users as serializers
from chalicelib.serializers.users import User, Users
from chalicelib.services import users as user_service
from functions.db import users as user_rows
from functions.db.users import LONGEST_NAME, UserRow
from functions.password_rule import LONGEST, SHORTEST

users = Blueprint(__name__)

UserName = Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]
RoleName = Annotated[str, Meta(pattern=r"^[a-z0-9._-]{1,50}$")]
RoleNames = Annotated[list[RoleName], Meta(max_length=100)]
Password = Annotated[str, Meta(min_length=SHORTEST, max_length=LONGEST)]
CHANGE_REFUSALS = (
    "users_not_found",
    "users_last_administrator",
    "auth_beyond_own_permissions",
    "precondition_failed",
    "validation_failed",
)


class UsersQuery(Input):
    """Which users: all, by name."""

    search: Search | None = None
    role: RoleName | None = None
    is_disabled: bool | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class NewUserBody(Input):
    """A user; without a password nobody can log in as them yet."""

    name: UserName
    password: Password | None = None
    roles: RoleNames | None = None


class UserBody(Input):
    """What is to be changed; `roles` are then exactly these."""

    name: UserName | None = None
    is_disabled: bool | None = None
    roles: RoleNames | None = None


class PasswordBody(Input):
    """The new password; for one's own also the one there is."""

    password: Password
    current: Annotated[str, Meta(max_length=LONGEST)] | None = None


@endpoint(users, "GET", "/users", permission=USERS_MANAGE, query=UsersQuery, answers={200: Users})
def list_users(_: Caller, query: UsersQuery) -> Response:
    """200 with users by name, page by page."""
    after = None if query.cursor is None else cursors.decode(query.cursor, cursors.text)
    with connection() as opened:
        rows = user_rows.page(
            opened,
            search=query.search,
            role=query.role,
            is_disabled=query.is_disabled,
            after=after,
            limit=query.limit + 1,
        )
    shown, more = rows[: query.limit], rows[query.limit :]
    return outgoing.as_json(serializers.users(shown, next_cursor=cursors.encode(shown[-1].name) if more else None))


@endpoint(
    users,
    "POST",
    "/users",
    permission=USERS_MANAGE,
    body=NewUserBody,
    answers={201: None},
    refusals=("users_invalid", "users_name_taken", "roles_invalid", "auth_beyond_own_permissions"),
)
def create_user(caller: Caller, body: NewUserBody) -> Response:
    """201 once there is this user, at Location."""
    with connection() as opened:
        user = user_service.create(opened, caller, name=body.name, password=body.password, role_names=body.roles or ())
    return outgoing.created(
        Location=incoming.link(users.current_request, f"/users/{user.id}"), ETag=user_service.etag(user)
    )


@endpoint(users, "GET", "/users/{user_id}", permission=USERS_MANAGE, answers={200: User}, refusals=("users_not_found",))
def show_user(_: Caller, user_id: str) -> Response:
    """200 with one user; ETag is for If-Match of a change."""
    with connection() as opened:
        user = user_rows.get(opened, incoming.user_id(user_id))
    return outgoing.as_json(serializers.user(user), ETag=user_service.etag(user))


@endpoint(
    users,
    "PATCH",
    "/users/{user_id}",
    permission=USERS_MANAGE,
    body=UserBody,
    answers={204: None},
    refusals=(*CHANGE_REFUSALS, "users_invalid", "users_name_taken", "roles_invalid"),
)
def change_user(caller: Caller, user_id: str, body: UserBody) -> Response:
    """204 once what is given is so; their sessions have ended. With If-Match only what was seen is changed."""
    with connection() as opened:
        user = user_service.update(
            opened,
            caller,
            incoming.user_id(user_id),
            name=body.name,
            is_disabled=body.is_disabled,
            role_names=body.roles,
            unchanged=_check_unchanged,
        )
    return outgoing.no_content(ETag=user_service.etag(user))


@endpoint(
    users,
    "DELETE",
    "/users/{user_id}",
    permission=USERS_MANAGE,
    answers={204: None},
    refusals=CHANGE_REFUSALS,
)
def delete_user(caller: Caller, user_id: str) -> Response:
    """204 once they are gone; what they did stays in the audit."""
    with connection() as opened:
        user_service.delete(opened, caller, incoming.user_id(user_id), unchanged=_check_unchanged)
    return outgoing.no_content()


@endpoint(
    users,
    "PUT",
    "/users/{user_id}/password",
    permission=None,
    body=PasswordBody,
    answers={204: None},
    refusals=(*CHANGE_REFUSALS, "users_invalid", "users_password_wrong", "auth_too_many_attempts"),
)
def set_password(caller: Caller, user_id: str, body: PasswordBody) -> Response:
    """204 once only this password lets them in; their sessions have ended. Everybody may change their own."""
    found = incoming.user_id(user_id)
    is_own = found == caller.user_id
    if not (is_own or grants(caller.permissions, USERS_MANAGE)):
        raise NotPermitted(USERS_MANAGE)
    with connection() as opened:
        if is_own:
            user_service.change_own_password(
                opened,
                caller,
                current=body.current or "",
                password=body.password,
                source_ip=incoming.source_ip(users.current_request),
                unchanged=_check_unchanged,
            )
        else:
            user_service.reset_password(opened, caller, found, password=body.password, unchanged=_check_unchanged)
    return outgoing.no_content()


def _check_unchanged(user: UserRow) -> None:
    preconditions.check(users.current_request, user_service.etag(user))
