"""How a refused value is shown in a message: quoted, and cut before it floods a log line."""

from __future__ import annotations

_LONGEST = 80


def quoted(value: str) -> str:
    """The value as Python would write it, at most about 80 characters of it."""
    if len(value) <= _LONGEST:
        return repr(value)
    return f"{value[:_LONGEST]!r}… ({len(value)} characters)"
