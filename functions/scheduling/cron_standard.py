"""Standard five-field cron, read into a pattern; where implementations disagree about a text, it is refused."""

from __future__ import annotations

from functions.errors import InvalidSchedule
from functions.scheduling import surprises
from functions.scheduling.cron_fields import (
    HOURS,
    MINUTES,
    MONTH_DAYS,
    MONTHS,
    STANDARD_WEEKDAYS,
    WEEKDAY_NAMES,
    YEARS,
    Span,
    numbers,
    read,
)
from functions.scheduling.day_fields import month_day_rule, weekday_rule
from functions.scheduling.day_rules import EVERY_DAY, DayRule, MonthDays, Weekdays
from functions.scheduling.dialect import Reading
from functions.scheduling.pattern import Pattern
from functions.scheduling.quoted import quoted
from functions.text import Text, counted


def read_standard(text: str) -> Reading:
    """The reading of `minutes hours day-of-month month day-of-week`. Raises InvalidSchedule."""
    fields = text.upper().split()
    if len(fields) != 5:
        raise InvalidSchedule(_field_count(text.split()))
    minutes = read(MINUTES, fields[0], wraps=True)
    hours = read(HOURS, fields[1], wraps=True)
    months = read(MONTHS, fields[3], wraps=True)
    days, month_day_spans, day_warnings = _days(fields[2], fields[4])
    pattern = Pattern(
        minutes=numbers(MINUTES, minutes),
        hours=numbers(HOURS, hours),
        days=days,
        months=numbers(MONTHS, months),
        years=YEARS.everything,
    )
    warnings = surprises.of_steps(minutes=minutes, hours=hours, month_days=month_day_spans, months=months)
    return Reading(pattern=pattern, warnings=warnings + surprises.of_pattern(pattern, hours) + day_warnings)


def _days(month_day: str, weekday: str) -> tuple[DayRule, tuple[Span, ...], tuple[str, ...]]:
    """One rule from both day fields: a field that covers every day restricts nothing, otherwise both is refused."""
    if month_day == weekday == "?":
        raise InvalidSchedule(Text("both day fields are '?', which says no day at all; write * in both for every day"))
    by_date, spans = month_day_rule("*" if month_day == "?" else month_day, wraps=True)
    by_weekday, weekday_spans = weekday_rule(STANDARD_WEEKDAYS, "*" if weekday == "?" else weekday, wraps=True)
    _check_reaches_sunday(weekday, weekday_spans)
    if by_weekday == EVERY_DAY:
        return by_date, spans, _covering(STANDARD_WEEKDAYS.name, weekday, other=by_date)
    if by_date == EVERY_DAY:
        return by_weekday, (), _covering(MONTH_DAYS.name, month_day, other=by_weekday)
    raise InvalidSchedule(_both_restricted(month_day, weekday, by_date=by_date, by_weekday=by_weekday))


def _check_reaches_sunday(text: str, spans: tuple[Span, ...]) -> None:
    for span in spans:
        reached = range(span.first, span.last + 1, span.step)
        if span.open_step and 7 in reached and 0 not in reached:
            listed = ",".join(WEEKDAY_NAMES[day % 7] for day in reached)
            raise InvalidSchedule(
                Text(
                    "day-of-week %(text)s: implementations disagree whether this step reaches 7, a second number for "
                    "Sunday; write the days as a list, such as %(listed)s",
                    text=quoted(text),
                    listed=listed,
                )
            )


def _covering(name: str, text: str, *, other: DayRule) -> tuple[str, ...]:
    """POSIX would add the days of both fields up, and so run every day: said, because it differs only there."""
    if other == EVERY_DAY or text.startswith(("*", "?")):
        return ()
    return (
        Text(
            "%(name)s %(text)s covers every day, so only the other day field counts here; POSIX cron would run every "
            "day, because it adds the days of both fields up",
            name=name,
            text=quoted(text),
        ),
    )


def _both_restricted(month_day: str, weekday: str, *, by_date: DayRule, by_weekday: DayRule) -> str:
    if month_day.startswith("*/") or weekday.startswith("*/"):
        return Text(
            "day-of-month %(month_day)s beside day-of-week %(weekday)s: a day field that begins with */n is "
            "read as 'either' by some cron implementations and as 'both' by others; keep one of the two day "
            "fields",
            month_day=quoted(month_day),
            weekday=quoted(weekday),
        )
    nth = _same_as_nth(by_date, by_weekday)
    both = nth or Text("keep one field and return Skip from the job on the other days")
    return Text(
        "day-of-month %(month_day)s and day-of-week %(weekday)s are both restricted, which has two "
        "readings and AWS can say neither: either (POSIX cron) or both (Hangfire's Cronos). For either, "
        "make two jobs with one day field each; for both, %(both)s",
        month_day=quoted(month_day),
        weekday=quoted(weekday),
        both=both,
    )


def _same_as_nth(by_date: DayRule, by_weekday: DayRule) -> str | None:
    """`1-7` with one weekday means, under 'both', the first such weekday of the month, which AWS can say."""
    if not isinstance(by_date, MonthDays) or not isinstance(by_weekday, Weekdays) or len(by_weekday.weekdays) != 1:
        return None
    first = by_date.days[0]
    if first % 7 != 1 or first > 22 or by_date.days != tuple(range(first, first + 7)):
        return None
    return Text(
        "write * in day-of-month and %(weekday)s in day-of-week",
        weekday=f"{WEEKDAY_NAMES[by_weekday.weekdays[0]]}#{first // 7 + 1}",
    )


def _field_count(fields: list[str]) -> str:
    count = len(fields)
    if count == 6:
        return Text(
            "six fields have three readings: seconds first (Cronos, Quartz, Spring), seconds last (croniter) "
            "or year last (AWS). AWS has no seconds: write five fields, %(last_five)s if seconds came first or "
            "%(first_five)s if they came last; if the last one is a year, write cron(…) around them, with ? in "
            "one day field",
            last_five=quoted(" ".join(fields[1:])),
            first_five=quoted(" ".join(fields[:5])),
        )
    if count == 7:
        return Text(
            "seven fields are seconds first and year last (Quartz); AWS has no seconds: write cron(…) with the last six"
        )
    return counted(
        "it has %(number)s field, and standard cron has five: minutes hours day-of-month month day-of-week, as in "
        "'0 9 * * MON-FRI'; a macro (@daily), cron(…), rate(…) and at(…) work too",
        "it has %(number)s fields, and standard cron has five: minutes hours day-of-month month "
        "day-of-week, as in '0 9 * * MON-FRI'; a macro (@daily), cron(…), rate(…) and at(…) work too",
        number=count,
    )
