"""next_after, upcoming and previous: strictly after or before, in UTC, and None where nobody can know."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from functions.scheduling.cron import Schedule
from tests.unit.scheduling.minute_oracle import UTC

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # a Monday
MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_next_is_strictly_after_and_previous_strictly_before() -> None:
    hourly = Schedule.parse("@hourly")
    assert hourly.next_after(NOON) == NOON + 60 * MINUTE
    assert hourly.previous(NOON) == NOON - 60 * MINUTE
    moment = timedelta(microseconds=1)
    assert hourly.next_after(NOON - moment) == NOON
    assert hourly.next_after(NOON + moment) == NOON + 60 * MINUTE
    assert hourly.previous(NOON + moment) == NOON
    assert hourly.previous(NOON - moment) == NOON - 60 * MINUTE


def test_what_is_between_two_instants_is_neither_of_them() -> None:
    hourly = Schedule.parse("@hourly")
    assert hourly.between(NOON, NOON + 180 * MINUTE) == [NOON + 60 * MINUTE, NOON + 120 * MINUTE]
    assert hourly.between(NOON, NOON) == []
    rate = Schedule.parse("rate(50 minutes)")
    assert rate.between(NOON, NOON + 60 * MINUTE, anchor=NOON - 10 * MINUTE) == [NOON + 40 * MINUTE]
    assert rate.between(NOON, NOON + 60 * MINUTE) == []


def test_instants_come_out_in_utc_whatever_zone_they_came_in_with() -> None:
    nine = Schedule.parse("0 9 * * *", "Europe/Prague").next_after(NOON.astimezone(timezone(timedelta(hours=5))))
    assert nine == at("2026-11-24T08:00")
    assert nine is not None
    assert nine.tzinfo is UTC


@pytest.mark.parametrize("text", ["@hourly", "rate(5 minutes)", "at(2027-01-01T00:00:00)", "0 0 31 2 *"])
def test_a_naive_instant_is_refused(text: str) -> None:
    schedule, naive = Schedule.parse(text), datetime(2026, 11, 23, 12, 0)
    with pytest.raises(ValueError, match="no time zone"):
        schedule.next_after(naive)
    with pytest.raises(ValueError, match="no time zone"):
        schedule.upcoming(naive, 3)
    with pytest.raises(ValueError, match="no time zone"):
        schedule.previous(naive)
    with pytest.raises(ValueError, match="no time zone"):
        schedule.next_after(NOON, anchor=naive)


def test_upcoming_gives_as_many_as_there_are() -> None:
    assert Schedule.parse("0 9 * * MON-FRI").upcoming(NOON, 5) == [
        *map(at, ("2026-11-24T09:00", "2026-11-25T09:00", "2026-11-26T09:00", "2026-11-27T09:00", "2026-11-30T09:00")),
    ]
    assert Schedule.parse("cron(0 0 1 1 ? 2027,2028)").upcoming(NOON, 5) == [at("2027-01-01"), at("2028-01-01")]
    assert Schedule.parse("@hourly").upcoming(NOON, 0) == []


SPARSE = {
    "0 0 29 2 *": ("2028-02-29T00:00", "2024-02-29T00:00"),
    "0 0 L 2 *": ("2027-02-28T00:00", "2026-02-28T00:00"),
    "0 0 1W * *": ("2026-12-01T00:00", "2026-11-02T00:00"),  # 1 November 2026 is a Sunday
    "0 0 31W * *": ("2026-12-31T00:00", "2026-10-30T00:00"),  # 31 October 2026 is a Saturday
    "0 0 * * 5L": ("2026-11-27T00:00", "2026-10-30T00:00"),
    "0 0 * * MON#5": ("2026-11-30T00:00", "2026-08-31T00:00"),
    "0 0 * * MON#4": ("2026-12-28T00:00", "2026-11-23T00:00"),
    "cron(0 0 29 2 ? 2096-2105)": ("2096-02-29T00:00", None),
    "cron(59 23 31 12 ? *)": ("2026-12-31T23:59", "2025-12-31T23:59"),
    "cron(59 23 31 12 ? 2199)": ("2199-12-31T23:59", None),
    "cron(0 0 1 1 ? 1970)": (None, "1970-01-01T00:00"),
}


@pytest.mark.parametrize(("text", "expected"), SPARSE.items())
def test_sparse_schedules_are_found_in_both_directions(text: str, expected: tuple[str | None, str | None]) -> None:
    schedule = Schedule.parse(text)
    assert schedule.kind == "cron"
    assert (schedule.next_after(NOON), schedule.previous(NOON)) == tuple(day and at(day) for day in expected)


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_years_of_aws_are_the_ends_of_the_wall_clock(zone: str) -> None:
    schedule = Schedule.parse("* * * * *", zone)
    earliest, latest = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    first, last = schedule.next_after(earliest), schedule.previous(latest)
    assert first is not None
    assert last is not None
    assert first.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == datetime(1970, 1, 1)
    assert last.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == datetime(2199, 12, 31, 23, 59)
    assert schedule.previous(first) is None
    assert schedule.next_after(last) is None
    assert schedule.previous(earliest) is None
    assert schedule.next_after(latest) is None


def test_a_never_schedule_has_no_occurrence() -> None:
    never = Schedule.parse("0 0 31 2 *")
    assert (never.next_after(NOON), never.previous(NOON), never.upcoming(NOON, 3)) == (None, None, [])


def test_a_one_time_moment_occurs_once() -> None:
    once = Schedule.parse("at(2026-11-23T13:00:30)", "Europe/Prague")
    moment = at("2026-11-23T12:00:30")
    assert (once.kind, once.aws_expression) == ("at", "at(2026-11-23T13:00:30)")
    assert (once.next_after(NOON), once.upcoming(NOON, 3), once.previous(NOON)) == (moment, [moment], None)
    assert (once.next_after(moment), once.previous(moment), once.previous(moment + MINUTE)) == (None, None, moment)


def test_a_rate_without_an_anchor_has_no_exact_time() -> None:
    rate = Schedule.parse("rate(5 minutes)")
    assert (rate.next_after(NOON), rate.previous(NOON), rate.upcoming(NOON, 3)) == (None, None, [])


def test_a_rate_counts_from_its_anchor() -> None:
    rate, anchor = Schedule.parse("rate(5 minutes)"), NOON + 2 * MINUTE
    assert rate.upcoming(anchor, 2, anchor=anchor) == [anchor + 5 * MINUTE, anchor + 10 * MINUTE]
    assert rate.next_after(anchor + 5 * MINUTE, anchor=anchor) == anchor + 10 * MINUTE
    assert rate.next_after(anchor + 6 * MINUTE, anchor=anchor) == anchor + 10 * MINUTE
    assert rate.previous(anchor + 10 * MINUTE, anchor=anchor) == anchor + 5 * MINUTE
    assert rate.previous(anchor + 11 * MINUTE, anchor=anchor) == anchor + 10 * MINUTE
    assert rate.previous(anchor + MINUTE, anchor=anchor) == anchor


def test_a_rate_claims_nothing_before_its_anchor() -> None:
    rate, anchor = Schedule.parse("rate(5 minutes)"), NOON + 60 * MINUTE
    assert rate.upcoming(NOON, 2, anchor=anchor) == [anchor, anchor + 5 * MINUTE]
    assert rate.previous(NOON, anchor=anchor) is None
    assert rate.previous(anchor, anchor=anchor) is None


def test_a_rate_ends_where_dates_end() -> None:
    rate = Schedule.parse("rate(3650 days)")
    late = datetime(9999, 1, 1, tzinfo=UTC)
    assert rate.next_after(late, anchor=late) is None
    assert rate.upcoming(datetime(9985, 1, 1, tzinfo=UTC), 9, anchor=datetime(9985, 1, 1, tzinfo=UTC)) == [
        datetime(9994, 12, 30, tzinfo=UTC)
    ]
    assert rate.previous(late, anchor=datetime.min.replace(tzinfo=UTC)) is not None
