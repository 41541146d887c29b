"""Where lines go: as JSON to CloudWatch through Powertools' Logger, and, while a job runs, into its execution too."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from aws_lambda_powertools import Logger

from functions.log_lines import Lines, LogCaps, LogLine
from functions.redaction import redacted

__all__ = ["LogLine", "captured", "job_logger"]

# What every LogRecord carries; everything else on it is a field somebody added.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "aws_request_id"}


def job_logger(job_id: str, level: str) -> Logger:
    """A structured logger whose `service` is the job."""
    return Logger(service=job_id, level=level)


class _Keeper(logging.Handler):
    """Keeps what passes by, as far as the caps go; CloudWatch has it all."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def addFilter(self, filter: object) -> None:
        """Take no filters: Powertools adds one to every root handler, lest lines be printed twice; we print nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line, whatever it holds: a broken format must not fail a job."""
        self._lines.add(_as_line(record))


@contextmanager
def captured(caps: LogCaps | None = None) -> Iterator[Lines]:
    """Collect every line any logger writes inside the block, at INFO and above, in order."""
    root, lines = logging.getLogger(), Lines(caps)
    keeper, level = _Keeper(lines), root.level
    root.addHandler(keeper)
    root.setLevel(min(level or logging.INFO, logging.INFO))
    try:
        yield lines
    finally:
        root.removeHandler(keeper)
        root.setLevel(level)


def _as_line(record: logging.LogRecord) -> LogLine:
    fields = redacted({name: value for name, value in vars(record).items() if name not in _STANDARD})
    if record.exc_info:
        fields["exception"] = logging.Formatter().formatException(record.exc_info)
    return LogLine(logged_at=_instant(record), level=record.levelname, message=_message(record), fields=fields or None)


def _instant(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - wrong format arguments: the line as it was written says enough
        return f"{record.msg} {record.args!r}"
