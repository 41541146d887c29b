"""A line on the terminal that shows how far a command is."""

from __future__ import annotations

import sys

_WIDTH = 30


def is_watched() -> bool:
    """Whether a person looks at standard error."""
    return sys.stderr.isatty()


def draw(label: str, done: int, total: int) -> None:
    """Draw it over the one before; the last one ends the line."""
    filled = _WIDTH * done // max(total, 1)
    end = "\n" if done == total else ""
    print(f"\r{label} [{'#' * filled}{'.' * (_WIDTH - filled)}] {done}/{total}", end=end, file=sys.stderr, flush=True)
