"""The marked daylight-saving days: every time the clocks skip or repeat is found, and nothing else is."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from functions.scheduling.clock_changes import ClockChange, around
from functions.scheduling.cron import Schedule

MINUTE = timedelta(minutes=1)


def changes(text: str, zone: str, now: str, count: int = 5) -> tuple[ClockChange, ...]:
    schedule = Schedule.parse(text, zone)
    start = datetime.fromisoformat(now).replace(tzinfo=UTC)
    return around(schedule, schedule.upcoming(start, count), now=start)


def times(change: ClockChange) -> list[str]:
    return [f"{local:%H:%M}" for local in change.times]


def test_spring_names_the_times_that_are_skipped() -> None:
    (change,) = changes("*/20 2 * * *", "Europe/Prague", "2027-03-27T12:00")
    assert change.is_forward
    assert (f"{change.before:%d %H:%M %z}", f"{change.after:%d %H:%M %z}") == ("28 02:00 +0100", "28 03:00 +0200")
    assert times(change) == ["02:00", "02:20", "02:40"]
    assert change.at == datetime(2027, 3, 28, 1, 0, tzinfo=UTC)


def test_autumn_names_the_times_that_are_repeated() -> None:
    (change,) = changes("*/15 * * * *", "Australia/Lord_Howe", "2027-04-03T14:50")
    assert not change.is_forward
    assert (f"{change.before:%H:%M %z}", f"{change.after:%H:%M %z}") == ("02:00 +1100", "01:30 +1030")
    assert times(change) == ["01:30", "01:45"]


def test_a_change_on_the_day_of_an_occurrence_is_marked_even_when_it_touches_none() -> None:
    (change,) = changes("0 9 * * *", "Europe/Prague", "2027-03-26T12:00")
    assert change.times == ()
    assert len(changes("0 9 * * *", "Europe/Prague", "2027-03-28T05:00")) == 1


def test_a_change_at_midnight_belongs_to_the_day_whose_hour_is_repeated() -> None:
    saturday = "0 9 * * SAT"
    (change,) = changes(saturday, "America/Sao_Paulo", "2018-02-16", count=1)
    assert (f"{change.before:%a %H:%M}", f"{change.after:%a %H:%M}") == ("Sun 00:00", "Sat 23:00")
    assert changes("0 9 * * SUN", "America/Sao_Paulo", "2018-02-16", count=1) == ()


def test_a_change_on_another_day_that_touches_nothing_is_not_mentioned() -> None:
    assert changes("0 9 * * MON", "Europe/Prague", "2027-03-01") == ()
    assert changes("0 0 1 1 *", "Europe/Prague", "2026-11-23") == ()


def test_neither_utc_nor_a_rate_nor_a_zone_without_changes_has_any() -> None:
    assert changes("30 2 * * *", "UTC", "2027-03-27") == ()
    assert changes("30 2 * * *", "Asia/Kathmandu", "2027-01-01", count=400) == ()
    anchor = datetime(2027, 3, 27, tzinfo=UTC)
    rate = Schedule.parse("rate(1 day)", "Europe/Prague")
    assert around(rate, rate.upcoming(anchor, 5, anchor=anchor), now=anchor) == ()


@pytest.mark.parametrize(
    ("zone", "start", "days"),
    [
        ("Europe/Prague", "2027-01-01", 365),
        ("Australia/Lord_Howe", "2027-01-01", 365),
        ("America/New_York", "2027-01-01", 365),
        ("Africa/Casablanca", "2027-01-01", 365),
        ("Antarctica/Troll", "2027-01-01", 365),
        ("America/Sao_Paulo", "2017-01-01", 700),  # at midnight, so that the hour before is repeated
        ("Pacific/Apia", "2011-12-01", 60),  # a whole day is skipped
    ],
)
def test_skipped_and_repeated_times_are_those_of_the_clock_itself(zone: str, start: str, days: int) -> None:
    clock, begin = ZoneInfo(zone), datetime.fromisoformat(start).replace(tzinfo=UTC)
    end = begin + timedelta(days=days)
    schedule = Schedule.parse("*/15 * * * *", zone)
    found = around(schedule, (end,), now=begin)

    walls = Counter(
        (begin + n * 15 * MINUTE).astimezone(clock).replace(tzinfo=None) for n in range(-192, days * 96 + 192)
    )
    first, last = min(walls), max(walls)
    every = [first + n * 15 * MINUTE for n in range((last - first) // (15 * MINUTE) + 1)]
    assert [local for change in found if change.is_forward for local in change.times] == [
        local for local in every if not walls[local]
    ]
    assert [local for change in found if not change.is_forward for local in change.times] == [
        local for local in every if walls[local] == 2
    ]
    assert found
