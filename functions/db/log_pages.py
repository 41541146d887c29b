"""Log lines as people read them: some of one attempt, from its end or from a line on, all or those that are sought."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from functions.db.connection import Connection
from functions.record import Record


class LogRow(Record):
    """One line of one attempt; logged_at aware UTC."""

    line: int
    logged_at: datetime
    level: str
    message: str
    fields: dict[str, Any] | None


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Which lines: those of one attempt, none of the levels `without`, and with `text` somewhere, upper case or lower.

    Text is looked for in the message, not in the fields. What is upper case beyond ASCII, the database's locale says.
    """

    execution_id: uuid.UUID
    scheduled_at: datetime
    attempt: int
    without: Sequence[str] = ()
    text: str | None = None


_OF_ATTEMPT = """
FROM lamplighter.job_log
WHERE execution_id = %(execution_id)s AND scheduled_at = %(scheduled_at)s AND attempt = %(attempt)s
  AND level <> ALL (%(without)s::text[])
  AND (%(text)s::text IS NULL OR strpos(lower(message), lower(%(text)s)) > 0)
"""
_COLUMNS = "SELECT line, logged_at, level, message, fields"
_AFTER = _COLUMNS + _OF_ATTEMPT + "AND line > %(line)s ORDER BY line LIMIT %(limit)s"
_BEFORE = _COLUMNS + _OF_ATTEMPT + "AND line < %(line)s ORDER BY line DESC LIMIT %(limit)s"
_NEWEST = _COLUMNS + _OF_ATTEMPT + "ORDER BY line DESC LIMIT %(limit)s"
_ANY_UP_TO = "SELECT EXISTS (SELECT" + _OF_ATTEMPT + "AND line <= %(line)s)"
_ANY_FROM = "SELECT EXISTS (SELECT" + _OF_ATTEMPT + "AND line >= %(line)s)"


def after(connection: Connection, lines: Lines, line: int, *, limit: int) -> list[LogRow]:
    """The first ones after this line, in order."""
    return _read(connection, _AFTER, lines, line=line, limit=limit)


def before(connection: Connection, lines: Lines, line: int, *, limit: int) -> list[LogRow]:
    """The last ones before this line, in order."""
    return _read(connection, _BEFORE, lines, line=line, limit=limit)[::-1]


def newest(connection: Connection, lines: Lines, *, limit: int) -> list[LogRow]:
    """The last ones there are, in order."""
    return _read(connection, _NEWEST, lines, line=None, limit=limit)[::-1]


def are_any_up_to(connection: Connection, lines: Lines, line: int) -> bool:
    """Whether there are some, up to and with this line."""
    return _is(connection, _ANY_UP_TO, lines, line)


def are_any_from(connection: Connection, lines: Lines, line: int) -> bool:
    """Whether there are some, from this line on."""
    return _is(connection, _ANY_FROM, lines, line)


def _read(connection: Connection, query: str, lines: Lines, *, line: int | None, limit: int) -> list[LogRow]:
    with connection.cursor(row_factory=class_row(LogRow)) as cursor:
        return cursor.execute(query.encode(), _values(lines) | {"line": line, "limit": limit}).fetchall()


def _is(connection: Connection, query: str, lines: Lines, line: int) -> bool:
    return connection.execute(query.encode(), _values(lines) | {"line": line}).fetchone() == (True,)


def _values(lines: Lines) -> dict[str, Any]:
    return {**vars(lines), "without": list(lines.without)}
