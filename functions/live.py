"""What of an execution can be seen, and said to it, while its code runs: flushed every few seconds by one thread."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from functions.db.live import Standing
from functions.log_lines import Lines
from functions.progress import Progress

logger = logging.getLogger("lamplighter.live")


Write = Callable[..., Standing]
"""Takes lines, first_line and progress (None: unchanged), writes them and answers how the execution stands."""


class Live:
    """Lines, progress and the wish to cancel, of the execution that runs now."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.progress = Progress()
        self.standing = Standing(is_ours=True)
        self._failing = False

    def flush(self, write: Write) -> None:
        """Write what is new and hear how we stand. A failure costs nothing: all of it is kept for the next time."""
        if not self.standing.is_ours:
            return
        new = self.unwritten()
        try:
            self.standing = write(**new)
        except Exception as error:  # noqa: BLE001 - whatever it is, the job goes on and the finish tries again
            self._note(error)
            return
        self._failing = False
        self.lines.written += len(new["lines"])
        self.progress.written(new["progress"])

    def unwritten(self) -> dict[str, Any]:
        """What the finish has to write still: lines, first_line and progress."""
        return {"lines": self.lines.left, "first_line": self.lines.written + 1, "progress": self.progress.changed()}

    def _note(self, error: Exception) -> None:
        if not self._failing:
            logger.warning("lines and progress cannot be written now, they are kept: %s", error)
        self._failing = True


class Ticker:
    """One thread for the life of the process; it calls what is being watched every every_s, first after that time.

    An execution that ends before its first call costs no thread, no wake-up and no round trip.
    """

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._lock = threading.Lock()
        self._call: Callable[[], None] | None = None
        self._due = 0.0
        threading.Thread(target=self._run, name="lamplighter-live", daemon=True).start()

    @contextmanager
    def watching(self, call: Callable[[], None]) -> Iterator[None]:
        """Call this every every_s while the block runs; when it has ended no call is under way."""
        with self._lock:
            self._call, self._due = call, time.monotonic() + self._every_s
        try:
            yield
        finally:
            with self._lock:
                self._call = None

    def _run(self) -> None:
        while True:
            time.sleep(self._tick())

    def _tick(self) -> float:
        """Call what is due; how long to sleep then, in seconds."""
        with self._lock:
            if self._call is None:
                return self._every_s
            if time.monotonic() >= self._due:
                self._call()
                self._due = time.monotonic() + self._every_s
            return max(0.0, self._due - time.monotonic())


@cache
def ticker(every_s: float) -> Ticker:
    """The process's ticker of this interval."""
    return Ticker(every_s)
