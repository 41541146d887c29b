"""What a function's instances write, in one file per function that cannot fill the disk."""

from __future__ import annotations

from pathlib import Path
from typing import IO

_TAIL_BYTES = 4096  # "Invoke": LogType=Tail gives the last 4 KB
_MAX_BYTES = 4_000_000


class FunctionLog:
    """A function's log file; instances append to it directly, so what was printed before a crash is there."""

    def __init__(self, path: Path, *, max_bytes: int = _MAX_BYTES) -> None:
        self._path = path
        self._max_bytes = max_bytes
        path.parent.mkdir(parents=True, exist_ok=True)

    def open(self) -> IO[bytes]:
        """The file, to be written by a child process; the caller closes it."""
        return self._path.open("ab")

    def write_line(self, line: str) -> None:
        """Adds a line of the platform's."""
        with self._path.open("ab") as file:
            file.write(line.encode() + b"\n")

    def size(self) -> int:
        """Bytes so far: where the next line will begin."""
        return self._path.stat().st_size if self._path.exists() else 0

    def tail(self, *, since: int) -> bytes:
        """The last 4 KB written after the position `since`."""
        size = self.size()
        with self._path.open("rb") as file:
            file.seek(max(size - _TAIL_BYTES, since if since <= size else 0))
            # awslambdaric ends the lines of a stack trace with a carriage return, for CloudWatch's sake.
            return file.read().replace(b"\r", b"\n")

    def trim(self) -> None:
        """Keeps the newer half of a file that grew too large. Truncated in place: every writer appends."""
        if self.size() <= self._max_bytes:
            return
        with self._path.open("r+b") as file:
            file.seek(-(self._max_bytes // 2), 2)
            newest = file.read()
            file.truncate(0)
            file.seek(0)
            file.write(newest)
