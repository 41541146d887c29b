"""Which days of a month a schedule runs on: one small rule per way of saying it, each with AWS's text for it.

Meanings follow the EventBridge User Guide, "Cron expressions reference" (which follows Quartz). Weekdays count from
0 = Sunday.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from functions.record import Record
from functions.scheduling.cron_fields import MONTH_DAYS, WEEKDAY_NAMES, write, write_runs

_LENGTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class MonthDays(Record):
    """These days of the month; a month too short for one of them goes without it."""

    days: tuple[int, ...]

    @property
    def aws_fields(self) -> tuple[str, str]:
        return write(MONTH_DAYS, self.days), "?"

    def in_month(self, year: int, month: int) -> Sequence[int]:
        length = month_length(year, month)
        return self.days if self.days[-1] <= length else [day for day in self.days if day <= length]


class Weekdays(Record):
    """These days of every week; 0 = Sunday."""

    weekdays: tuple[int, ...]

    @property
    def aws_fields(self) -> tuple[str, str]:
        return "?", write_runs(self.weekdays, WEEKDAY_NAMES.__getitem__)

    def in_month(self, year: int, month: int) -> Sequence[int]:
        first = _first_weekday(year, month)
        length = month_length(year, month)
        return sorted(day for weekday in self.weekdays for day in range(1 + (weekday - first) % 7, length + 1, 7))


class LastDay(Record):
    """`L`: the last day of the month."""

    @property
    def aws_fields(self) -> tuple[str, str]:
        return "L", "?"

    def in_month(self, year: int, month: int) -> Sequence[int]:
        return (month_length(year, month),)


class NearestWeekday(Record):
    """`15W`: the Monday to Friday nearest to a day, never in another month; no day where the month is too short."""

    day: int

    @property
    def aws_fields(self) -> tuple[str, str]:
        return f"{self.day}W", "?"

    def in_month(self, year: int, month: int) -> Sequence[int]:
        length = month_length(year, month)
        if self.day > length:
            return ()
        weekday = (_first_weekday(year, month) + self.day - 1) % 7
        if weekday == 6:
            return (self.day - 1 if self.day > 1 else 3,)
        if weekday == 0:
            return (self.day + 1 if self.day < length else self.day - 2,)
        return (self.day,)


class NthWeekday(Record):
    """`3#2`: the second Tuesday of the month; a fifth one exists in some months only."""

    weekday: int
    nth: int

    @property
    def aws_fields(self) -> tuple[str, str]:
        return "?", f"{self.weekday + 1}#{self.nth}"

    def in_month(self, year: int, month: int) -> Sequence[int]:
        day = 1 + (self.weekday - _first_weekday(year, month)) % 7 + 7 * (self.nth - 1)
        return (day,) if day <= month_length(year, month) else ()


class LastWeekday(Record):
    """`6L`: the last Friday of the month."""

    weekday: int

    @property
    def aws_fields(self) -> tuple[str, str]:
        return "?", f"{self.weekday + 1}L"

    def in_month(self, year: int, month: int) -> Sequence[int]:
        length = month_length(year, month)
        last = (_first_weekday(year, month) + length - 1) % 7
        return (length - (last - self.weekday) % 7,)


DayRule = MonthDays | Weekdays | LastDay | NearestWeekday | NthWeekday | LastWeekday

EVERY_DAY = MonthDays(days=tuple(MONTH_DAYS.everything))


def month_length(year: int, month: int) -> int:
    """How many days the month has (Gregorian calendar)."""
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if leap else _LENGTHS[month - 1]


def _first_weekday(year: int, month: int) -> int:
    return date(year, month, 1).isoweekday() % 7
