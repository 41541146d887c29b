"""Warnings about valid expressions: what people tend to expect of them, and what really happens."""

from __future__ import annotations

from collections.abc import Sequence

from functions.scheduling.cron_fields import HOURS, MINUTES, MONTH_DAYS, MONTHS, Field, Span
from functions.scheduling.day_rules import EVERY_DAY, MonthDays, NearestWeekday, NthWeekday
from functions.scheduling.pattern import Pattern
from functions.text import N_, Text, joined

NEVER = Text("never fires: no date matches, so no rule is made and the job runs only when triggered by hand")

# How many values a field has (0: that varies), and the sentence for it.
_RESTARTS = {
    MINUTES.name: (60, N_("minutes: a step of %(step)s starts again in each hour (%(values)s), so the minutes are not "
                          "evenly spaced")),
    HOURS.name: (24, N_("hours: a step of %(step)s starts again in each day (%(values)s), so the hours are not "
                        "evenly spaced")),
    MONTH_DAYS.name: (0, N_("day-of-month: a step of %(step)s starts again in each month (%(values)s), so the days are "
                            "not evenly spaced")),
    MONTHS.name: (12, N_("month: a step of %(step)s starts again in each year (%(values)s), so the months are not "
                         "evenly spaced")),
}  # fmt: skip
# In rate(…); it has no months.
_UNITS = {MINUTES.name: "minutes", HOURS.name: "hours", MONTH_DAYS.name: "days"}


def of_steps(
    *, minutes: Sequence[Span], hours: Sequence[Span], month_days: Sequence[Span], months: Sequence[Span]
) -> tuple[str, ...]:
    """A warning for each field that is one step without an end and is not divided by it: it restarts in each hour, …"""
    fields = ((MINUTES, minutes), (HOURS, hours), (MONTH_DAYS, month_days), (MONTHS, months))
    return tuple(
        warning
        for of, spans in fields
        if len(spans) == 1 and spans[0].open_step and (warning := _uneven(of, spans[0])) is not None
    )


def of_pattern(pattern: Pattern, hours: Sequence[Span]) -> tuple[str, ...]:
    """Warnings about days some months lack, and about hours that wrap past midnight on chosen days."""
    return _missing_days(pattern) + _wrapped_hours(pattern, hours)


def _uneven(of: Field, span: Span) -> str | None:
    size, message = _RESTARTS[of.name]
    if span.step == 1 or (size and size % span.step == 0 and span.first - of.low < span.step):
        return None
    values = range(span.first, span.last + 1, span.step)
    shown = ", ".join(str(value) for value in values[:4]) + (", …" if len(values) > 4 else "")
    said = Text(message, step=span.step, values=shown)
    if of.name not in _UNITS:
        return said
    rate = f"rate({span.step} {_UNITS[of.name]})"
    return joined("; ", (said, Text("for a steady interval write %(rate)s", rate=rate)))


def _missing_days(pattern: Pattern) -> tuple[str, ...]:
    rule = pattern.days
    if isinstance(rule, NthWeekday) and rule.nth == 5:
        return (
            Text("day-of-week: many months have no fifth one of this weekday, and go without; for the last one use L"),
        )
    first = rule.days[0] if isinstance(rule, MonthDays) else rule.day if isinstance(rule, NearestWeekday) else 1
    short = [month for month in pattern.months if first > (28 if month == 2 else 30 if month in (4, 6, 9, 11) else 31)]
    if not short:
        return ()
    return (
        Text(
            "day-of-month: day %(first)s does not exist in every chosen month, which then goes without; for "
            "the last day of each month use L",
            first=first,
        ),
    )


def _wrapped_hours(pattern: Pattern, hours: Sequence[Span]) -> tuple[str, ...]:
    if pattern.days == EVERY_DAY or all(span.first <= span.last for span in hours):
        return ()
    return (
        Text(
            "hours: a range past midnight is counted in each calendar day, so the hours after midnight come "
            "first on the chosen days, not on the day after"
        ),
    )
