"""An execution's log lines: its end first, upwards and onwards from there, all of them or those somebody looks for."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from functions.db import executions, log_pages
from functions.db.connection import Connection
from functions.db.log_pages import Lines, LogRow

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# Of a page's messages and fields together, but for one line at least: an answer of Lambda holds 6 MB, and a character
# may become six in it.
_MOST_CHARACTERS = 750_000


@dataclass(frozen=True, kw_only=True)
class LogPage:
    """Some lines of one attempt, in order, and whether there are more of those asked for on either side."""

    attempt: int
    lines: list[LogRow]
    has_earlier: bool
    has_later: bool


def log_page(
    connection: Connection,
    execution_id: uuid.UUID,
    *,
    attempt: int | None = None,
    after: int | None = None,
    before: int | None = None,
    level: str | None = None,
    text: str | None = None,
    limit: int = 200,
) -> LogPage:
    """The newest lines of the newest attempt; or the first after a line, or the last before one; or of another attempt.

    level: only lines of this one of LEVELS or above, and of levels that are none of them. text: only lines whose
    message has it, upper case or lower. Fewer than `limit` where lines are long. Raises ExecutionNotFound.
    """
    row = executions.get(connection, execution_id)
    lines = Lines(
        execution_id=row.id,
        scheduled_at=row.scheduled_at,
        attempt=row.attempt if attempt is None else attempt,
        without=() if level is None else LEVELS[: LEVELS.index(level)],
        text=text or None,
    )
    if after is not None:
        return _after(connection, lines, after, limit)
    return _before(connection, lines, before, limit)


def _after(connection: Connection, lines: Lines, after: int, limit: int) -> LogPage:
    found = log_pages.after(connection, lines, after, limit=limit + 1)
    kept = found[: _fitting(found[:limit])]
    return LogPage(
        attempt=lines.attempt,
        lines=kept,
        has_earlier=log_pages.are_any_up_to(connection, lines, after),
        has_later=len(kept) < len(found),
    )


def _before(connection: Connection, lines: Lines, before: int | None, limit: int) -> LogPage:
    if before is None:
        found = log_pages.newest(connection, lines, limit=limit + 1)
    else:
        found = log_pages.before(connection, lines, before, limit=limit + 1)
    kept = _fitting(found[-limit:][::-1])
    return LogPage(
        attempt=lines.attempt,
        lines=found[len(found) - kept :],
        has_earlier=kept < len(found),
        has_later=before is not None and log_pages.are_any_from(connection, lines, before),
    )


def _fitting(lines: list[LogRow]) -> int:
    """How many of these, from the first on, an answer has room for."""
    room = _MOST_CHARACTERS
    for number, line in enumerate(lines):
        room -= len(line.message) + (len(str(line.fields)) if line.fields else 0)
        if room < 0 and number:
            return number
    return len(lines)
