"""Schedules in English, in sentences a catalogue can translate: the words of every language without a module here."""

from __future__ import annotations

from collections.abc import Sequence

from functions.scheduling.describe_language import Runs
from functions.text import Text, counted, joined

_WEEKDAYS = (
    *(Text("Sunday"), Text("Monday"), Text("Tuesday"), Text("Wednesday"), Text("Thursday"), Text("Friday")),
    Text("Saturday"),
)
_MONTHS = (
    *(Text("January"), Text("February"), Text("March"), Text("April"), Text("May"), Text("June"), Text("July")),
    *(Text("August"), Text("September"), Text("October"), Text("November"), Text("December")),
)
_THE_MONTH = Text("the month")


class English:
    """The phrases of describe_language.Language in English."""

    def every(self, count: int, unit: str) -> str:
        if unit == "minute":
            return counted("every minute", "every %(number)s minutes", number=count)
        if unit == "hour":
            return counted("every hour", "every %(number)s hours", number=count)
        if unit == "day":
            return counted("every day", "every %(number)s days", number=count)
        return counted("every year", "every %(number)s years", number=count)

    def every_minutes_from(self, step: int, first: int) -> str:
        return Text("%(every)s from minute %(first)s of each hour", every=self.every(step, "minute"), first=first)

    def every_days_from(self, step: int, first: int, month: int | None) -> str:
        return Text(
            "%(every)s from day %(first)s of %(month)s",
            every=self.every(step, "day"), first=first, month=_month(month),
        )  # fmt: skip

    def every_years_from(self, step: int, first: int) -> str:
        return Text("%(every)s from %(first)s", every=self.every(step, "year"), first=str(first))

    def between(self, phrase: str, first: str, last: str) -> str:
        return Text("%(phrase)s from %(first)s to %(last)s", phrase=phrase, first=first, last=last)

    def at(self, times: Sequence[str]) -> str:
        return Text("at %(times)s", times=_list(times))

    def past_every_hour(self, minutes: Runs) -> str:
        if minutes == [(1, 1)]:
            return Text("at 1 minute past every hour")
        return Text("at %(minutes)s minutes past every hour", minutes=_runs(minutes))

    def past_hours(self, minutes: Runs, hours: Runs) -> str:
        of_hours = {"minutes": _runs(minutes), "hours": _hours(hours)}
        if _is_one(minutes):
            return Text("at minute %(minutes)s of %(hours)s", **of_hours)
        return Text("at minutes %(minutes)s of %(hours)s", **of_hours)

    def in_hours(self, phrase: str, hours: Runs) -> str:
        return Text("%(phrase)s, in %(hours)s", phrase=phrase, hours=_hours(hours))

    def weekdays(self, days: Sequence[int]) -> str:
        names = [_WEEKDAYS[day] for day in days]
        if len(names) == 1:
            return Text("every %(weekday)s", weekday=names[0])
        return Text("on %(weekdays)s", weekdays=_list(names))

    def weekday_range(self, first: int, last: int) -> str:
        return Text("%(first)s to %(last)s", first=_WEEKDAYS[first], last=_WEEKDAYS[last])

    def month_days(self, days: Runs, month: int | None) -> str:
        of_month = {"days": _runs(days), "month": _month(month)}
        if _is_one(days):
            return Text("on day %(days)s of %(month)s", **of_month)
        return Text("on days %(days)s of %(month)s", **of_month)

    def date(self, day: int, month: int) -> str:
        return Text("on %(day)s %(month)s", day=day, month=_MONTHS[month - 1])

    def last_day(self, month: int | None) -> str:
        return Text("on the last day of %(month)s", month=_month(month))

    def nearest_weekday(self, day: int, month: int | None) -> str:
        return Text("on the working day nearest to day %(day)s of %(month)s", day=day, month=_month(month))

    def nth_weekday(self, weekday: int, nth: int, month: int | None) -> str:
        which = (
            Text("on the first %(weekday)s of %(month)s", weekday=_WEEKDAYS[weekday], month=_month(month)),
            Text("on the second %(weekday)s of %(month)s", weekday=_WEEKDAYS[weekday], month=_month(month)),
            Text("on the third %(weekday)s of %(month)s", weekday=_WEEKDAYS[weekday], month=_month(month)),
            Text("on the fourth %(weekday)s of %(month)s", weekday=_WEEKDAYS[weekday], month=_month(month)),
            Text("on the fifth %(weekday)s of %(month)s", weekday=_WEEKDAYS[weekday], month=_month(month)),
        )
        return which[nth - 1]

    def last_weekday(self, weekday: int, month: int | None) -> str:
        return Text("on the last %(weekday)s of %(month)s", weekday=_WEEKDAYS[weekday], month=_month(month))

    def months(self, months: Sequence[int]) -> str:
        return Text("in %(months)s", months=_list([_MONTHS[month - 1] for month in months]))

    def month_range(self, first: int, last: int) -> str:
        return Text("from %(first)s to %(last)s", first=_MONTHS[first - 1], last=_MONTHS[last - 1])

    def years(self, years: Runs) -> str:
        return Text("in %(years)s", years=_runs(years))

    def once(self, *, year: int, month: int, day: int, time: str) -> str:
        return Text(
            "once, on %(day)s %(month)s %(year)s at %(time)s",
            day=day, month=_MONTHS[month - 1], year=str(year), time=time,
        )  # fmt: skip

    def never(self, phrase: str) -> str:
        return Text("never, because no date matches: %(phrase)s", phrase=phrase)


def _month(month: int | None) -> Text:
    return _MONTHS[month - 1] if month else _THE_MONTH


def _hours(hours: Runs) -> Text:
    if _is_one(hours):
        return Text("hour %(hours)s", hours=_runs(hours))
    return Text("hours %(hours)s", hours=_runs(hours))


def _is_one(numbers: Runs) -> bool:
    return len(numbers) == 1 and numbers[0][0] == numbers[0][1]


def _runs(numbers: Runs) -> str:
    return _list([str(first) if first == last else f"{first}–{last}" for first, last in numbers])


def _list(words: Sequence[str]) -> str:
    if len(words) == 1:
        return words[0]
    return Text("%(words)s and %(last)s", words=joined(", ", words[:-1]), last=words[-1])
