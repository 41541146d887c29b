"""IANA time zones, and the instant a wall-clock time stands for under EventBridge Scheduler's daylight-saving rule."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone, tzinfo

from functions.errors import InvalidSchedule
from functions.scheduling.quoted import quoted
from functions.text import Text

UTC = timezone.utc  # noqa: UP017 (the name this module exports)

# Scheduler takes at most 50 characters. Text: the sweep imports this, and hardly a schedule has a zone to check.
_NAME = r"[A-Za-z][A-Za-z0-9_+\-/]{0,49}"
_MINUTE = timedelta(minutes=1)
_NOT_IANA = ("posix/", "right/", "localtime", "posixrules", "Factory")


def find(name: str) -> tzinfo:
    """The time zone of an IANA name. Raises InvalidSchedule."""
    if name == "UTC":
        return UTC
    # Imported late: a function whose jobs all run in UTC never pays for the database.
    from zoneinfo import ZoneInfo

    try:
        if not re.fullmatch(_NAME, name) or name.startswith(_NOT_IANA):
            raise ValueError
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise InvalidSchedule(
            Text(
                "time zone %(name)s is unknown: use a name of the IANA database, at most 50 characters, such as "
                "%(nearest)s",
                name=quoted(name),
                nearest=_nearest(name) or Text("UTC or Europe/Prague"),
            )
        ) from None


def instant(local: datetime, zone: tzinfo) -> datetime | None:
    """The instant (UTC) Scheduler runs a wall-clock time at: None where the clocks skip it, the first of two where they
    repeat it (EventBridge Scheduler User Guide, "Schedule types", daylight saving time)."""
    if zone is UTC:
        return local.replace(tzinfo=UTC)
    before, after = _offsets(local, zone)
    return None if after > before else (local - before).replace(tzinfo=UTC)


def skipped_around(local: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """A stretch of wall-clock time (naive, both ends in it) the clocks skip around `local`, which they skip too.

    At most a minute short of the whole at either end: enough to walk past it without asking for each minute.
    """
    before, after = _offsets(local, zone)
    earlier, later = local - after, local - before  # in UTC: the transition lies between
    while later - earlier > _MINUTE:
        middle = earlier + (later - earlier) / 2
        if middle.replace(tzinfo=UTC).astimezone(zone).utcoffset() == before:
            earlier = middle
        else:
            later = middle
    return min(local, later + before), max(local, earlier + after - _MINUTE)


def first_reading(instant: datetime, zone: tzinfo) -> datetime:
    """The wall clock at an instant (naive); in a repeated stretch, as if it had not been set back."""
    local = instant.astimezone(zone).replace(tzinfo=None)
    if zone is UTC or not instant.astimezone(zone).fold:
        return local
    before, after = _offsets(local, zone)
    return local + (before - after)


def _offsets(local: datetime, zone: tzinfo) -> tuple[timedelta, timedelta]:
    """The offsets before and after a transition around a wall-clock time (PEP 495); the same where there is none."""
    before = zone.utcoffset(local.replace(tzinfo=zone, fold=0))
    after = zone.utcoffset(local.replace(tzinfo=zone, fold=1))
    if before is None or after is None:
        raise ValueError(f"{zone} has no offset")
    return before, after


def _nearest(name: str) -> str | None:
    """The zone meant by a name in other capitals, or by its last part alone."""
    from zoneinfo import available_timezones

    wanted = name.lower()[:50].replace(" ", "_")
    names = sorted(name for name in available_timezones() if not name.startswith(_NOT_IANA))
    alike = [zone for zone in names if zone.lower() == wanted]
    alike += [zone for zone in names if zone.lower().rpartition("/")[2] == wanted]
    return alike[0] if alike else None
