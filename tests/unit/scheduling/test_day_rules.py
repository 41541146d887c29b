"""L, W, # and weekdays in every kind of year there is: each weekday it can begin with, leap or not."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from functions.scheduling.cron import Schedule
from tests.unit.scheduling.minute_oracle import DAY, UTC, Oracle

# One year of each kind, and a century that is no leap year.
KINDS = {(date(year, 1, 1).weekday(), date(year, 3, 1) - date(year, 2, 1)): year for year in range(2024, 2052)}
YEARS = (*KINDS.values(), 2100)

MONTH_DAYS = ["L", "31", "29-31", *(f"{day}W" for day in (1, 2, 3, 14, 15, 28, 29, 30, 31))]
WEEKDAYS = [
    "L",
    "2-6",
    *(f"{day}L" for day in range(1, 8)),
    *(f"{day}#{nth}" for day in (1, 4, 7) for nth in range(1, 6)),
]


@pytest.mark.parametrize(
    "text", [f"cron(0 0 {day} * ? *)" for day in MONTH_DAYS] + [f"cron(0 0 ? * {day} *)" for day in WEEKDAYS]
)
def test_the_days_are_those_the_definition_names(text: str) -> None:
    assert len(YEARS) == 15
    schedule, oracle = Schedule.parse(text), Oracle(text)
    for year in YEARS:
        january = datetime(year, 1, 1, tzinfo=UTC)
        days = [january + n * DAY for n in range(366)]
        expected = [day for day in days if day.year == year and oracle.matches_date(day)]
        found = schedule.upcoming(january - timedelta(minutes=1), len(expected) + 1)
        assert [day for day in found if day.year == year] == expected
