"""AWS's rate(…): elapsed time from one known fire to the next, whatever the clocks do.

Source: EventBridge User Guide, "Rate expressions reference"; the phase of a rate cannot be read back from AWS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.errors import InvalidSchedule
from functions.scheduling.quoted import quoted
from functions.text import Text

_RATE = re.compile(r"(\S+)\s+(\S+)")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_LONGEST = timedelta(days=3650)  # AWS documents no limit; ten years keep every answer inside what a datetime can hold


@dataclass(frozen=True)
class Rate:
    """Every `count` units of elapsed time, counted from an anchor that someone has to know."""

    count: int
    unit: str

    @property
    def period(self) -> timedelta:
        return self.count * _UNITS[self.unit]

    @property
    def aws_expression(self) -> str:
        return f"rate({self.count} {self.unit}{'' if self.count == 1 else 's'})"

    def after(self, instant: datetime, anchor: datetime | None) -> Iterator[datetime]:
        """Occurrences strictly after `instant`, the anchor being the first there is; none without an anchor."""
        if anchor is None:
            return
        passed = max(0, (instant - anchor) // self.period + 1)
        try:
            occurrence = anchor + passed * self.period
            while True:
                yield occurrence
                occurrence += self.period
        except OverflowError:  # past the year 9999
            return

    def before(self, instant: datetime, anchor: datetime | None) -> Iterator[datetime]:
        """Occurrences strictly before `instant`, latest first, back to the anchor; none without one."""
        if anchor is None:
            return
        passed = -((anchor - instant) // self.period) - 1
        for count in range(passed, -1, -1):
            yield anchor + count * self.period


def read_rate(text: str) -> Rate:
    """The rate in what stands inside rate(…). Raises InvalidSchedule."""
    match = _RATE.fullmatch(text.strip())
    if not match:
        raise InvalidSchedule(Text("rate(…) takes a whole number and a unit, as in rate(5 minutes) or rate(1 hour)"))
    count_text, unit_text = match[1], match[2].lower()
    unit = unit_text.removesuffix("s")
    if unit not in _UNITS:
        raise InvalidSchedule(
            Text(
                "rate unit %(unit)s must be minute, minutes, hour, hours, day or days; one minute is the least",
                unit=quoted(match[2]),
            )
        )
    count = _count(count_text, unit)
    if (unit_text == unit) != (count == 1):
        raise InvalidSchedule(
            Text(
                "rate unit %(unit)s with %(count)s: AWS wants the singular for 1 and the plural otherwise; "
                "write %(right)s",
                unit=quoted(match[2]),
                count=count,
                right=Rate(count, unit).aws_expression,
            )
        )
    return Rate(count, unit)


def _count(text: str, unit: str) -> int:
    if not (text.isascii() and text.isdigit()) or not text.strip("0"):
        smaller = {"hour": "rate(90 minutes)", "day": "rate(36 hours)"}.get(unit, "rate(5 minutes)")
        raise InvalidSchedule(
            Text(
                "rate value %(text)s must be a whole number above 0, as in %(smaller)s",
                text=quoted(text),
                smaller=smaller,
            )
        )
    if len(text) > 9 or int(text) * _UNITS[unit] > _LONGEST:
        raise InvalidSchedule(
            Text(
                "rate value %(text)s is too long: at most 3650 days; use cron(…) with a year instead", text=quoted(text)
            )
        )
    return int(text)
