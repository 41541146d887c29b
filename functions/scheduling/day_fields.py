"""The two day fields of a cron expression, each read into a day rule: plain lists, and L, W and #, which stand alone.

What AWS does not document (`L-3`, `LW`, `L` or `W` inside a list, several `#`) is refused; a weekday is always read
as a set of days, so that no number is ever shifted at a range's end.
"""

from __future__ import annotations

import re

from functions.errors import InvalidSchedule
from functions.scheduling.cron_fields import MONTH_DAYS, Field, Span, number, numbers, read
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
from functions.scheduling.quoted import quoted
from functions.text import Text

_NEAREST = r"([0-9]{1,2})W"  # text: the sweep imports this, and hardly a schedule has a W


def month_day_rule(text: str, *, wraps: bool) -> tuple[DayRule, tuple[Span, ...]]:
    """The rule of an upper-case day-of-month text and its plain spans. Raises InvalidSchedule."""
    if text == "L":
        return LastDay(), ()
    if "L" in text or "W" in text:
        return _nearest_weekday(text), ()
    spans = read(MONTH_DAYS, text, wraps=wraps)
    return MonthDays(days=numbers(MONTH_DAYS, spans)), spans


def weekday_rule(of: Field, text: str, *, wraps: bool) -> tuple[DayRule, tuple[Span, ...]]:
    """The rule of an upper-case day-of-week text and its spans; seven days are EVERY_DAY. Raises InvalidSchedule."""
    if "#" in text:
        return _nth_weekday(of, text), ()
    if any(item.endswith("L") or item.startswith("L") for item in text.split(",")):
        return _last_weekday(of, text), ()
    spans = read(of, text, wraps=wraps)
    days = sorted({(day - of.low) % 7 for day in numbers(of, spans)})
    return (EVERY_DAY if len(days) == 7 else Weekdays(weekdays=tuple(days))), spans


def _nearest_weekday(text: str) -> DayRule:
    match = re.fullmatch(_NEAREST, text)
    if match:
        return NearestWeekday(day=number(MONTH_DAYS, match[1]))
    if "," in text:
        raise InvalidSchedule(
            Text(
                "day-of-month %(text)s: L and W stand alone in their field, AWS documents no list of them; make "
                "one job for each",
                text=quoted(text),
            )
        )
    if text.startswith("L-"):
        raise InvalidSchedule(
            Text(
                "day-of-month %(text)s: AWS documents no days before the last one; use L (the last day) or a "
                "fixed day such as 28, or run daily and return Skip from the job on other days",
                text=quoted(text),
            )
        )
    if text in ("LW", "WL"):
        raise InvalidSchedule(
            Text(
                "day-of-month %(text)s: AWS documents no last working day; use L (the last day), a last weekday "
                "such as FRIL in the day-of-week field, or run daily and return Skip from the job on other days",
                text=quoted(text),
            )
        )
    raise InvalidSchedule(
        Text("day-of-month %(text)s: W follows one day, as in 15W, and L stands alone", text=quoted(text))
    )


def _nth_weekday(of: Field, text: str) -> DayRule:
    if "," in text or text.count("#") > 1:
        raise InvalidSchedule(
            Text(
                "day-of-week %(text)s: AWS takes one # and nothing else in its field; make one job for each",
                text=quoted(text),
            )
        )
    word, _, nth = text.partition("#")
    if nth not in ("1", "2", "3", "4", "5"):
        raise InvalidSchedule(
            Text(
                "day-of-week %(text)s: after # comes which one of the month, 1 to 5; for the last one write %(last)s",
                text=quoted(text),
                last=f"{word[:3]}L",
            )
        )
    return NthWeekday(weekday=(number(of, word) - of.low) % 7, nth=int(nth))


def _last_weekday(of: Field, text: str) -> DayRule:
    if "," in text:
        raise InvalidSchedule(
            Text(
                "day-of-week %(text)s: L stands alone in its field, AWS documents no list of it; make one job for each",
                text=quoted(text),
            )
        )
    if text.startswith("L") and len(text) > 1:
        raise InvalidSchedule(
            Text(
                "day-of-week %(text)s: L comes after the day, as in %(last)s; L before it is croniter's own form",
                text=quoted(text),
                last=f"{text[1:4]}L",
            )
        )
    if text != "L":
        return LastWeekday(weekday=(number(of, text[:-1]) - of.low) % 7)
    if of.low == 0:
        raise InvalidSchedule(
            Text(
                "day-of-week 'L': AWS and Quartz read it as Saturday, others as the last day of the month or not "
                "at all; write SAT, SATL (the last Saturday), or L in day-of-month"
            )
        )
    return Weekdays(weekdays=(6,))
