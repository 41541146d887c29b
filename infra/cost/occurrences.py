"""How often a schedule fires in a month: a twelfth of what it does in the 365 days to come, counted, not guessed."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from functions.scheduling import zones
from functions.scheduling.cron import Schedule

_YEAR, _DAY, _MOMENT = timedelta(days=365), timedelta(days=1), timedelta(seconds=1)
_MONTHS = 12


def per_month(schedule: Schedule, now: datetime) -> float:
    """The occurrences of an average month, from the day of `now` in the schedule's time zone on."""
    if schedule.kind == "never":
        return 0.0
    if schedule.period is not None:
        return _YEAR / schedule.period / _MONTHS
    return _in_a_year(schedule, now) / _MONTHS


def _in_a_year(schedule: Schedule, now: datetime) -> int:
    """Every day on which it fires has the same times: one is counted whole, and each on which clocks change."""
    zone = zones.find(schedule.timezone)
    today, total, usual = now.astimezone(zone).date(), 0, 0
    for number in range(_YEAR.days):
        begin, end = (
            datetime.combine(today + timedelta(days=days), time(), zone).astimezone(zones.UTC)
            for days in (number, number + 1)
        )
        first = schedule.next_after(begin - _MOMENT)
        if first is None:
            break
        if first >= end:
            continue
        if end - begin != _DAY:
            total += len(schedule.between(begin - _MOMENT, end))
        else:
            usual = usual or len(schedule.between(begin - _MOMENT, end))
            total += usual
    return total
