"""Users and roles for tests, and callers who are one of them or nobody's token."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from chalicelib.callers import Caller
from functions.db import access, roles, sessions, users
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.users import UserRow

SETUP = Author(actor="set-up")
HASH = "a hash nobody looks into"


def person(connection: Connection, name: str, *role_names: str, password_hash: str | None = HASH) -> UserRow:
    """A user of this name with these roles."""
    with access.changing(connection):
        return users.add(connection, SETUP, name=name, password_hash=password_hash, role_names=role_names)


def role(connection: Connection, name: str, *permissions: str) -> str:
    """A role of this name with these permissions."""
    with access.changing(connection):
        return roles.add(connection, SETUP, name=name, description="", permissions=permissions).name


def acting(user: UserRow) -> Caller:
    """This user, with a token that carries what their roles gave when they were read."""
    return Caller(actor=user.name, user_id=user.id, permissions=frozenset(user.permissions))


def deployment_token(*permissions: str) -> Caller:
    """A token of the deployment, of no local user."""
    return Caller(actor="deployer", permissions=frozenset(permissions))


def log_in(connection: Connection, user: UserRow) -> uuid.UUID:
    """A session of this user; its id."""
    return sessions.open_session(
        connection, user.id, SETUP, address="127.0.0.1", lifetime=timedelta(hours=1), family_id=uuid.uuid4()
    )


def audit_of(connection: Connection) -> list[tuple[str, str, Any, Any]]:
    """Actor, action, before and after of every audit row but those of the set-up, oldest first."""
    rows = connection.execute(
        "SELECT actor, action, before, after FROM lamplighter.audit WHERE actor <> 'set-up' ORDER BY id"
    ).fetchall()
    return [(row[0], row[1], row[2], row[3]) for row in rows]
