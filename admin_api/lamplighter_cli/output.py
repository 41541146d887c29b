"""What the command writes: answers on standard output, everything about them on standard error."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

STATUS_STYLES: Mapping[str, str] = {
    "succeeded": "green", "enabled": "green", "running": "cyan", "queued": "blue", "scheduled": "blue",
    "retrying": "yellow", "paused": "yellow", "overdue": "yellow", "skipped": "dim", "manual": "dim", "removed": "dim",
    "cancelled": "magenta", "failed": "bold red", "lost": "bold red", "missed": "bold red", "error": "bold red",
    "missing": "bold red", "orphan": "bold red",
}  # fmt: skip
LEVEL_STYLES: Mapping[str, str] = {
    "DEBUG": "dim", "INFO": "green", "WARNING": "yellow", "ERROR": "bold red", "CRITICAL": "bold white on red",
}  # fmt: skip
# What a terminal would obey instead of showing it, in what jobs and people wrote (ECMA-48: C0, DEL and C1).
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_HIDDEN = re.compile("[\x7f-\x9f\u2028\u2029]")
# Where nobody looks at a terminal nothing is folded or cut.
_UNBOUNDED = 100_000


def shown(value: object) -> str:
    """This as text that does nothing to a terminal; None is empty."""
    text = "" if value is None else str(value)
    return _CONTROLS.sub(lambda found: f"\\x{ord(found[0]):02x}", text.replace("\r\n", "\n"))


def status(value: object) -> Text:
    """A status or state in its colour."""
    return Text(shown(value), style=STATUS_STYLES.get(str(value), ""))


def one_line(value: object) -> str:
    """The same as `shown`, on one line."""
    return " ".join(shown(value).split())


class _Console(Console):
    """rich's, without its own way to end when nobody reads on: 1 says something else here."""

    def on_broken_pipe(self) -> None:
        """Raises BrokenPipeError, which command.py answers."""
        raise BrokenPipeError


class Output:
    """Standard output and error. as_json: answers are the API's JSON, and nothing else is on standard output."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.out = _console(is_error=False)
        self.err = _console(is_error=True)

    def json(self, answer: object) -> None:
        """This as JSON: for people's eyes where one looks, else in one line."""
        text = json.dumps(answer, ensure_ascii=False, indent=2 if sys.stdout.isatty() else None)
        print(_HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text))

    def json_line(self, answer: object) -> None:
        """This as JSON in a line of its own, which leaves at once."""
        text = json.dumps(answer, ensure_ascii=False)
        print(_HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text), flush=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Text | str]], *, whole: int = 1) -> None:
        """A row a line; the first `whole` columns are never cut."""
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for number, name in enumerate(columns):
            table.add_column(name, no_wrap=True, overflow="fold" if number < whole else "ellipsis")
        for row in rows:
            table.add_row(*[_cell(value) for value in row])
        self.out.print(table)

    def facts(self, facts: Mapping[str, Text | str | None]) -> None:
        """Name and value, a line each; what is empty is left out."""
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True, style="bold")
        table.add_column(overflow="fold")
        for name, value in facts.items():
            if value is not None and str(value):
                table.add_row(name, value if isinstance(value, Text) else Text(shown(value)))
        self.out.print(table)

    def line(self, text: Text | str) -> None:
        """A line of the answer."""
        self.out.print(text if isinstance(text, Text) else Text(shown(text)))

    def note(self, text: str) -> None:
        """A line about the answer, for people."""
        self.err.print(Text(shown(text)))


def _cell(value: Text | str) -> Text:
    return value if isinstance(value, Text) else Text(one_line(value))


def _console(*, is_error: bool) -> Console:
    console = _Console(stderr=is_error, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = _UNBOUNDED
    return console


def problem(failure_fields: Mapping[str, Any], line: str, *, as_json: bool) -> None:
    """Why it was not done, in one line of standard error."""
    text = json.dumps(failure_fields, ensure_ascii=False) if as_json else f"lamplighter: {one_line(line)}"
    print(_HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text), file=sys.stderr)
