"""Local users: their names, their roles, whether they may log in; each change with its audit row."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from functions.db import audit, roles
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.credentials import folded
from functions.db.json_values import storable
from functions.errors import InvalidUser, NameTaken, UserNotFound
from functions.text import Text

LONGEST_NAME = 100
# Unicode's Default_Ignorable_Code_Point as far as isprintable and NFKC leave them, and the empty Braille pattern: with
# one of them a name looks like somebody else's.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\ufe00-\ufe0f\U000e0100-\U000e01ef]")
# What names begin with that the OIDC issuer gives, and no other (0014_oidc.sql).
OF_ISSUER = "oidc:"
# What the audit, and a row's created_by, call who is no user: nobody can pass for them there.
_OF_COMMANDS, _OF_PROGRAMS = "scripts/", ("migration", "unknown")


@dataclass(frozen=True, kw_only=True)
class UserRow:
    """One user. roles and permissions in order, permissions as the roles have them; instants aware UTC."""

    id: uuid.UUID
    name: str
    has_password: bool
    password_set_at: datetime | None
    is_disabled: bool
    roles: list[str]
    permissions: list[str]
    created_at: datetime
    created_by: str
    updated_at: datetime


def username(text: str) -> str:
    """The name as it is kept: compatibility forms resolved and in lower case, so that `Ada` and `ada` are one user.

    RFC 8265 §3.3 (UsernameCaseMapped), with blanks inside allowed. Raises InvalidUser for what cannot be a name.
    """
    name = folded(text)
    is_seen = name.isprintable() and not _UNSEEN.search(name)
    if not (is_seen and name == name.strip() and 1 <= len(name) <= LONGEST_NAME):
        raise InvalidUser(
            Text(
                "user name %(name)s is invalid: use 1 to %(longest)s printable characters, no blanks around "
                "them, such as ada or ada@example.com",
                name=repr(text[:LONGEST_NAME]),
                longest=LONGEST_NAME,
            )
        )
    return name


def _local(name: str) -> str:
    if name.startswith(OF_ISSUER):
        raise InvalidUser(
            Text(
                "user name %(name)s is invalid: names that begin with %(beginning)s are of people who log in at "
                "the OIDC issuer; use another",
                name=repr(name),
                beginning=repr(OF_ISSUER),
            )
        )
    if name.startswith(_OF_COMMANDS) or name in _OF_PROGRAMS:
        raise InvalidUser(
            Text("user name %(name)s is invalid: the audit calls our own programs so; use another", name=repr(name))
        )
    return name


def _renamed(user: UserRow, name: str) -> str:
    _refuse_issuers(user)
    return _local(name)


def _refuse_issuers(user: UserRow) -> None:
    if user.name.startswith(OF_ISSUER):
        raise InvalidUser(
            Text(
                "%(name)s logs in at the OIDC issuer, which gives name and password: change them there",
                name=repr(user.name),
            )
        )


_SELECT = """
SELECT u.id, u.name, u.password_hash IS NOT NULL AS has_password, u.password_set_at, u.is_disabled,
       ARRAY (SELECT r.role FROM lamplighter.user_role r WHERE r.user_id = u.id ORDER BY 1) AS roles,
       ARRAY (SELECT DISTINCT p.permission FROM lamplighter.user_role r
              JOIN lamplighter.role_permission p ON p.role = r.role WHERE r.user_id = u.id ORDER BY 1) AS permissions,
       u.created_at, u.created_by, u.updated_at
FROM lamplighter.user u
"""
_BY_ID = f"{_SELECT} WHERE u.id = %s"
_BY_NAME = f"{_SELECT} WHERE u.name = %s"


def get(connection: Connection, user_id: uuid.UUID) -> UserRow:
    """The user with this id. Raises UserNotFound."""
    row = _one(connection, _BY_ID, user_id)
    if row is None:
        raise UserNotFound(Text("no user has the id %(id)s: list the users", id=user_id))
    return row


def find(connection: Connection, name: str) -> UserRow:
    """The user of this name, in any spelling of it unless the issuer gave it. Raises UserNotFound, InvalidUser."""
    row = _one(connection, _BY_NAME, name if name.startswith(OF_ISSUER) else username(name))
    if row is None:
        raise UserNotFound(Text("no user is called %(name)s: list the users", name=repr(name)))
    return row


def _one(connection: Connection, statement: str, value: object) -> UserRow | None:
    with connection.cursor(row_factory=class_row(UserRow)) as cursor:
        return cursor.execute(statement.encode(), (value,)).fetchone()


_PAGE = f"""{_SELECT}
WHERE (%(search)s::text IS NULL OR position(%(search)s IN lower(u.name)) > 0)
  AND (%(role)s::text IS NULL OR EXISTS (
      SELECT FROM lamplighter.user_role r WHERE r.user_id = u.id AND r.role = %(role)s))
  AND (%(is_disabled)s::boolean IS NULL OR u.is_disabled = %(is_disabled)s)
  AND (%(after)s::text IS NULL OR u.name > %(after)s)
ORDER BY u.name LIMIT %(limit)s
"""


def page(
    connection: Connection,
    *,
    search: str | None = None,
    role: str | None = None,
    is_disabled: bool | None = None,
    after: str | None = None,
    limit: int,
) -> list[UserRow]:
    """Users by name, at most `limit`, from the one after the name `after`; search: a part of the name, in any case."""
    values = {
        "search": None if search is None else folded(search),
        "role": role, "is_disabled": is_disabled, "after": after, "limit": limit,
    }  # fmt: skip
    with connection.cursor(row_factory=class_row(UserRow)) as cursor:
        return cursor.execute(_PAGE.encode(), values).fetchall()


_ADD = """
INSERT INTO lamplighter.user (name, password_hash, password_set_at, created_by)
VALUES (%(name)s, %(hash)s, CASE WHEN %(hash)s::text IS NOT NULL THEN clock_timestamp() END, %(actor)s)
RETURNING id
"""


def add(
    connection: Connection, author: Author, *, name: str, password_hash: str | None, role_names: Collection[str]
) -> UserRow:
    """Make a user; without a hash nobody can log in as them yet. Raises InvalidUser, NameTaken."""
    values = {"name": _local(username(name)), "hash": password_hash, "actor": storable(author.actor)}
    try:
        with connection.transaction():
            row = connection.execute(_ADD, values).fetchone()
    except psycopg.errors.UniqueViolation as error:
        raise _taken(values["name"]) from error
    assert row is not None
    _set_roles(connection, row[0], role_names)
    user = get(connection, row[0])
    audit.record(connection, author, "users.create", after=_facts(user))
    return user


_UPDATE = """
UPDATE lamplighter.user SET name = %(name)s, is_disabled = %(is_disabled)s, updated_at = clock_timestamp()
WHERE id = %(id)s
"""


def update(
    connection: Connection,
    author: Author,
    user: UserRow,
    *,
    name: str | None = None,
    is_disabled: bool | None = None,
    role_names: Collection[str] | None = None,
) -> UserRow:
    """Change what is given; the roles are then exactly these. Raises InvalidUser, NameTaken.

    What changes nothing writes nothing. `user` is as read in this transaction.
    """
    values = {
        "id": user.id,
        "name": user.name if name is None or name == user.name else _renamed(user, username(name)),
        "is_disabled": user.is_disabled if is_disabled is None else is_disabled,
    }
    wanted = (values["name"], values["is_disabled"], user.roles if role_names is None else sorted(set(role_names)))
    if wanted == (user.name, user.is_disabled, user.roles):
        return user
    try:
        with connection.transaction():
            connection.execute(_UPDATE, values)
    except psycopg.errors.UniqueViolation as error:
        raise _taken(values["name"]) from error
    if role_names is not None:
        _set_roles(connection, user.id, role_names)
    changed = get(connection, user.id)
    audit.record(connection, author, "users.update", before=_facts(user), after=_facts(changed))
    return changed


_REPLACE_HASH = """
UPDATE lamplighter.user SET password_hash = %s, password_set_at = clock_timestamp(), updated_at = clock_timestamp()
WHERE id = %s
"""


def set_password(connection: Connection, author: Author, user: UserRow, password_hash: str) -> None:
    """From now on this password, and no other, lets them in. The audit row says that, and nothing of it.

    Raises InvalidUser for somebody whom the OIDC issuer alone lets in.
    """
    _refuse_issuers(user)
    connection.execute(_REPLACE_HASH, (password_hash, user.id))
    audit.record(connection, author, "users.set_password", after={"user_id": str(user.id), "name": user.name})


_HASH = "SELECT password_hash FROM lamplighter.user WHERE id = %s"


def password_hash(connection: Connection, user_id: uuid.UUID) -> str | None:
    """The hash to check a password by; None when there is no such user, or no password."""
    row = connection.execute(_HASH, (user_id,)).fetchone()
    return None if row is None else row[0]


_REMOVE = "DELETE FROM lamplighter.user WHERE id = %s"


def remove(connection: Connection, author: Author, user: UserRow) -> None:
    """Delete a user. What they did stays in the audit, under their name."""
    connection.execute(_REMOVE, (user.id,))
    audit.record(connection, author, "users.delete", before=_facts(user))


_TAKE = "DELETE FROM lamplighter.user_role WHERE user_id = %s AND role <> ALL (%s)"
_GIVE = "INSERT INTO lamplighter.user_role (user_id, role) SELECT %s, unnest(%s::text[]) ON CONFLICT DO NOTHING"


def _set_roles(connection: Connection, user_id: uuid.UUID, names: Collection[str]) -> None:
    roles.require(connection, names)
    connection.execute(_TAKE, (user_id, list(names)))
    connection.execute(_GIVE, (user_id, list(names)))


def _facts(user: UserRow) -> dict[str, Any]:
    return {"user_id": str(user.id), "name": user.name, "is_disabled": user.is_disabled, "roles": user.roles}


def _taken(name: object) -> NameTaken:
    return NameTaken(
        Text(
            "a user is called %(name)s already: names are one whatever their case; choose another one", name=repr(name)
        )
    )
