"""Local users made, changed and deleted by people, who can neither give nor touch more than they hold."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection

from chalicelib import preconditions
from chalicelib.callers import Caller
from chalicelib.refusals import PasswordWrong
from chalicelib.services.access import check_covers
from functions import password_rule
from functions.db import access, credentials, roles, sessions, users
from functions.db.connection import Connection
from functions.db.users import UserRow

Unchanged = Callable[[UserRow], None]


def etag(user: UserRow) -> str:
    """The version of what a change of the user changes: a role that comes to permit more is no collision."""
    return preconditions.etag(user.id, user.name, user.is_disabled, user.roles, user.updated_at.timestamp())


def create(
    connection: Connection,
    caller: Caller,
    *,
    name: str,
    password: str | None,
    role_names: Collection[str],
) -> UserRow:
    """Make a user; without a password nobody can log in as them yet.

    Raises InvalidUser, NameTaken, InvalidRole, BeyondOwnPermissions.
    """
    password_hash = None if password is None else _hashed(password, name=users.username(name))
    with access.changing(connection):
        roles.require(connection, role_names)
        check_covers(connection, caller, roles.permissions_of(connection, role_names))
        return users.add(connection, caller, name=name, password_hash=password_hash, role_names=role_names)


def update(
    connection: Connection,
    caller: Caller,
    user_id: uuid.UUID,
    *,
    name: str | None,
    is_disabled: bool | None,
    role_names: Collection[str] | None,
    unchanged: Unchanged,
) -> UserRow:
    """Change what is given; it ends the user's sessions. `unchanged` raises for a user who is not as the caller saw.

    Raises UserNotFound, InvalidUser, NameTaken, InvalidRole, BeyondOwnPermissions, LastAdministrator.
    """
    with access.changing(connection):
        user = _touchable(connection, caller, user_id, unchanged)
        roles.require(connection, role_names or ())
        check_covers(connection, caller, roles.permissions_of(connection, role_names or ()))
        changed = users.update(connection, caller, user, name=name, is_disabled=is_disabled, role_names=role_names)
        if changed.updated_at != user.updated_at:
            _end_sessions(connection, caller, user_id, "the user was changed")
        return changed


def delete(connection: Connection, caller: Caller, user_id: uuid.UUID, *, unchanged: Unchanged) -> None:
    """Delete a user, with their sessions. Raises UserNotFound, BeyondOwnPermissions, LastAdministrator."""
    with access.changing(connection):
        user = _touchable(connection, caller, user_id, unchanged)
        _end_sessions(connection, caller, user_id, "the user was deleted")
        users.remove(connection, caller, user)


def reset_password(
    connection: Connection, caller: Caller, user_id: uuid.UUID, *, password: str, unchanged: Unchanged
) -> None:
    """Give somebody else a password; it ends their sessions. Raises UserNotFound, InvalidUser, BeyondOwnPermissions."""
    new_hash = _hashed(password, name=users.get(connection, user_id).name)
    with access.changing(connection):
        user = _touchable(connection, caller, user_id, unchanged)
        users.set_password(connection, caller, user, new_hash)
        _end_sessions(connection, caller, user_id, "another password was set")


def change_own_password(
    connection: Connection, caller: Caller, *, current: str, password: str, source_ip: str, unchanged: Unchanged
) -> None:
    """Give the caller, who proves to know the one they have, another password; it ends their other sessions.

    Guessing the current one counts as guessing at the login. Raises UserNotFound for a caller who is no local user any
    more, InvalidUser, PasswordWrong, TooManyLogins.
    """
    from chalicelib import login_throttle, passwords  # late: most requests have no password

    assert caller.user_id is not None
    user = users.get(connection, caller.user_id)
    address = login_throttle.network(source_ip)
    known = credentials.find(connection, user.name, address=address)
    attempt = login_throttle.attempt(user.name, address, is_known_here=known is not None and known.is_known_here)
    login_throttle.count(connection, attempt)
    if known is None or not passwords.verify(known.password_hash, current):
        raise PasswordWrong
    login_throttle.take_back(connection, attempt)
    new_hash = _hashed(password, name=user.name)
    with access.changing(connection):
        user = users.get(connection, user.id)
        unchanged(user)
        if user.password_set_at != known.password_set_at:
            raise PasswordWrong  # somebody gave them another one while this one was checked
        users.set_password(connection, caller, user, new_hash)
        _end_sessions(connection, caller, user.id, "another password was set")


def _end_sessions(connection: Connection, caller: Caller, user_id: uuid.UUID, reason: str) -> None:
    # Who changes their own stays logged in where they do it.
    sessions.revoke_all(connection, user_id, caller, reason=reason, but=caller.session_id)


def _touchable(connection: Connection, caller: Caller, user_id: uuid.UUID, unchanged: Unchanged) -> UserRow:
    """The user, if the caller holds all they hold: else a new password or name would be a way to more."""
    user = users.get(connection, user_id)
    unchanged(user)
    check_covers(connection, caller, {*user.permissions, *access.held_while_logged_in(connection, user_id)})
    return user


def _hashed(password: str, *, name: str) -> str:
    from chalicelib import passwords  # late, as above

    password_rule.check(password, name=name)
    return passwords.hash(password)
