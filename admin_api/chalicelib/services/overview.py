"""What somebody needs to know first: what runs, what went wrong, what is next, and whether that is as it should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from chalicelib.services import stats
from chalicelib.services.stats import StatsPage
from functions.db import job_list, overview
from functions.db.connection import Connection
from functions.db.overview import Running, Trouble, Waiting
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


@dataclass(frozen=True, kw_only=True)
class Overview:
    """All of it; `states`: how many jobs of the list are in each state."""

    running: list[Running]
    troubles: list[Trouble]
    waiting: Waiting
    states: dict[str, int]
    hours: StatsPage
    days: StatsPage
    next_hour: NextHour

    @property
    def jobs(self) -> int:
        """How many jobs there are."""
        return sum(self.states.values())

    @property
    def has_run(self) -> bool:
        """Whether anything has run in these days, or does."""
        total = self.days.total
        return bool(self.running or total.success_rate is not None or total.missed or total.skipped)


def look(connection: Connection, *, now: datetime) -> Overview:
    """How things are now."""
    next_executions.advance(connection, now=now)
    hours = stats.stats(connection, by="hour", since_at=None, until_at=None, job_id=None, now=now)
    return Overview(
        running=overview.running(connection, limit=_RUNNING),
        troubles=overview.troubles(connection, since_at=hours.since_at, limit=_TROUBLES),
        waiting=overview.waiting(connection),
        states=job_list.counts(connection, is_enabled=settings().jobs_enabled),
        hours=hours,
        days=stats.stats(connection, by="day", since_at=None, until_at=None, job_id=None, now=now),
        next_hour=next_hour(connection, now=now),
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
