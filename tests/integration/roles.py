"""A PostgreSQL role of a test's own whose password is changed as a rotation does it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from functions.db.connection import Connection


class Role:
    """One role that may log in, and do everything if it is to; passwords are kept as SCRAM."""

    def __init__(self, administrator: Connection, password: str, *, is_superuser: bool) -> None:
        self.name = f"role_{uuid.uuid4().hex[:12]}"
        self._administrator = administrator
        rank = sql.SQL("SUPERUSER" if is_superuser else "NOSUPERUSER")
        made = sql.SQL("CREATE ROLE {} {} LOGIN").format(sql.Identifier(self.name), rank)
        administrator.execute(made)
        self.rotate(password)

    def rotate(self, password: str) -> None:
        """From now on only this password opens a connection; those that are open stay."""
        changed = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(self.name), sql.Literal(password))
        self._administrator.execute(changed)

    def disconnect(self) -> None:
        """End the role's connections, as a failover would; returns when they are gone."""
        ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s"
        self._administrator.execute(ended, (self.name,))


@contextmanager
def role(administrator: Connection, password: str, *, is_superuser: bool = True) -> Iterator[Role]:
    """A role with this password, gone afterwards."""
    made = Role(administrator, password, is_superuser=is_superuser)
    try:
        yield made
    finally:
        made.disconnect()
        name = sql.Identifier(made.name)
        administrator.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(name, name))


def can_log_in(url: str, user: str, password: str) -> bool:
    """Whether PostgreSQL takes this password: the proof that a rotation was one."""
    try:
        psycopg.connect(with_login(url, user, password)).close()
    except psycopg.OperationalError:
        return False
    return True


def with_login(url: str, user: str = "", password: str = "") -> str:
    """The same place, as somebody else; without a user, as nobody yet."""
    parts = urlsplit(url)
    secret = f":{quote(password, safe='')}" if password else ""
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}{secret}@{place}" if user else place))
