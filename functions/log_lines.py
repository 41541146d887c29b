"""The lines of one execution, in order: capped, and known to be written to PostgreSQL or not yet."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, overload

from functions.record import Record


class LogLine(Record):
    """One line a job wrote: level as `logging` names it, fields as the job gave them."""

    logged_at: datetime
    level: str
    message: str
    fields: dict[str, Any] | None = None


class LogCaps(Record):
    """How much of one execution's lines is kept in PostgreSQL: lines, bytes of one line, bytes of all of them."""

    lines: int = 10_000
    line_bytes: int = 16_384
    total_bytes: int = 5_000_000


class Lines(Sequence[LogLine]):
    """What an execution has written so far. One thread at a time adds; another may write out what is left meanwhile.

    Without a lock of its own: a job that forks would find it held in the child. `logging` calls add() under its
    handler's lock, and appending and slicing a list are each one step.
    """

    def __init__(self, caps: LogCaps | None = None) -> None:
        self.written = 0
        self._kept: list[LogLine] = []
        self._caps = caps or LogCaps()
        self._bytes = 0
        self._full = False

    @overload
    def __getitem__(self, index: int) -> LogLine: ...
    @overload
    def __getitem__(self, index: slice) -> list[LogLine]: ...
    def __getitem__(self, index: int | slice) -> LogLine | list[LogLine]:
        return self._kept[index]

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def left(self) -> list[LogLine]:
        """The lines after the first `written` ones."""
        return self._kept[self.written :]

    def add(self, line: LogLine) -> None:
        """Keep one line, cut to its cap; the first one beyond the caps of all leaves a mark, later ones nothing."""
        if self._full:
            return
        cut, size = _cut(line, self._caps.line_bytes)
        if len(self._kept) >= self._caps.lines:
            self._end(line, f"more than {self._caps.lines} lines (LOG_MAX_LINES)")
        elif self._bytes + size > self._caps.total_bytes:
            self._end(line, f"more than {self._caps.total_bytes} bytes (LOG_MAX_BYTES)")
        else:
            self._bytes += size
            self._kept.append(cut)

    def _end(self, line: LogLine, what: str) -> None:
        self._full = True
        text = f"{what}: the rest is only in CloudWatch"
        self._kept.append(LogLine(logged_at=line.logged_at, level="WARNING", message=text))


def _cut(line: LogLine, limit: int) -> tuple[LogLine, int]:
    """The line within the limit, and its bytes; the message comes first, the fields get what it leaves."""
    message, size = _cut_text(line.message, limit)
    fields, fields_size = (None, 0) if line.fields is None else _cut_fields(line.fields, limit - size)
    if message is line.message and fields is line.fields:
        return line, size + fields_size
    return line._replace(message=message, fields=fields), size + fields_size


def _cut_fields(fields: dict[str, Any], room: int) -> tuple[dict[str, Any], int]:
    """The fields within the room, small ones first: a long exception must not cost an order's number."""
    size = len(json.dumps(fields))
    if size <= room:
        return fields, size
    kept: dict[str, Any] = {}
    dropped = 0
    for size, name, value, text in sorted(_with_text(fields), key=lambda field: field[0]):
        left = room - len(name.encode("utf-8", "replace"))
        if size <= left:
            kept[name] = value
        elif left > 0:
            kept[name], _ = _cut_text(text, left)
        else:
            dropped += 1
        room = left - size
    if dropped:
        kept["…"] = f"{dropped} more fields (LOG_MAX_LINE_BYTES)"
    return kept, len(json.dumps(kept))


def _with_text(fields: dict[str, Any]) -> Iterator[tuple[int, str, Any, str]]:
    """Each field with its text and that one's bytes."""
    for name, value in fields.items():
        text = value if isinstance(value, str) else json.dumps(value)
        yield len(text.encode("utf-8", "replace")), name, value, text


def _cut_text(text: str, limit: int) -> tuple[str, int]:
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit:
        return text, len(encoded)
    start = encoded[:limit].decode("utf-8", "ignore")
    return f"{start}… (truncated: {len(encoded)} bytes, LOG_MAX_LINE_BYTES)", limit
