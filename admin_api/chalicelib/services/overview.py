"""What somebody needs to know first: what runs, what went wrong, what is next, and whether that is as it should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from functions.db import job_list, overview
from functions.db.connection import Connection
from functions.db.overview import Ended, Running, Trouble, Waiting
from functions.scheduling import next_executions
from functions.settings import settings

_MINUTE = timedelta(minutes=1)
_MINUTES = 60
_RUNNING = 20
_TROUBLES = 10
_LANES = 12


@dataclass(frozen=True)
class Lane:
    """One job in the next hour: when it is fired, and how often in each of the minutes."""

    job_id: str
    at: tuple[datetime, ...]
    minutes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class NextHour:
    """The next 60 minutes: the first few jobs that are fired, all of them minute by minute, and how many they are."""

    start_at: datetime
    lanes: list[Lane]
    minutes: tuple[int, ...]
    jobs: int

    @property
    def marks(self) -> list[datetime]:
        """The instants an axis names: each ten minutes."""
        return [self.start_at + number * _MINUTE for number in range(0, _MINUTES + 1, 10)]


@dataclass(frozen=True)
class Periods:
    """Hours or days side by side, also those in which nothing ended, and all of them together."""

    each: list[Ended]

    @property
    def total(self) -> Ended:
        """All of them."""
        return _sum(self.each[0].at, self.each)


@dataclass(frozen=True, kw_only=True)
class Overview:
    """All of it; `states`: how many jobs of the list are in each state."""

    running: list[Running]
    troubles: list[Trouble]
    waiting: Waiting
    states: dict[str, int]
    next_hour: NextHour

    @property
    def jobs(self) -> int:
        """How many jobs there are."""
        return sum(self.states.values())


def look(connection: Connection, *, now: datetime) -> Overview:
    """How things are now: cheap enough to be asked every second."""
    next_executions.advance(connection, now=now)
    return Overview(
        running=overview.running(connection, limit=_RUNNING),
        troubles=overview.troubles(connection, since_at=_hours_ago(now, 24), limit=_TROUBLES),
        waiting=overview.waiting(connection),
        states=job_list.counts(connection, job_list.Wanted(is_enabled=settings().jobs_enabled, limit=0)),
        next_hour=next_hour(connection, now=now),
    )


def success(connection: Connection, *, now: datetime) -> tuple[Periods, Periods]:
    """How executions ended in the last 24 hours and the last 30 days (UTC), this one included."""
    first_hour, first_day = _hours_ago(now, 24), _day(now) - timedelta(days=29)
    hours = overview.ended(connection, since_at=first_day)
    known = {each.at: each for each in hours}
    days: dict[datetime, list[Ended]] = {}
    for each in hours:
        days.setdefault(_day(each.at), []).append(each)
    starts = [first_hour + timedelta(hours=number) for number in range(24)]
    dates = [first_day + timedelta(days=number) for number in range(30)]
    return (
        Periods([known.get(at, _sum(at, ())) for at in starts]),
        Periods([_sum(at, days.get(at, ())) for at in dates]),
    )


def _hours_ago(now: datetime, hours: int) -> datetime:
    """The hour that is the first of so many, this one included."""
    return now.astimezone(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(hours=hours - 1)


def _day(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _sum(at: datetime, hours: Sequence[Ended]) -> Ended:
    return (
        Ended(at, *(sum(counts) for counts in zip(*(each[1:] for each in hours), strict=True)))
        if hours
        else Ended(at, 0, 0, 0, 0, 0)
    )


def next_hour(connection: Connection, *, now: datetime) -> NextHour:
    """What AWS fires in the next hour, by what is stored of each job; nothing where jobs are switched off."""
    start = now.replace(second=0, microsecond=0)
    end = start + _MINUTES * _MINUTE
    due = overview.due(connection, after=now, before=end) if settings().jobs_enabled else []
    lanes = [Lane(job.id, *_fires(job.schedule, job.timezone, job.next_execution_at, start)) for job in due[:_LANES]]
    # Many jobs share a schedule, so each is computed once.
    shared = Counter((job.schedule, job.timezone, job.next_execution_at) for job in due)
    return NextHour(start_at=start, lanes=lanes, minutes=_all_minutes(shared, start), jobs=len(due))


def _all_minutes(shared: Counter[tuple[str, str, datetime]], start: datetime) -> tuple[int, ...]:
    minutes = [0] * _MINUTES
    for (schedule, timezone, first), jobs in shared.items():
        for number, fires in enumerate(_fires(schedule, timezone, first, start)[1]):
            minutes[number] += fires * jobs
    return tuple(minutes)


@lru_cache(maxsize=8192)
def _fires(
    schedule: str, timezone: str, first: datetime, start: datetime
) -> tuple[tuple[datetime, ...], tuple[int, ...]]:
    """The occurrences from `first`, one of them, to the end of the hour, and how many are in each of its minutes.

    `first` is on the phase of a rate, whoever knows that.
    """
    following = next_executions.parsed(schedule, timezone).between(first, start + _MINUTES * _MINUTE, anchor=first)
    at = (first, *following)
    return at, _by_minute(at, start)


def _by_minute(at: Sequence[datetime], start: datetime) -> tuple[int, ...]:
    minutes = [0] * _MINUTES
    for each in at:
        minutes[(each - start) // _MINUTE] += 1
    return tuple(minutes)
