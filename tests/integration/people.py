"""Users with roles, made directly in PostgreSQL."""

from __future__ import annotations

import uuid

from functions.db.connection import Connection

_ADD = "INSERT INTO lamplighter.user (name, created_by, is_disabled) VALUES (%s, 'test', %s) RETURNING id"
_SET_HASH = "UPDATE lamplighter.user SET password_hash = %s, password_set_at = clock_timestamp() WHERE id = %s"


def user(
    connection: Connection, name: str = "ann", *roles: str, password_hash: str | None = None, is_disabled: bool = False
) -> uuid.UUID:
    """A user with these roles (admin, operator and viewer come with the schema); their id."""
    row = connection.execute(_ADD, (name, is_disabled)).fetchone()
    assert row is not None
    user_id: uuid.UUID = row[0]
    if password_hash is not None:
        connection.execute(_SET_HASH, (password_hash, user_id))
    for role in roles:
        connection.execute("INSERT INTO lamplighter.user_role VALUES (%s, %s)", (user_id, role))
    return user_id


def role(connection: Connection, name: str, *permissions: str) -> None:
    """A role with these permissions."""
    connection.execute("INSERT INTO lamplighter.role (name, created_by) VALUES (%s, 'test')", (name,))
    for permission in permissions:
        connection.execute("INSERT INTO lamplighter.role_permission VALUES (%s, %s)", (name, permission))
