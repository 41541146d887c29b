"""The days on which a zone's clocks change, and the scheduled times those changes skip or repeat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import Any

from functions.scheduling import zones
from functions.scheduling.cron import Schedule

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class ClockChange:
    """One change of a zone's clocks, as the wall clock shows it before and after, each with its offset.

    `times` are the schedule's wall-clock times (naive) inside: without an occurrence where the clocks go forward,
    with one, the first, where they go back (EventBridge Scheduler User Guide, "Schedule types").
    """

    before: datetime
    after: datetime
    times: tuple[datetime, ...]

    @property
    def at(self) -> datetime:
        """The instant, in UTC."""
        return self.after.astimezone(UTC)

    @property
    def is_forward(self) -> bool:
        """Whether wall-clock times are skipped; otherwise they are repeated."""
        return _naive(self.after) > _naive(self.before)

    @property
    def starts_at(self) -> datetime:
        """The first wall-clock time (naive) that is skipped or repeated."""
        return min(_naive(self.before), _naive(self.after))

    def to_json(self) -> dict[str, Any]:
        """The change as JSON values."""
        return {
            "at": self.at.isoformat(),
            "before": self.before.isoformat(),
            "after": self.after.isoformat(),
            "times": [local.isoformat() for local in self.times],
        }


def around(schedule: Schedule, occurrences: Sequence[datetime], *, now: datetime) -> tuple[ClockChange, ...]:
    """The changes from today to the day of the last occurrence that share a day with one, or skip or repeat a time."""
    zone = zones.find(schedule.timezone)
    if not occurrences or schedule.period is not None or zone is zones.UTC:
        return ()
    days = {occurrence.astimezone(zone).date() for occurrence in occurrences}
    changes = (
        _change(schedule, instant, before, after)
        for instant, before, after in _transitions(zone, _midnight(now, zone), _midnight(occurrences[-1] + _DAY, zone))
    )
    return tuple(change for change in changes if change.times or change.starts_at.date() in days)


def _change(schedule: Schedule, instant: datetime, before: timedelta, after: timedelta) -> ClockChange:
    first, end = (_naive(instant) + offset for offset in sorted((before, after)))
    return ClockChange(
        before=instant.astimezone(timezone(before)),
        after=instant.astimezone(timezone(after)),
        times=tuple(_wall_times(schedule, first, end)),
    )


def _wall_times(schedule: Schedule, first: datetime, end: datetime) -> Iterator[datetime]:
    """The schedule's times on a wall clock that never changes: read in UTC, it is one."""
    wall = Schedule.parse(schedule.text)
    found = wall.next_after(first.replace(tzinfo=UTC) - _SECOND)
    while found is not None and _naive(found) < end:
        yield _naive(found)
        found = wall.next_after(found)


def _transitions(zone: tzinfo, start: datetime, end: datetime) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    """Each instant the offset changes at, with the offsets before and after it."""
    day = start
    while day < end:
        before, after = _offset(day, zone), _offset(day + _DAY, zone)
        if before != after:
            earlier, later = day, day + _DAY
            while later - earlier > _SECOND:
                middle = earlier + (later - earlier) // 2 // _SECOND * _SECOND
                earlier, later = (middle, later) if _offset(middle, zone) == before else (earlier, middle)
            yield later, before, after
        day += _DAY


def _midnight(instant: datetime, zone: tzinfo) -> datetime:
    return datetime.combine(instant.astimezone(zone).date(), time(), zone).astimezone(UTC)


def _offset(instant: datetime, zone: tzinfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def _naive(instant: datetime) -> datetime:
    return instant.replace(tzinfo=None)
