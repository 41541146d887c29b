"""Connections to PostgreSQL: one warm one per process, fresh ones on demand, no session state (poolers are welcome)."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg.types.json import set_json_loads

from functions.errors import DatabaseBusy, DatabaseUnavailable, SettingsError

T = TypeVar("T")
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
# Ended because a deadline of ours, statement_timeout or lock_timeout passed, or two waited for each other; PostgreSQL,
# "Error Codes".
_NOT_IN_TIME = frozenset({"57014", "55P03", "40P01"})
# The server became a standby while we were connected: after a failover another one takes what is written.
_READ_ONLY = "25006"
_lock = threading.Lock()


class Login:
    """Who we are to PostgreSQL. `host`, `port` and `dbname` say where it is, as far as the URL leaves that out."""

    def __init__(
        self, *, user: str, password: str, host: str | None = None, port: str | None = None, dbname: str | None = None
    ) -> None:
        self.user = user
        self.password = password
        self.host = host
        self.port = port
        self.dbname = dbname


class Database:
    """Where PostgreSQL is, and how we get in.

    `tls` holds libpq's key words (sslmode, sslrootcert). `login` gives who we are, from wherever it keeps that, and
    looks there again when it is called with True (it raises DatabaseUnavailable); None: the URL says so itself. Raises
    SettingsError on construction for what is no PostgreSQL URL.
    """

    def __init__(
        self, url: str, *, tls: Mapping[str, str] | None = None, login: Callable[[bool], Login] | None = None
    ) -> None:
        _check(url)
        self.url = url
        self.tls = tls or {}
        self.login = login


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that knows its database, so that a second one can be opened beside it: `connect(it.database)`."""

    database: Database

    @cached_property
    def kept_cursor(self) -> psycopg.Cursor[tuple[Any, ...]]:
        """A cursor for what every delivery asks: each new one looks up anew how to adapt every type it meets.

        Its rows and its JSON are what ours are, whatever a job has told psycopg.
        """
        cursor = psycopg.Cursor(self, row_factory=tuple_row)
        set_json_loads(json.loads, cursor)
        return cursor

    @property
    def is_waiting(self) -> bool:
        """Whether a statement of it is under way. Any thread may ask."""
        return not self.closed and self.pgconn.transaction_status == TransactionStatus.ACTIVE

    def interrupt(self, *, timeout_s: float = 1) -> None:
        """End the statement that another thread waits for: PostgreSQL is asked to cancel it."""
        try:
            self.cancel_safe(timeout=timeout_s)
        except psycopg.Error:
            self.hang_up()

    def hang_up(self) -> None:
        """End the connection that another thread waits for, whether or not PostgreSQL hears of it."""
        try:
            with socket.socket(fileno=os.dup(self.fileno())) as ours:
                ours.shutdown(socket.SHUT_RDWR)
        except (psycopg.Error, OSError):
            pass  # it has ended meanwhile


_opened: weakref.WeakSet[Connection] = weakref.WeakSet()


def was_busy(error: Exception) -> bool:
    """Whether PostgreSQL ended a statement because it, or its wait for a lock, took too long."""
    return isinstance(error, psycopg.Error) and error.sqlstate in _NOT_IN_TIME


def is_over(connection: Connection, error: Exception) -> bool:
    """Whether nothing more can come of a connection that met this error: it has ended, or its server only reads now."""
    return connection.closed or (isinstance(error, psycopg.Error) and error.sqlstate == _READ_ONLY)


def open_connections() -> list[Connection]:
    """Every connection this process has open."""
    with _lock:
        return [connection for connection in _opened if not connection.closed]


def connect(database: Database | str, *, timeout_s: int = 5) -> Connection:
    """A new connection in autocommit mode, never preparing statements (RDS Proxy and PgBouncer would pin or break).

    A URL alone is a database whose login is in it. When PostgreSQL refuses a login that came from elsewhere, it is read
    afresh and tried once more: a password may have been rotated. Raises DatabaseUnavailable when PostgreSQL does not
    answer within timeout_s or refuses us, SettingsError for what is no PostgreSQL URL. Neither message shows the
    password.
    """
    known = Database(database) if isinstance(database, str) else database
    try:
        return _connect(known, timeout_s)
    except psycopg.OperationalError as error:
        settings = "DATABASE_URL" if not known.tls else "DATABASE_URL, DATABASE_TLS_MODE and DATABASE_TLS_ROOT_CERT"
        raise DatabaseUnavailable(f"PostgreSQL cannot be reached: {_first_line(error)}; check {settings}") from error


def _connect(database: Database, timeout_s: int) -> Connection:
    try:
        return _open(database, timeout_s, afresh=False)
    except psycopg.OperationalError as error:
        if database.login is None or not _is_refused_login(error):
            raise
    return _open(database, timeout_s, afresh=True)


def _open(database: Database, timeout_s: int, *, afresh: bool) -> Connection:
    said: dict[str, Any] = {**_NOTICE_DEATH, **database.tls}
    if database.login is not None:
        said |= _parameters(database.url, database.login(afresh))
    connection = Connection.connect(
        database.url, autocommit=True, prepare_threshold=None, connect_timeout=timeout_s, **said
    )
    connection.database = database
    with _lock:
        _opened.add(connection)
    return connection


def _parameters(url: str, login: Login) -> dict[str, str]:
    said = conninfo_to_dict(url)
    added = {"dbname": login.dbname} if "dbname" not in said else {}
    if not {"host", "hostaddr"} & said.keys():
        added |= {"host": login.host, "port": login.port}  # together: the port is that host's
    known = {word: value for word, value in added.items() if value is not None}
    return {"user": login.user, "password": login.password, **known}


def _is_refused_login(error: psycopg.OperationalError) -> bool:
    """Whether a password was sent and no connection came of it.

    That is SQLSTATE 28P01 and 28000, which libpq does not hand out for a connection that was never made, and the text
    of the message depends on the server's language. It may be a missing database too; then the second try says so.
    """
    return error.pgconn is not None and error.pgconn.used_password


def _check(url: str) -> None:
    # A password with a bare '@', '/' or '#' would end up in the host's place, and from there in messages.
    scheme, _, rest = url.partition("://")
    authority = rest.partition("/")[0].partition("?")[0]
    ambiguous = authority.count("@") > 1 or "@" in rest[len(authority) :]
    if scheme not in ("postgresql", "postgres") or ambiguous or not _can_be_split(url):
        raise SettingsError(
            "DATABASE_URL is invalid: use postgresql://user:password@host:5432/database, with '@', '/', '?' and '#' in "
            "the password percent-encoded (%40, %2F, %3F, %23)"
        )


def _can_be_split(url: str) -> bool:
    try:
        urlsplit(url)
    except ValueError:
        return False
    return True


class WarmConnection:
    """The one connection a warm process keeps, reopened when it has died; its threads take turns."""

    def __init__(self, database: Database | str) -> None:
        self._database = database
        self._connection: Connection | None = None
        self._used_at = 0.0
        self._turn = threading.RLock()

    def get(self) -> Connection:
        """A live connection: checked with a round trip after idling, reopened if dead. Raises DatabaseUnavailable."""
        with self._turn:
            if self._connection is not None and time.monotonic() - self._used_at > _TRUSTED_IDLE_S:
                self._drop_if_dead(self._connection)
            return self._open()

    def run(self, action: Callable[[Connection], T]) -> T:
        """action(connection), without a check first; once more on a new connection if this one proves dead.

        The action must be safe to repeat: its first try may have been committed. Raises DatabaseUnavailable, and
        DatabaseBusy when PostgreSQL did not do it in time.
        """
        with self._turn:
            connection = self._open()
            try:
                return action(connection)
            except psycopg.Error as error:
                if was_busy(error):
                    raise DatabaseBusy(f"PostgreSQL did not do it in time: {_first_line(error)}") from error
                if not is_over(connection, error):
                    raise
            self.close()
            try:
                return action(self._open())
            except (psycopg.OperationalError, psycopg.errors.ReadOnlySqlTransaction) as error:
                self.close()
                raise DatabaseUnavailable(f"PostgreSQL went away: {_first_line(error)}") from error

    def another(self) -> Connection:
        """A new connection to the same database, the caller's to close. Raises DatabaseUnavailable."""
        return connect(self._database)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connect(self._database)
        self._used_at = time.monotonic()
        return self._connection

    def _drop_if_dead(self, connection: Connection) -> None:
        try:
            connection.execute("SELECT 1")
        except psycopg.OperationalError:
            self.close()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
