"""What an execution said: as lines of its page, from the end upwards and on while it runs; and all of it as a file."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import incoming
from chalicelib.database import connection
from chalicelib.inputs import Input, Search
from chalicelib.pages.page import page
from chalicelib.pages.visit import Visit
from chalicelib.permissions import JOBS_VIEW
from chalicelib.services import executions as execution_service
from chalicelib.services.logs import log_page
from functions.db.connection import Connection
from functions.db.executions import ExecutionRow
from functions.db.log_pages import LogRow
from functions.settings import FINAL_STATUSES

logs = Blueprint(__name__)

Level = Literal["INFO", "WARNING", "ERROR"]
LineNumber = Annotated[int, Meta(ge=0, le=2**31 - 1)]
AttemptNumber = Annotated[int, Meta(ge=0, le=2**31 - 1)]

_AT_ONCE = 200
# What a poll may bring: a job can write more in a second than a page opens with.
_MOST_NEW = 1_000
# A run's last lines are there when its end is; who looks keeps asking a moment longer.
_LINGERS = timedelta(seconds=10)
# An answer of Lambda holds 6 MB of JSON.
_LARGEST_FILE = 5_500_000
_TONES: Mapping[str, str] = {"WARNING": "warn", "ERROR": "bad", "CRITICAL": "bad", "DEBUG": "idle"}


class LogQuery(Input):
    """Which lines: the newest ones, or some beside a line; `seen`: the attempt the asking page shows already."""

    attempt: AttemptNumber | None = None
    before: LineNumber | None = None
    after: LineNumber | None = None
    seen: AttemptNumber | None = None
    level: Level | None = None
    q: Search | None = None


class FileQuery(Input):
    """Which attempt, and after which line: of what one file has no room for, the next one has the rest."""

    attempt: AttemptNumber | None = None
    after: LineNumber = 0


@dataclass(frozen=True, kw_only=True)
class ShownLine:
    """One line; `parts` is its message in pieces, with whether each is what is sought."""

    number: int
    clock: str
    at: str
    level: str
    tone: str
    parts: list[tuple[str, bool]]
    fields: str


@dataclass(frozen=True, kw_only=True)
class ShownLog:
    """Some lines of one attempt, and the addresses of those around them; `next` is where new ones will be."""

    attempt: int
    lines: list[ShownLine]
    earlier: str | None
    later: str | None
    newest: str | None
    next: str | None


def is_live(visit: Visit, row: ExecutionRow) -> bool:
    """Whether its page has news to wait for."""
    has_ended = row.status in FINAL_STATUSES and row.finished_at is not None
    return not has_ended or (row.finished_at is not None and visit.now - row.finished_at < _LINGERS)


def shown_log(
    opened: Connection, visit: Visit, row: ExecutionRow, query: LogQuery, *, link: Callable[..., str]
) -> ShownLog:
    """The lines this query asks for. link: the address of this page with these parameters of its query."""
    is_another = query.attempt is None and query.seen is not None and query.seen != row.attempt
    after = None if is_another else query.after
    found = log_page(
        opened, row.id, attempt=query.attempt, after=after, before=query.before, level=query.level, text=query.q,
        limit=_AT_ONCE if after is None else _MOST_NEW,
    )  # fmt: skip
    first = found.lines[0].line if found.lines else None
    last = found.lines[-1].line if found.lines else after or 0
    is_older = query.before is not None or (after is not None and query.seen is None)
    follows = is_live(visit, row) and not is_older
    return ShownLog(
        attempt=found.attempt,
        lines=[_line(each, visit.zone, query.q) for each in found.lines],
        earlier=link(before=first) if found.has_earlier and first is not None else None,
        later=link(after=last) if found.has_later and is_older else None,
        newest=link() if is_older else None,
        next=link(after=last, seen=found.attempt) if follows else None,
    )


def _line(row: LogRow, zone: ZoneInfo, sought: str | None) -> ShownLine:
    return ShownLine(
        number=row.line,
        clock=f"{row.logged_at.astimezone(zone):%H:%M:%S.%f}"[:-3],
        at=row.logged_at.astimezone(UTC).isoformat(timespec="milliseconds"),
        level=row.level,
        tone=_TONES.get(row.level, ""),
        parts=_parts(row.message, sought),
        fields=_fields(row.fields),
    )


def _parts(message: str, sought: str | None) -> list[tuple[str, bool]]:
    if not sought:
        return [(message, False)]
    pieces = re.split(f"({re.escape(sought)})", message, flags=re.IGNORECASE)
    return [(piece, number % 2 == 1) for number, piece in enumerate(pieces) if piece]


def _fields(fields: Mapping[str, Any] | None) -> str:
    said = {name: value if isinstance(value, str) else _as_json(value) for name, value in (fields or {}).items()}
    short = " ".join(f"{name}={value}" for name, value in said.items() if "\n" not in value)
    return "\n".join([short, *(f"{name}={value}" for name, value in said.items() if "\n" in value)]).lstrip("\n")


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


@page(logs, "GET", "/executions/{execution_id}/log.txt", permission=JOBS_VIEW, query=FileQuery)
def download_log(visit: Visit, execution_id: str, query: FileQuery) -> Response:
    """A text file of all lines of an attempt, or as many as an answer holds: then it says where the rest is."""
    with connection() as opened:
        row, _ = execution_service.get(opened, incoming.execution_id(execution_id))
        attempt = row.attempt if query.attempt is None else query.attempt
        rest = visit.link(f"/executions/{row.id}/log.txt", attempt=attempt)
        text = "".join(_file(opened, row, attempt, after=query.after, rest=rest))
    headers: dict[str, str | list[str]] = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Disposition": f'attachment; filename="{row.job_id}-{row.id}-{attempt}.log"',
    }
    return Response(text, headers=headers)


def _file(opened: Connection, row: ExecutionRow, attempt: int, *, after: int, rest: str) -> Iterator[str]:
    room = _LARGEST_FILE
    while True:
        found = log_page(opened, row.id, attempt=attempt, after=after, limit=1_000)
        for line in found.lines:
            text = _file_line(line)
            room -= len(json.dumps(text))  # as the answer will hold it
            if room < 0:
                yield f"… cut: an answer holds no more. The lines after {after} are at {rest}&after={after}\n"
                return
            yield text
            after = line.line
        if not found.has_later:
            return


def _file_line(row: LogRow) -> str:
    fields = f" {_as_json(row.fields)}" if row.fields else ""
    return f"{row.logged_at.astimezone(UTC).isoformat(timespec='milliseconds')} {row.level} {row.message}{fields}\n"
