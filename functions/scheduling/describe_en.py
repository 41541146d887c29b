"""Schedules in English."""

from __future__ import annotations

from collections.abc import Sequence

from functions.scheduling.describe_language import Runs

_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_NTH = ("first", "second", "third", "fourth", "fifth")


class English:
    """The phrases of describe_language.Language in English."""

    def every(self, count: int, unit: str) -> str:
        return f"every {unit}" if count == 1 else f"every {count} {unit}s"

    def every_minutes_from(self, step: int, first: int) -> str:
        return f"{self.every(step, 'minute')} from minute {first} of each hour"

    def every_days_from(self, step: int, first: int, month: int | None) -> str:
        return f"{self.every(step, 'day')} from day {first} of {_month(month)}"

    def every_years_from(self, step: int, first: int) -> str:
        return f"{self.every(step, 'year')} from {first}"

    def between(self, phrase: str, first: str, last: str) -> str:
        return f"{phrase} from {first} to {last}"

    def at(self, times: Sequence[str]) -> str:
        return f"at {_list(times)}"

    def past_every_hour(self, minutes: Runs) -> str:
        return f"at {_runs(minutes)} {'minute' if minutes == [(1, 1)] else 'minutes'} past every hour"

    def past_hours(self, minutes: Runs, hours: Runs) -> str:
        return f"at minute{_s(minutes)} {_runs(minutes)} of hour{_s(hours)} {_runs(hours)}"

    def in_hours(self, phrase: str, hours: Runs) -> str:
        return f"{phrase}, in hour{_s(hours)} {_runs(hours)}"

    def weekdays(self, days: Sequence[int]) -> str:
        names = [_WEEKDAYS[day] for day in days]
        return f"every {names[0]}" if len(names) == 1 else f"on {_list(names)}"

    def weekday_range(self, first: int, last: int) -> str:
        return f"{_WEEKDAYS[first]} to {_WEEKDAYS[last]}"

    def month_days(self, days: Runs, month: int | None) -> str:
        return f"on day{_s(days)} {_runs(days)} of {_month(month)}"

    def date(self, day: int, month: int) -> str:
        return f"on {day} {_MONTHS[month - 1]}"

    def last_day(self, month: int | None) -> str:
        return f"on the last day of {_month(month)}"

    def nearest_weekday(self, day: int, month: int | None) -> str:
        return f"on the working day nearest to day {day} of {_month(month)}"

    def nth_weekday(self, weekday: int, nth: int, month: int | None) -> str:
        return f"on the {_NTH[nth - 1]} {_WEEKDAYS[weekday]} of {_month(month)}"

    def last_weekday(self, weekday: int, month: int | None) -> str:
        return f"on the last {_WEEKDAYS[weekday]} of {_month(month)}"

    def months(self, months: Sequence[int]) -> str:
        return f"in {_list([_MONTHS[month - 1] for month in months])}"

    def month_range(self, first: int, last: int) -> str:
        return f"from {_MONTHS[first - 1]} to {_MONTHS[last - 1]}"

    def years(self, years: Runs) -> str:
        return f"in {_runs(years)}"

    def once(self, *, year: int, month: int, day: int, time: str) -> str:
        return f"once, on {day} {_MONTHS[month - 1]} {year} at {time}"

    def never(self, phrase: str) -> str:
        return f"never, because no date matches: {phrase}"


def _month(month: int | None) -> str:
    return _MONTHS[month - 1] if month else "the month"


def _s(numbers: Runs) -> str:
    return "" if len(numbers) == 1 and numbers[0][0] == numbers[0][1] else "s"


def _runs(numbers: Runs) -> str:
    return _list([str(first) if first == last else f"{first}–{last}" for first, last in numbers])


def _list(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
