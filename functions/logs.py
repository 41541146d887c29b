"""Where lines go: as JSON to CloudWatch in Powertools' format, and, while a job runs, into its execution too."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any, TextIO, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

from functions.log_lines import Lines, LogCaps, LogLine
from functions.printed import Stdout, printed_as_lines
from functions.redaction import redacted

__all__ = ["LogLine", "captured", "job_logger"]

# What every LogRecord carries; everything else on it is a field somebody added.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "aws_request_id"}


@cache
def job_logger(job_id: str, level: str) -> Logger:
    """A structured logger whose `service` is the job."""
    return Logger(service=job_id, level=level, stream=cast("TextIO", Stdout()), json_serializer=_json)


class _Keeper(logging.Handler):
    """Keeps what passes by, as far as the caps go; CloudWatch has it all."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self._lines = lines

    def addFilter(self, filter: object) -> None:
        """Take no filters: Powertools adds one to every root handler, lest lines be printed twice; we print nothing."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line, whatever it holds: a broken format must not fail a job."""
        try:
            self._lines.add(_as_line(record))
        except Exception:  # noqa: BLE001 - as logging's own handlers do; CloudWatch may have it still
            self.handleError(record)


class _CloudWatch(logging.StreamHandler[Any]):
    """Prints as JSON what no Powertools logger has printed on the record's way here."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__(Stdout())
        self.setFormatter(formatter)

    def addFilter(self, filter: object) -> None:
        """Take no filters: the one of Powertools drops every logger whose name contains the job's id, "a" in "aws"."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is still to be printed."""
        logger: logging.Logger | None = logging.getLogger(record.name)
        while logger is not None:
            if getattr(logger, "powertools_handler", None) in logger.handlers:
                return False
            logger = logger.parent if logger.propagate else None
        return True


@contextmanager
def captured(caps: LogCaps | None = None, *, formatter: logging.Formatter | None = None) -> Iterator[Lines]:
    """Collect every line any logger writes and everything printed inside the block, at INFO and above, in order.

    All of it goes to CloudWatch too, once: lines of Powertools' loggers through their own handlers, others through
    this formatter; AWS's own handler, which would print them once more and as text, stands back meanwhile.
    """
    root, lines = logging.getLogger(), Lines(caps)
    level, aws = root.level, [handler for handler in root.handlers if _is_awss(handler)]
    ours = [_CloudWatch(formatter or LambdaPowertoolsFormatter(json_serializer=_json)), _Keeper(lines)]
    root.handlers[:] = [handler for handler in root.handlers if handler not in aws] + ours
    root.setLevel(min(level or logging.INFO, logging.INFO))
    try:
        with printed_as_lines():
            yield lines
    finally:
        root.handlers[:] = [handler for handler in root.handlers if handler not in ours] + aws
        root.setLevel(level)


def _is_awss(handler: logging.Handler) -> bool:
    return type(handler).__module__.partition(".")[0] == "awslambdaric"


def _json(log: Mapping[str, object]) -> str:
    text = json.dumps(redacted(log), separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()


def _as_line(record: logging.LogRecord) -> LogLine:
    fields = redacted({name: value for name, value in vars(record).items() if name not in _STANDARD})
    if record.exc_info:
        fields["exception"] = logging.Formatter().formatException(record.exc_info)
    return LogLine(
        logged_at=_instant(record), level=str(record.levelname), message=_message(record), fields=fields or None
    )


def _instant(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _message(record: logging.LogRecord) -> str:
    if isinstance(record.msg, Mapping):
        return _json(record.msg)
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - wrong format arguments: the line as it was written says enough
        return f"{record.msg} {record.args!r}"
