"""The first user of the one-machine edition: `admin`, whose password is made here and kept beside its state."""

from __future__ import annotations

import secrets

from functions.db import access, users
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.errors import UserNotFound
from infra.local.state import State

NAME = "admin"
_AUTHOR = Author(actor="scripts/dev")


def ensure_administrator(connection: Connection, state: State) -> str | None:
    """Make the user where there are none yet; the password that lets them in, None where it is not ours to know.

    That is: somebody gave them another one, or deleted or disabled them, which a start does not undo.
    """
    from chalicelib import passwords  # late: what packages the API puts it on the path

    password = state.administrator_password() or secrets.token_urlsafe(12)
    with access.changing(connection):
        if not users.page(connection, limit=1):
            state.keep_administrator_password(password)  # before the user: one whose password is lost helps nobody
            new_hash = passwords.hash(password)
            users.add(connection, _AUTHOR, name=NAME, password_hash=new_hash, role_names=["admin"])
            return password
    try:
        user = users.find(connection, NAME)
    except UserNotFound:
        return None
    is_ours = not user.is_disabled and passwords.verify(users.password_hash(connection, user.id), password)
    return password if is_ours else None
