"""What a person sees of a deploy: steps with their times, stacks with their states, and colours where they help."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

from infra.deploying.plan_text import Line

_BAD, _GOOD = ("FAILED", "ROLLBACK"), ("COMPLETE", "UNCHANGED")


class Display:
    """On standard error while it works; rich leaves colours out without a terminal and with NO_COLOR set."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._console = Console(stderr=True, quiet=quiet, highlight=False, soft_wrap=True)
        self._status: Status | None = None
        self._states: dict[str, str] = {}
        self._step = ""

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status = self._console.status("")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()

    def pause(self) -> None:
        """Keep still: somebody is asked something."""
        if self._status is not None:
            self._status.stop()

    def begins(self, step: str) -> None:
        """A step begins."""
        self._step, self._states = step, {}
        self._draw()

    def report(self, step: str, seconds: float, detail: str) -> None:
        """A step has ended."""
        first, *more = detail.splitlines() or [""]
        self._console.print(Text(f"{step:<24} {seconds:6.2f} s   {first}".rstrip()))
        for line in more:
            self._console.print(Text(" " * 36 + line, style="dim"))

    def progress(self, stack: str, state: str) -> None:
        """A stack is in another state. Without a terminal each is a line, which is what a log of CI shows."""
        self._states[stack] = state
        if self._status is None:
            self._console.print(Text(f"    {stack}: {state}", style=_style(state)))
        else:
            self._draw()

    def _draw(self) -> None:
        if self._status is not None:
            busy = [f"{name} {state}" for name, state in self._states.items() if _style(state) == "yellow"]
            done = len(self._states) - len(busy)
            names = f": {', '.join(busy[:3])}" if busy else ""
            said = f" ({done} of {len(self._states)} stacks done{names})" if self._states else ""
            self._status.update(Text(f"{self._step}{said}"))
            self._status.start()


def show(lines: Iterable[Line]) -> None:
    """Print them on standard output, in their styles where that can be seen."""
    console = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    for text, style in lines:
        console.print(Text(text, style=style))


def _style(state: str) -> str:
    if any(word in state for word in _BAD):
        return "red"
    return "green" if state.endswith(_GOOD) and "IN_PROGRESS" not in state else "yellow"
