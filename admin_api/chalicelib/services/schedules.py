"""A schedule explained: when it would run, what the clocks do to it, and what AWS would be given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.services.occurrences import Change, Direction
from functions.db import triggers
from functions.db.connection import Connection
from functions.scheduling.cron import Schedule
from functions.settings import settings
from functions.text import Text

if TYPE_CHECKING:
    from functions.scheduling import clock_changes

_YEAR = timedelta(days=366)


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One of them: the instant, the wall clock's time (both aware), and which way the clocks go that day."""

    at: datetime
    local: datetime
    clock_change: Direction | None


@dataclass(frozen=True, kw_only=True)
class Explained:
    """A schedule with its next occurrences, those of a rate counted from now; the clock changes of the next year that
    skip or repeat one; and which backend would fire it (None where none is to) for what reason."""

    schedule: Schedule
    upcoming: list[Occurrence]
    changes: list[Change]
    backend: str | None
    reason: str


def check_zone(timezone: str) -> None:
    """Raise InvalidSchedule for what is no time zone; its message names one that may be meant."""
    from functions.scheduling import zones

    zones.find(timezone)


def explain(connection: Connection, text: str, timezone: str, *, now: datetime, count: int) -> Explained:
    """The schedule of an expression in a time zone. Raises InvalidSchedule."""
    from functions.scheduling import clock_changes, zones  # late: a list of jobs needs no zone's history

    schedule = Schedule.parse(text, timezone)
    zone = zones.find(timezone)
    found = schedule.upcoming(now, count, anchor=now)
    # Up to a year ahead, and as far as the list goes.
    ahead = [*found, max(now + _YEAR, found[-1])] if found else []
    every = [_change(each) for each in clock_changes.around(schedule, ahead, now=now)]
    by_day = {change.before.date(): change.direction for change in every}
    local = [at.astimezone(zone) for at in found]
    backend, reason = _backend(connection, schedule)
    return Explained(
        schedule=schedule,
        upcoming=[
            Occurrence(at=at, local=there, clock_change=by_day.get(there.date()))
            for at, there in zip(found, local, strict=True)
        ],
        changes=[change for change in every if change.times],
        backend=backend,
        reason=reason,
    )


def _change(each: clock_changes.ClockChange) -> Change:
    direction: Direction = "forward" if each.is_forward else "back"
    return Change(at=each.at, direction=direction, before=each.before, after=each.after, times=each.times)


def _backend(connection: Connection, schedule: Schedule) -> tuple[str | None, str]:
    if schedule.aws_expression is None:
        return None, Text("no date matches")
    from functions.scheduling.backends import choose  # late: boto3 takes half a second

    is_rule_free = triggers.counts(connection).rules < settings().rules_limit
    return choose(schedule, None, settings=settings(), is_rule_free=is_rule_free)
