"""Daylight saving as EventBridge Scheduler does it: a skipped local time does not run, a repeated one runs once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from functions.scheduling.cron import Schedule
from tests.unit.scheduling.minute_oracle import MINUTE, UTC, Oracle

HOUR = timedelta(hours=1)


def local(schedule: Schedule, after: str, count: int) -> list[str]:
    """The next occurrences as the zone's wall clock shows them, with the offset."""
    zone = ZoneInfo(schedule.timezone)
    start = datetime.fromisoformat(after).replace(tzinfo=UTC)
    return [f"{at.astimezone(zone):%m-%d %H:%M %z}" for at in schedule.upcoming(start, count)]


def test_prague_skips_a_time_that_does_not_exist_in_spring() -> None:
    daily = Schedule.parse("30 2 * * *", "Europe/Prague")
    assert local(daily, "2027-03-26T12:00", 3) == ["03-27 02:30 +0100", "03-29 02:30 +0200", "03-30 02:30 +0200"]


def test_prague_runs_a_repeated_time_once_before_the_shift_in_autumn() -> None:
    daily = Schedule.parse("30 2 * * *", "Europe/Prague")
    assert local(daily, "2027-10-29T12:00", 3) == ["10-30 02:30 +0200", "10-31 02:30 +0200", "11-01 02:30 +0100"]


def test_every_half_hour_goes_quiet_while_prague_repeats_an_hour() -> None:
    often = Schedule.parse("*/30 * * * *", "Europe/Prague")
    assert local(often, "2027-10-31T00:00", 4) == [
        *("10-31 02:30 +0200", "10-31 03:00 +0100", "10-31 03:30 +0100", "10-31 04:00 +0100"),
    ]


def test_every_half_hour_has_no_gap_when_prague_skips_an_hour() -> None:
    often = Schedule.parse("*/30 * * * *", "Europe/Prague")
    assert local(often, "2027-03-28T00:15", 3) == ["03-28 01:30 +0100", "03-28 03:00 +0200", "03-28 03:30 +0200"]


def test_lord_howe_skips_and_repeats_half_an_hour() -> None:
    quarterly = Schedule.parse("*/15 2 * * *", "Australia/Lord_Howe")
    assert local(quarterly, "2026-10-03T15:20", 3) == ["10-04 02:30 +1100", "10-04 02:45 +1100", "10-05 02:00 +1100"]
    often = Schedule.parse("*/15 * * * *", "Australia/Lord_Howe")
    assert local(often, "2027-04-03T14:30", 4) == [
        *("04-04 01:45 +1100", "04-04 02:00 +1030", "04-04 02:15 +1030", "04-04 02:30 +1030"),
    ]


def test_apia_skipped_a_whole_day() -> None:
    daily = Schedule.parse("0 9 * * *", "Pacific/Apia")
    assert local(daily, "2011-12-29T00:00", 2) == ["12-29 09:00 -1000", "12-31 09:00 +1400"]


def test_previous_inside_the_repeated_hour_is_in_the_first_pass() -> None:
    at_45 = Schedule.parse("45 2 * * *", "Europe/Prague")
    second_half_past_two = datetime(2027, 10, 31, 1, 30, tzinfo=UTC)
    assert at_45.previous(second_half_past_two) == datetime(2027, 10, 31, 0, 45, tzinfo=UTC)
    assert at_45.next_after(second_half_past_two) == datetime(2027, 11, 1, 1, 45, tzinfo=UTC)


def test_a_one_time_moment_that_is_repeated_is_its_first_pass() -> None:
    once = Schedule.parse("at(2027-10-31T02:30:00)", "Europe/Prague")
    assert once.next_after(datetime(2027, 1, 1, tzinfo=UTC)) == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_a_rate_counts_elapsed_time_through_a_shift() -> None:
    daily = Schedule.parse("rate(1 day)", "Europe/Prague")
    anchor = datetime(2027, 3, 27, 8, 0, tzinfo=UTC)
    assert local(daily, "2027-03-27T09:00", 1) == []
    assert [f"{at.astimezone(ZoneInfo('Europe/Prague')):%H:%M}" for at in daily.upcoming(anchor, 2, anchor=anchor)] == [
        *("10:00", "10:00"),
    ]


def test_every_transition_of_every_zone_from_2024_to_2030_matches_the_oracle() -> None:
    every, quarterly = Oracle("* * * * *"), Oracle("*/15 1-3 * * *")
    seen: set[tuple[tuple[datetime, timedelta, timedelta], ...]] = set()
    zones = sorted(name for name in available_timezones() if name not in ("localtime", "posixrules", "Factory"))
    for name in zones:
        zone = ZoneInfo(name)
        found = tuple(transitions(zone))
        if found in seen:  # a link, or a zone that has agreed with another one all these years
            continue
        seen.add(found)
        for instant, before, after in found:
            margin = abs(after - before) + timedelta(minutes=20)
            window = [instant - margin + n * MINUTE for n in range(2 * margin // MINUTE)]
            assert_window(Schedule.parse("* * * * *", name), every, window)
            assert_window(Schedule.parse("*/15 1-3 * * *", name), quarterly, window)
    assert len(zones) > 400
    assert sum(map(len, seen)) > 300


def assert_window(schedule: Schedule, oracle: Oracle, window: list[datetime]) -> None:
    zone = ZoneInfo(schedule.timezone)
    expected = [minute for minute in window if oracle.fires_at(minute, zone)]
    found = [at for at in schedule.upcoming(window[0] - MINUTE, len(expected) + 1) if at <= window[-1]]
    assert found == expected, schedule.timezone
    middle = len(window) // 2
    for minute in (*window[::17], *window[middle - 2 : middle + 3]):
        earlier = [at for at in expected if at < minute]
        if earlier:
            assert schedule.previous(minute) == earlier[-1], (schedule.timezone, minute)
        later = [at for at in expected if at > minute]
        if later:
            assert schedule.next_after(minute) == later[0], (schedule.timezone, minute)


def transitions(zone: ZoneInfo) -> Iterator[tuple[datetime, timedelta, timedelta]]:
    """The minute of each change of offset, with the offsets before and after it."""
    week, end = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
    while week < end:
        following = week + timedelta(days=7)
        before, after = offset(week, zone), offset(following, zone)
        if before != after:
            low, high = week, following
            while high - low > MINUTE:
                middle = low + (high - low) // 2 // MINUTE * MINUTE
                low, high = (middle, high) if offset(middle, zone) == before else (low, middle)
            yield high, before, after
        week = following


def offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    found = instant.astimezone(zone).utcoffset()
    assert found is not None
    return found
