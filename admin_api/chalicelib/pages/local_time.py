"""Times people type into a form: on their own clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from chalicelib.refusals import NotValid
from functions.text import Text


def instant(text: str | None, zone: ZoneInfo) -> datetime | None:
    """The instant of an <input type="datetime-local"> in the viewer's zone. Raises NotValid for what is no time."""
    if text is None:
        return None
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        local = None
    if local is None or local.tzinfo is not None:
        raise NotValid(Text("%(text)s is not a time: use a date and a time, as 2026-12-24T18:00", text=repr(text[:50])))
    return local.replace(tzinfo=zone)


def moment(text: str | None, zone: ZoneInfo) -> datetime | None:
    """As `instant`, but of an address, which may also say its offset. Raises NotValid for what is no time."""
    try:
        parsed = datetime.fromisoformat(text) if text else None
    except ValueError:
        parsed = None
    return parsed if parsed is not None and parsed.tzinfo is not None else instant(text or None, zone)
