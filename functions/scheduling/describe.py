"""A schedule in words: what is said and in which order; the words themselves are each language's own."""

from __future__ import annotations

from collections.abc import Sequence

from functions.scheduling.cron_fields import MONTH_DAYS, MONTHS, YEARS, runs, step_to_end
from functions.scheduling.day_rules import (
    EVERY_DAY,
    DayRule,
    LastDay,
    LastWeekday,
    MonthDays,
    NearestWeekday,
    NthWeekday,
    Weekdays,
)
from functions.scheduling.describe_cs import Czech
from functions.scheduling.describe_en import English
from functions.scheduling.describe_language import Language
from functions.scheduling.describe_times import clock, is_listed, times_of_day
from functions.scheduling.occurrences import CronOccurrences
from functions.scheduling.one_time import OneTime
from functions.scheduling.pattern import Pattern
from functions.scheduling.quoted import quoted
from functions.scheduling.rate import Rate
from functions.text import joined

# Czech bends its words more than a catalogue of sentences can; other languages are English's sentences, translated.
LANGUAGES: dict[str, Language] = {"en": English(), "cs": Czech()}

_FEWEST_STEPS = 6  # fewer evenly spaced days than this are listed


def describe(timing: CronOccurrences | Rate | OneTime, locale: str, *, never: bool = False) -> str:
    """The timing in words; a locale may carry a region (cs-CZ). Raises ValueError for a language we do not have."""
    language = LANGUAGES.get(locale.replace("_", "-").partition("-")[0].lower())
    if language is None:
        raise ValueError(f"no descriptions in {quoted(locale)}: use one of {', '.join(LANGUAGES)}")
    if isinstance(timing, Rate):
        return language.every(timing.count, timing.unit)
    if isinstance(timing, OneTime):
        return _once(timing, language)
    phrase = _pattern(timing.pattern, language)
    return language.never(phrase) if never else phrase


def _once(timing: OneTime, language: Language) -> str:
    local = timing.local
    time = clock(local.hour, local.minute) + (f":{local.second:02}" if local.second else "")
    return language.once(year=local.year, month=local.month, day=local.day, time=time)


def _pattern(pattern: Pattern, language: Language) -> str:
    time = times_of_day(pattern.minutes, pattern.hours, language)
    if pattern.days == EVERY_DAY and is_listed(pattern.minutes, pattern.hours):
        time = joined(" ", (language.every(1, "day"), time))
    said = (time, *_days(pattern.days, pattern.months, language), *_years(pattern.years, language))
    return said[0] if len(said) == 1 else joined(", ", said)


def _days(rule: DayRule, months: Sequence[int], language: Language) -> list[str]:
    """The days, and the months unless the day phrase names the only one already."""
    month = months[0] if len(months) == 1 else None
    if rule == EVERY_DAY:
        return _months(months, language)
    if isinstance(rule, Weekdays):
        return [_weekdays(rule.weekdays, language), *_months(months, language)]
    named = _day_of_month(rule, month, language)
    return [named] if month else [named, *_months(months, language)]


def _day_of_month(rule: DayRule, month: int | None, language: Language) -> str:
    match rule:
        case LastDay():
            return language.last_day(month)
        case NearestWeekday(day=day):
            return language.nearest_weekday(day, month)
        case NthWeekday(weekday=weekday, nth=nth):
            return language.nth_weekday(weekday, nth, month)
        case LastWeekday(weekday=weekday):
            return language.last_weekday(weekday, month)
    return _month_days(rule.days, month, language) if isinstance(rule, MonthDays) else ""


def _month_days(days: Sequence[int], month: int | None, language: Language) -> str:
    step = step_to_end(days, MONTH_DAYS.high)
    if step and len(days) >= _FEWEST_STEPS:
        return language.every_days_from(step, days[0], month)
    if month and len(days) == 1:
        return language.date(days[0], month)
    return language.month_days(runs(days, shortest=3), month)


def _weekdays(weekdays: Sequence[int], language: Language) -> str:
    """Days in a row as a range, also across Sunday; a list starts with Monday."""
    for first in weekdays:
        in_a_row = [(first + n) % 7 for n in range(len(weekdays))]
        if len(weekdays) > 2 and set(in_a_row) == set(weekdays):
            return language.weekday_range(in_a_row[0], in_a_row[-1])
    return language.weekdays(sorted(weekdays, key=lambda day: (day - 1) % 7))


def _months(months: Sequence[int], language: Language) -> list[str]:
    if len(months) == MONTHS.size:
        return []
    if len(months) > 2 and months[-1] - months[0] + 1 == len(months):
        return [language.month_range(months[0], months[-1])]
    return [language.months(months)]


def _years(years: Sequence[int], language: Language) -> list[str]:
    if len(years) == YEARS.size:
        return []
    step = step_to_end(years, YEARS.high)
    return [language.every_years_from(step, years[0]) if step else language.years(runs(years, shortest=2))]
