"""Instants and durations, as people write and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure

_DURATION = re.compile(r"([0-9]{1,6})(s|m|h|d|w)")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration(text: str, *, option: str) -> timedelta:
    """What `90s`, `15m`, `2h`, `3d` or `1w` says. Raises Failure."""
    found = _DURATION.fullmatch(text)
    if found is None:
        raise Failure(ExitCode.USAGE, f"{option} {text!r} is invalid: use a number with s, m, h, d or w, such as 90s")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def instant(text: str, *, option: str, zone: tzinfo | None) -> datetime:
    """An ISO 8601 instant; without an offset it is in this zone, None being the local one. Raises Failure."""
    try:
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is not None else (at.astimezone() if zone is None else at.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        rule = "ISO 8601, such as 2027-01-01T08:00 or 2027-01-01T08:00+01:00"
        raise Failure(ExitCode.USAGE, f"{option} {text!r} is invalid: use {rule}") from None


def ahead(text: str | None, *, option: str, now: datetime, zone: tzinfo | None) -> str | None:
    """An instant, or so long from now, as the API takes it."""
    return _said(text, option=option, now=now, zone=zone, direction=1)


def ago(text: str | None, *, option: str, now: datetime, zone: tzinfo | None) -> str | None:
    """An instant, or so long ago, as the API takes it."""
    return _said(text, option=option, now=now, zone=zone, direction=-1)


def _said(text: str | None, *, option: str, now: datetime, zone: tzinfo | None, direction: int) -> str | None:
    if text is None:
        return None
    if _DURATION.fullmatch(text):
        try:
            return (now + direction * duration(text, option=option)).isoformat()
        except OverflowError:
            raise Failure(ExitCode.USAGE, f"{option} {text!r} is invalid: there is no such date") from None
    return instant(text, option=option, zone=zone).isoformat()


def absolute(text: str | None, *, zone: tzinfo | None) -> str:
    """An instant of the API in this zone, None being the local one: `2026-11-23 14:05:03 CET`."""
    return f"{datetime.fromisoformat(text).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if text else ""


def relative(text: str | None, *, now: datetime) -> str:
    """How far an instant of the API is: `in 5 min`, `2 h ago`."""
    if not text:
        return ""
    seconds = (datetime.fromisoformat(text) - now).total_seconds()
    size = spoken(abs(seconds))
    return f"in {size}" if seconds >= 0 else f"{size} ago"


def spoken(seconds: float) -> str:
    """How long this is in its largest unit."""
    for length, unit in _STEPS:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "0 s"


def both(text: str | None, *, now: datetime, zone: tzinfo | None) -> str:
    """An instant of the API both ways, the one for people first."""
    return f"{relative(text, now=now)} · {absolute(text, zone=zone)}" if text else ""


def took(seconds: float | None) -> str:
    """How long something took: `0.12 s`, `1:05:09`."""
    if seconds is None:
        return ""
    return f"{seconds:.2f} s" if seconds < 60 else str(timedelta(seconds=int(seconds)))


def parsed_utc(is_utc: bool) -> tzinfo | None:
    """The zone of `--utc`; None is the local one."""
    return UTC if is_utc else None
