"""What we show as an occurrence is exactly when the expression's own definition says it fires, minute by minute."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, tzinfo
from itertools import islice

import pytest
from croniter import croniter
from hypothesis import assume, given
from hypothesis import strategies as st

from functions.errors import InvalidSchedule
from functions.scheduling import zones
from functions.scheduling.cron import Schedule
from tests.unit.scheduling.expressions import aws, examples, expressions, instants, standard, zone_names
from tests.unit.scheduling.minute_oracle import DAY, MINUTE, UTC, Oracle

HORIZON = 9 * 366  # days the oracle looks ahead or back: every weekday of a leap day's gap fits in, 2100 aside

pairs = {"minutes": 0, "instants": 0}


@pytest.fixture(autouse=True, scope="module")
def _report() -> Iterator[None]:
    yield
    total = sum(pairs.values())
    print(f"\n{total:,} (expression, instant) pairs agreed: {pairs['minutes']:,} minutes of windows, ", end="")
    print(f"{pairs['instants']:,} instants with the next and the previous occurrence searched day by day")


def parsed(text: str, zone_name: str = "UTC") -> Schedule:
    """The schedule; a list of years too long for AWS is not what these tests are about."""
    try:
        return Schedule.parse(text, zone_name)
    except InvalidSchedule as refused:
        assume("AWS takes at most 256" not in str(refused))
        raise


@examples(30)
@given(text=expressions, zone_name=zone_names, start=instants, near=st.booleans())
def test_a_day_has_exactly_the_occurrences_its_minutes_match(
    text: str, zone_name: str, start: datetime, near: bool
) -> None:
    schedule, oracle, zone = parsed(text, zone_name), Oracle(text), zones.find(zone_name)
    if near and (occurrence := schedule.next_after(start)):
        start = occurrence - DAY / 2
    # AWS's minutes are the wall clock's; a few old zones are off by seconds, so the grid starts on the wall clock.
    local = start.astimezone(zone)
    grid = [start - timedelta(seconds=local.second, microseconds=local.microsecond) + n * MINUTE for n in range(1440)]
    assume(len({instant.astimezone(zone).second for instant in (grid[0], grid[-1])}) == 1)
    expected = [instant for instant in grid if oracle.fires_at(instant, zone)]
    found = [at for at in schedule.upcoming(grid[0] - MINUTE, len(expected) + 1) if at <= grid[-1]]
    assert found == expected
    if schedule.aws_expression:
        emitted = Oracle(schedule.aws_expression)
        assert [instant for instant in grid if emitted.fires_at(instant, zone)] == expected
    pairs["minutes"] += len(grid)


@examples(60)
@given(text=expressions, zone_name=zone_names, instant=instants)
def test_next_and_previous_are_the_nearest_matching_minutes(text: str, zone_name: str, instant: datetime) -> None:
    schedule, oracle, zone = parsed(text, zone_name), Oracle(text), zones.find(zone_name)
    assume(zone_name != "Africa/Monrovia" or instant.year > 1972)  # until then 44 minutes and 30 seconds behind
    assert_nearest(schedule.next_after(instant), expected=searched(oracle, zone, instant, step=1), after=instant)
    assert_nearest(schedule.previous(instant), expected=searched(oracle, zone, instant, step=-1), after=instant)
    pairs["instants"] += 1


def assert_nearest(found: datetime | None, *, expected: datetime | None, after: datetime) -> None:
    if expected is None and found is not None:
        assert abs(found - after) > (HORIZON - 3) * DAY
    else:
        assert found == expected


def searched(oracle: Oracle, zone: tzinfo, instant: datetime, *, step: int) -> datetime | None:
    """The nearest firing minute, strictly after (step 1) or before (step -1), found day by day and minute by minute."""
    day = instant.astimezone(zone).date() - step * DAY
    for _ in range(HORIZON):
        if oracle.matches_date(day):
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            # Every minute of UTC that can carry this date in any zone, then those that do.
            minutes = (midnight + n * MINUTE for n in range(-15 * 60, 39 * 60))
            fires = [
                minute
                for minute in minutes
                if (minute - instant) * step > timedelta(0)
                and minute.astimezone(zone).date() == day
                and oracle.fires_at(minute, zone)
            ]
            if fires:
                return fires[0] if step == 1 else fires[-1]
        day += step * DAY
    return None


@examples(60)
@given(text=aws(), start=instants)
def test_what_we_send_to_aws_reads_back_as_the_same_schedule(text: str, start: datetime) -> None:
    schedule = parsed(text)
    assume(schedule.aws_expression is not None)
    again = Schedule.parse(schedule.aws_expression or "")
    assert again.aws_expression == schedule.aws_expression
    assert again.upcoming(start, 5) == schedule.upcoming(start, 5)
    assert len(schedule.aws_expression or "") <= 256


@examples(25)
@given(text=standard(), start=st.datetimes(datetime(2001, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC)))
def test_croniter_agrees_wherever_it_is_right(text: str, start: datetime) -> None:
    assume(not set("LW#?").intersection(text.upper().replace("JUL", "").replace("WED", "")))
    fields = [listed(field) for field in text.upper().split()]
    assume(fields[2] == "*" or fields[4] in ("*", "1-7", "0-6"))
    schedule = parsed(text)
    assume(schedule.kind != "never")
    if fields[4] in ("1-7", "0-6"):
        fields[4] = "*"
    if fields[2] in ("1-31", "*/1"):
        fields[2] = "*"
    peer: Iterator[datetime] = croniter(" ".join(fields), start, ret_type=datetime)
    assert list(islice(peer, 3)) == schedule.upcoming(start, 3)


def listed(field: str) -> str:
    """`a-a` as `a`, which croniter reads as the whole field."""
    words = []
    for item in field.split(","):
        place, slash, step = item.partition("/")
        first, _, last = place.partition("-")
        words.append(first if first == last else place + slash + step)
    return ",".join(words)
