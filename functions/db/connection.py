"""Connections to PostgreSQL: one warm one per process, fresh ones on demand, no session state (poolers are welcome)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg

from functions.errors import DatabaseUnavailable, SettingsError

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]
CallersConnection = psycopg.Connection[Any]  # whatever its rows are: we use cursors of our own
# Below this a connection is taken as alive; PostgreSQL, a proxy or a NAT drops idle ones much later.
_TRUSTED_IDLE_S = 1.0
# A server that vanishes without a word (a failover) is noticed while somebody waits for it: after ten seconds without
# an acknowledgement, or half a minute of silence. Libpq, "Parameter Key Words".
_NOTICE_DEATH: dict[str, Any] = {
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}


def connect(url: str, *, timeout_s: int = 5) -> Connection:
    """A new connection in autocommit mode, never preparing statements (RDS Proxy and PgBouncer would pin or break).

    Raises DatabaseUnavailable when PostgreSQL does not answer within timeout_s or refuses us, SettingsError for what is
    no PostgreSQL URL. Neither message shows the password.
    """
    _check(url)
    try:
        return psycopg.connect(url, autocommit=True, prepare_threshold=None, connect_timeout=timeout_s, **_NOTICE_DEATH)
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"PostgreSQL cannot be reached: {_first_line(error)}; check DATABASE_URL") from error


def _check(url: str) -> None:
    # A password with a bare '@', '/' or '#' would end up in the host's place, and from there in messages.
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0].partition("?")[0]
    if scheme not in ("postgresql", "postgres") or authority.count("@") > 1 or "@" in rest[len(authority) :]:
        raise SettingsError(
            "DATABASE_URL is invalid: use postgresql://user:password@host:5432/database, with '@', '/', '?' and '#' in "
            "the password percent-encoded (%40, %2F, %3F, %23)"
        )


class WarmConnection:
    """The one connection a warm process keeps, reopened when it has died."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._used_at = 0.0

    def get(self) -> Connection:
        """A live connection: checked with a round trip after idling, reopened if dead. Raises DatabaseUnavailable."""
        if self._connection is not None and time.monotonic() - self._used_at > _TRUSTED_IDLE_S:
            self._drop_if_dead(self._connection)
        return self._open()

    def run(self, action: Callable[[Connection], T]) -> T:
        """action(connection), without a check first; once more on a new connection if this one proves dead.

        The action must be safe to repeat: its first try may have been committed. Raises DatabaseUnavailable.
        """
        connection = self._open()
        try:
            return action(connection)
        except psycopg.OperationalError:
            if not connection.broken and not connection.closed:
                raise
        self.close()
        try:
            return action(self._open())
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(f"PostgreSQL went away: {_first_line(error)}") from error

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._url)
        self._used_at = time.monotonic()
        return self._connection

    def _drop_if_dead(self, connection: Connection) -> None:
        try:
            connection.execute("SELECT 1")
        except psycopg.OperationalError:
            self.close()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
