"""What reading an expression gives, whichever dialect it was in: the pattern, and what about it may surprise."""

from __future__ import annotations

from functions.record import Record
from functions.scheduling.pattern import Pattern


class Reading(Record):
    """A pattern and one warning for everything about it that people tend to expect otherwise."""

    pattern: Pattern
    warnings: tuple[str, ...]
