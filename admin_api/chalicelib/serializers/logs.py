"""Log lines on the wire."""

from __future__ import annotations

from typing import Any

from chalicelib.serializers.output import Instant, Output, instant
from chalicelib.services.logs import LogPage
from functions.db.log_pages import LogRow


class LogLine(Output):
    """One line of a job's log."""

    line: int
    logged_at: Instant
    level: str
    message: str
    fields: dict[str, Any] | None


class LogLines(Output):
    """Lines of one attempt, in order; the numbers of the first and the last of them, and whether there are more."""

    attempt: int
    lines: list[LogLine]
    first_line: int | None
    last_line: int | None
    has_earlier: bool
    has_later: bool


def log_lines(page: LogPage) -> LogLines:
    """Lines of one attempt."""
    return LogLines(
        attempt=page.attempt,
        lines=[_log_line(row) for row in page.lines],
        first_line=page.lines[0].line if page.lines else None,
        last_line=page.lines[-1].line if page.lines else None,
        has_earlier=page.has_earlier,
        has_later=page.has_later,
    )


def _log_line(row: LogRow) -> LogLine:
    return LogLine(
        line=row.line, logged_at=instant(row.logged_at), level=row.level, message=row.message, fields=row.fields
    )
