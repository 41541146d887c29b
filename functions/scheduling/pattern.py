"""A cron expression as plain sets: the minutes of a wall clock it stands for, walked in either direction.

Sparse patterns (29 February, one year, `W`) are walked year, month and day first: no minute is ever tried in vain.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from datetime import datetime

from functions.record import Record
from functions.scheduling.cron_fields import HOURS, MINUTES, MONTHS, YEARS, write
from functions.scheduling.day_rules import DayRule


class Pattern(Record):
    """Every field as ascending numbers, the two day fields as one rule. Which texts make one: the dialects decide."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: DayRule
    months: tuple[int, ...]
    years: tuple[int, ...] | range

    @property
    def aws_expression(self) -> str:
        """The six fields AWS reads as exactly this pattern."""
        month_day, weekday = self.days.aws_fields
        return (
            f"cron({write(MINUTES, self.minutes)} {write(HOURS, self.hours)} {month_day} {write(MONTHS, self.months)} "
            f"{weekday} {write(YEARS, self.years)})"
        )

    def local_times(self, start: datetime, *, backwards: bool = False) -> Iterator[datetime]:
        """The matching wall-clock minutes (naive) from `start` on, itself included, in order; or back from it."""
        reached = operator.le if backwards else operator.ge
        hours = self.hours[::-1] if backwards else self.hours
        minutes = self.minutes[::-1] if backwards else self.minutes
        for year, month, day in self._dates(start, backwards=backwards):
            on_start = (year, month, day) == (start.year, start.month, start.day)
            for hour in hours:
                if on_start and not reached(hour, start.hour):
                    continue
                for minute in minutes:
                    if on_start and hour == start.hour and not reached(minute, start.minute):
                        continue
                    yield datetime(year, month, day, hour, minute)  # noqa: DTZ001 (wall-clock time, no zone yet)

    def _dates(self, start: datetime, *, backwards: bool) -> Iterator[tuple[int, int, int]]:
        reached = operator.le if backwards else operator.ge
        for year in self.years[::-1] if backwards else self.years:
            if not reached(year, start.year):
                continue
            for month in self.months[::-1] if backwards else self.months:
                if not reached((year, month), (start.year, start.month)):
                    continue
                days = self.days.in_month(year, month)
                for day in reversed(days) if backwards else days:
                    if reached((year, month, day), (start.year, start.month, start.day)):
                        yield year, month, day
