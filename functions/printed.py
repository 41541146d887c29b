"""print as lines: while a job runs, what it writes to sys.stdout becomes INFO lines of the logger `print`."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

logger = logging.getLogger("print")

# Somebody who never ends a line must not fill the memory.
_LONGEST = 1_000_000


class Stdout:
    """sys.stdout as it is at each write, or what is behind it while print is captured: for handlers that stay."""

    def write(self, text: str) -> int:
        """Write to the real thing, never to what captures it."""
        return _behind(sys.stdout).write(text)

    def flush(self) -> None:
        """Flush the real thing."""
        _behind(sys.stdout).flush()


@contextmanager
def printed_as_lines() -> Iterator[None]:
    """Inside the block a printed line is a logged line; a last one without an end is logged when the block ends."""
    printed, before = _Printed(sys.stdout), sys.stdout
    sys.stdout = printed
    logger.disabled = False  # logging.config.dictConfig, of some library, disables every logger it does not name
    try:
        yield
    finally:
        printed.close_lines()
        if sys.stdout is printed:
            sys.stdout = before


class _Printed:
    """Stands in for sys.stdout; everything but writing text is the original's."""

    def __init__(self, behind: TextIO) -> None:
        self.behind = behind
        self._begun: dict[int, str] = {}  # by thread: each touches only its own
        self._logging = threading.local()
        self._open = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.behind, name)

    def write(self, text: str) -> int:
        """Log the lines this completes, and keep the rest for the next write of this thread."""
        if not self._open or self._is_logged_already():
            return self.behind.write(text)
        *lines, rest = (self._begun.pop(threading.get_ident(), "") + text).split("\n")
        if len(rest) > _LONGEST:
            lines, rest = [*lines, rest], ""
        if rest:
            self._begun[threading.get_ident()] = rest
        for line in lines:
            self._log(line)
        return len(text)

    def writelines(self, texts: list[str]) -> None:
        """Write each."""
        for text in texts:
            self.write(text)

    def close_lines(self) -> None:
        """Log what has no end yet; from now on everything goes through, for whoever still holds this object."""
        for line in list(self._begun.values()):
            self._log(line)
        self._begun.clear()
        self._open = False

    def _is_logged_already(self) -> bool:
        """Whether a logging handler writes here, made while we stood in: its record is a line already. Or we do."""
        writer = sys._getframe(2).f_globals.get("__name__")
        return writer == "logging" or getattr(self._logging, "now", False)

    def _log(self, line: str) -> None:
        if line.startswith("{") and '"_aws"' in line:
            # CloudWatch reads metrics (embedded metric format) only from a line that is nothing else.
            self.behind.write(line + "\n")
        elif line.strip():
            self._logging.now = True
            try:
                logger.info(line, stacklevel=3)
            finally:
                self._logging.now = False


def _behind(stream: TextIO) -> TextIO:
    while isinstance(stream, _Printed):
        stream = stream.behind
    return stream
