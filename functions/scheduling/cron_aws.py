"""AWS's own cron(…), six fields, read into a pattern; what AWS would refuse or does not document is refused.

Source: EventBridge User Guide, "Cron expressions reference"; EventBridge Scheduler User Guide, "Schedule types".
"""

from __future__ import annotations

from functions.errors import InvalidSchedule
from functions.scheduling import surprises
from functions.scheduling.cron_fields import (
    AWS_WEEKDAYS,
    HOURS,
    MINUTES,
    MONTHS,
    YEARS,
    Span,
    numbers,
    read,
)
from functions.scheduling.day_fields import month_day_rule, weekday_rule
from functions.scheduling.day_rules import DayRule
from functions.scheduling.dialect import Reading
from functions.scheduling.pattern import Pattern
from functions.scheduling.quoted import quoted
from functions.text import Text


def read_aws(text: str) -> Reading:
    """The reading of what stands inside cron(…). Raises InvalidSchedule."""
    fields = text.upper().split()
    if len(fields) != 6:
        raise InvalidSchedule(_field_count(text.split()))
    minutes = read(MINUTES, fields[0], wraps=False)
    hours = read(HOURS, fields[1], wraps=True)
    months = read(MONTHS, fields[3], wraps=False)
    years = read(YEARS, fields[5], wraps=False)
    days, month_day_spans = _days(fields[2], fields[4])
    pattern = Pattern(
        minutes=numbers(MINUTES, minutes),
        hours=numbers(HOURS, hours),
        days=days,
        months=numbers(MONTHS, months),
        years=numbers(YEARS, years),
    )
    warnings = surprises.of_steps(minutes=minutes, hours=hours, month_days=month_day_spans, months=months)
    return Reading(pattern=pattern, warnings=warnings + surprises.of_pattern(pattern, hours))


def _days(month_day: str, weekday: str) -> tuple[DayRule, tuple[Span, ...]]:
    if month_day == weekday == "?":
        raise InvalidSchedule(
            Text("both day fields are '?', which says no day at all; write * in one of them for every day")
        )
    if "?" not in (month_day, weekday):
        raise InvalidSchedule(
            Text(
                "day-of-month %(month_day)s and day-of-week %(weekday)s: AWS wants ? in exactly one day field; "
                "%(which_to_drop)s",
                month_day=quoted(month_day),
                weekday=quoted(weekday),
                which_to_drop=_which_to_drop(month_day, weekday),
            )
        )
    if weekday == "?":
        return month_day_rule(month_day, wraps=False)
    if "/" in weekday:
        raise InvalidSchedule(
            Text(
                "day-of-week %(weekday)s: AWS has no steps in this field; list the days, such as MON,WED,FRI",
                weekday=quoted(weekday),
            )
        )
    return weekday_rule(AWS_WEEKDAYS, weekday, wraps=False)


def _which_to_drop(month_day: str, weekday: str) -> str:
    if weekday == "*":
        return Text("write ? in day-of-week")
    if month_day == "*":
        return Text("write ? in day-of-month")
    return Text(
        "keep one of the two: for days that match either make two jobs, for both return Skip from the job on other days"
    )


def _field_count(fields: list[str]) -> str:
    if len(fields) == 5:
        return Text(
            "cron(…) takes six fields and has five: standard cron goes without cron(…), so write %(text)s, "
            "or add the year and put ? in one day field, as in cron(0 9 ? * MON-FRI *)",
            text=quoted(" ".join(fields)),
        )
    if len(fields) == 7:
        return Text("cron(…) takes six fields and has seven: AWS has no seconds, so drop the first field")
    return Text(
        "cron(…) takes six fields and has %(count)s: minutes hours day-of-month month day-of-week year, "
        "as in cron(0 9 ? * MON-FRI *)",
        count=len(fields),
    )
