"""What a language has to be able to say about a schedule; each language is one module beside this one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

Runs = Sequence[tuple[int, int]]  # (first, last) of each run; a single number is a run of one


class Language(Protocol):
    """The phrases. Months and days count from 1, weekdays from 0 = Sunday; `month` None is any month."""

    def every(self, count: int, unit: str) -> str:
        """every 15 minutes; unit is minute, hour or day"""

    def every_minutes_from(self, step: int, first: int) -> str:
        """every 7 minutes from minute 3 of the hour"""

    def every_days_from(self, step: int, first: int, month: int | None) -> str:
        """every 2 days from day 1 of the month"""

    def every_years_from(self, step: int, first: int) -> str:
        """every 2 years from 2026"""

    def between(self, phrase: str, first: str, last: str) -> str:
        """<every 15 minutes> from 9:00 to 17:45"""

    def at(self, times: Sequence[str]) -> str:
        """at 9:00 and 17:00"""

    def past_every_hour(self, minutes: Runs) -> str:
        """at 5 and 20 minutes past every hour"""

    def past_hours(self, minutes: Runs, hours: Runs) -> str:
        """at minutes 5 and 20 of hours 1, 5 and 9–12"""

    def in_hours(self, phrase: str, hours: Runs) -> str:
        """<every 15 minutes>, in hours 1, 5 and 9–12"""

    def weekdays(self, days: Sequence[int]) -> str:
        """every Monday, or: on Monday and Friday"""

    def weekday_range(self, first: int, last: int) -> str:
        """Monday to Friday"""

    def month_days(self, days: Runs, month: int | None) -> str:
        """on days 1–7 and 15 of the month"""

    def date(self, day: int, month: int) -> str:
        """on 29 February"""

    def last_day(self, month: int | None) -> str:
        """on the last day of the month"""

    def nearest_weekday(self, day: int, month: int | None) -> str:
        """on the working day nearest to day 15 of the month"""

    def nth_weekday(self, weekday: int, nth: int, month: int | None) -> str:
        """on the second Tuesday of the month"""

    def last_weekday(self, weekday: int, month: int | None) -> str:
        """on the last Friday of the month"""

    def months(self, months: Sequence[int]) -> str:
        """in January and July"""

    def month_range(self, first: int, last: int) -> str:
        """from June to August"""

    def years(self, years: Runs) -> str:
        """in 2027 and 2030–2033"""

    def once(self, *, year: int, month: int, day: int, time: str) -> str:
        """once, on 1 March 2027 at 9:00"""

    def never(self, phrase: str) -> str:
        """never, because no date matches: <phrase>"""
