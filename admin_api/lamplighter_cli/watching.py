"""An execution followed to its end: its lines as they come, its progress as bars; looking never disturbs it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from lamplighter_cli.client import ADMIN
from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure, Unavailable
from lamplighter_cli.output import LEVEL_STYLES, one_line, shown
from lamplighter_cli.session import Session

FINAL = ("succeeded", "failed", "skipped", "cancelled", "lost", "missed")
_EVERY_S = 1.0
# For so long the API may be away while something is watched.
_PATIENCE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What is followed and what is shown of it. after: the newest line that was shown before."""

    execution_id: str
    with_lines: bool
    with_bars: bool
    level: str | None = None
    search: str | None = None
    attempt: int = 1
    after: int = 0


def watch(session: Session, watched: Watched) -> dict[str, Any]:
    """The execution as the API shows it once it has ended, all its lines shown. Raises Failure.

    Ctrl-C stops looking and nothing else: the failure says so.
    """
    try:
        with _bars(session, watched) as bars:
            return _Follower(session, watched, bars).to_the_end()
    except KeyboardInterrupt:
        raise Failure(
            ExitCode.STOPPED,
            f"you stopped watching; execution {watched.execution_id} goes on: "
            f"lamplighter logs {watched.execution_id} --follow, or lamplighter cancel {watched.execution_id}",
        ) from None


def line(entry: dict[str, Any], session: Session) -> Text:
    """A log line for people: time, level, message, and the fields that came with it."""
    at = datetime.fromisoformat(entry["loggedAt"]).astimezone(session.zone)
    text = Text(f"{at:%H:%M:%S} ", style="dim")
    text.append(f"{entry['level']:<8} ", style=LEVEL_STYLES.get(entry["level"], ""))
    text.append(shown(entry["message"]), style="default")
    for name, value in (entry.get("fields") or {}).items():
        text.append(f" {one_line(name)}={one_line(value)}", style="dim")
    return text


class _Follower:
    def __init__(self, session: Session, watched: Watched, bars: Progress | None) -> None:
        self._session = session
        self._watched = watched
        self._bars = bars
        self._attempt = watched.attempt
        self._after = watched.after
        self._tasks: dict[str, TaskID] = {}

    def to_the_end(self) -> dict[str, Any]:
        away_since: float | None = None
        while True:
            try:
                execution = self._look()
                away_since = None
            except Unavailable as error:
                away_since = away_since or time.monotonic()
                if time.monotonic() - away_since > _PATIENCE_S:
                    raise
                self._session.output.note(f"{error.line}; it is asked again")
                execution = {"status": None}
            if execution["status"] in FINAL:
                return execution
            time.sleep(_EVERY_S)

    def _look(self) -> dict[str, Any]:
        # The execution first: lines that are there once it has ended are all there will be.
        execution: dict[str, Any] = self._session.client.json(f"{ADMIN}/executions/{self._watched.execution_id}")
        self._draw(execution)
        if self._watched.with_lines:
            while self._attempt < execution["attempt"]:
                self._show_lines()
                self._attempt, self._after = self._attempt + 1, 0
            self._show_lines()
        return execution

    def _show_lines(self) -> None:
        while True:
            wanted = {"level": self._watched.level, "q": self._watched.search}
            query = {**wanted, "after": self._after, "attempt": self._attempt}
            page = self._session.client.json(f"{ADMIN}/executions/{self._watched.execution_id}/logs", query)
            for entry in page["lines"]:
                self._show(entry)
            if page["lines"]:
                self._after = page["lines"][-1]["line"]
            if not page["hasLater"] or not page["lines"]:
                return

    def _show(self, entry: dict[str, Any]) -> None:
        if self._session.as_json:
            return self._session.output.json_line({"attempt": self._attempt, **entry})
        # Above the bars, where both are on one terminal.
        return self._session.output.out.print(line(entry, self._session))

    def _draw(self, execution: dict[str, Any]) -> None:
        if self._bars is None:
            return
        attempt = f", attempt {execution['attempt']}" if execution["attempt"] > 1 else ""
        self._bar("", f"{execution['job']} {execution['status']}{attempt}", 0, None)
        for bar in execution["progress"]:
            label = one_line(bar.get("label") or "progress")
            self._bar(label, label, bar.get("done") or 0, bar.get("total"))

    def _bar(self, key: str, label: str, done: float, total: float | None) -> None:
        assert self._bars is not None
        if key not in self._tasks:
            self._tasks[key] = self._bars.add_task(label, total=total)
        self._bars.update(self._tasks[key], description=label, completed=done, total=total)


@contextmanager
def _bars(session: Session, watched: Watched) -> Iterator[Progress | None]:
    """Bars on the terminal, if there is one; lines on the same one are printed above them."""
    output = session.output
    console = output.out if output.out.is_terminal and not session.as_json else output.err
    if not watched.with_bars or not console.is_terminal:
        yield None
        return
    columns = (
        SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as progress:
        yield progress
