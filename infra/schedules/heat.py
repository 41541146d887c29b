"""Same-minute heat: how many jobs fall on each minute of the next 24 hours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.scheduling.cron import Schedule

# Many at once is a matter of taste until a quota answers: a new AWS account may start with 10 concurrent executions
# (Lambda quotas), so that half of them in one minute is worth a word.
MANY = 5

_WINDOW = timedelta(hours=24)
_MINUTES = 24 * 60


@dataclass(frozen=True)
class Crowd:
    """Jobs that share minutes: which, how often in the window, and when first (UTC)."""

    job_ids: tuple[str, ...]
    first_at: datetime
    count: int


@dataclass(frozen=True)
class Heat:
    """The jobs of each minute (UTC) of the 24 hours after `start`."""

    start: datetime
    job_ids_at: Mapping[datetime, tuple[str, ...]]

    @property
    def most(self) -> int:
        """How many jobs the busiest minute has."""
        return max(map(len, self.job_ids_at.values()), default=0)

    @property
    def by_hour(self) -> list[tuple[int, int]]:
        """Each hour of the day (UTC) from now on, with the most jobs one of its minutes has."""
        most: dict[int, int] = defaultdict(int)
        for minute, job_ids in self.job_ids_at.items():
            most[minute.hour] = max(most[minute.hour], len(job_ids))
        return [(hour % 24, most[hour % 24]) for hour in range(self.start.hour, self.start.hour + 24)]

    @property
    def crowds(self) -> list[Crowd]:
        """Every set of MANY or more jobs that share a minute, the largest first."""
        minutes: dict[tuple[str, ...], list[datetime]] = defaultdict(list)
        for minute, job_ids in sorted(self.job_ids_at.items()):
            if len(job_ids) >= MANY:
                minutes[job_ids].append(minute)
        crowds = [Crowd(job_ids, shared[0], len(shared)) for job_ids, shared in minutes.items()]
        return sorted(crowds, key=lambda crowd: (-len(crowd.job_ids), crowd.first_at))


def measure(schedules: Mapping[str, Schedule], now: datetime) -> Heat:
    """The heat of these schedules by job id; a rate, whose minutes nobody knows beforehand, adds nothing."""
    job_ids_at: dict[datetime, list[str]] = defaultdict(list)
    for job_id, schedule in sorted(schedules.items()):
        for at in _between(schedule, now, now + _WINDOW):
            job_ids_at[at].append(job_id)
    return Heat(now, {minute: tuple(job_ids) for minute, job_ids in job_ids_at.items()})


def _between(schedule: Schedule, now: datetime, end: datetime) -> list[datetime]:
    """The occurrences after `now` up to `end`, asked for in ever larger portions: most schedules have only a few."""
    count = 4
    while (found := schedule.upcoming(now, count)) and found[-1] <= end and len(found) == count:
        count = min(4 * count, _MINUTES + 1)
    return [at for at in found if at <= end]
