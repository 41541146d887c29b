"""Random expressions in both dialects, and instants that lie where schedules go wrong."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.unit.scheduling.minute_oracle import UTC

# ORACLE_EXAMPLES=5000 looks much further, and at other examples each time; the default always looks at the same ones.
_ASKED = os.environ.get("ORACLE_EXAMPLES")


def examples(default: int) -> settings:
    """Hypothesis settings for a test that looks at `default` examples unless ORACLE_EXAMPLES asks for more."""
    return settings(
        max_examples=max(default, int(_ASKED or 0)),
        derandomize=_ASKED is None,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@st.composite
def _items(draw: st.DrawFn, low: int, high: int, *, wraps: bool = False, names: tuple[str, ...] = ()) -> str:
    words = [str(number) for number in range(low, high + 1)]
    if names:
        words += [draw(st.sampled_from([name, name.lower()])) for name in names]
    first, last = draw(st.integers(low, high)), draw(st.integers(low, high))
    if not wraps:
        first, last = sorted((first, last))
    step = draw(st.integers(2, max(2, (high - low) // 2)))
    form = draw(st.sampled_from(["number", "range", "step", "stepped range", "stars"]))
    if form == "number":
        return draw(st.sampled_from(words))
    if form == "range":
        return f"{first}-{last}"
    if form == "step":
        return f"{first}/{step}"
    if form == "stepped range":
        return f"{min(first, last)}-{max(first, last)}/{step}"
    return f"*/{step}"


def _field(low: int, high: int, *, wraps: bool = False, names: tuple[str, ...] = ()) -> st.SearchStrategy[str]:
    some = st.lists(_items(low, high, wraps=wraps, names=names), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), some, some)


_STANDARD_WEEKDAY = st.one_of(
    st.lists(
        st.one_of(
            st.integers(0, 7).map(str),
            st.sampled_from(_WEEKDAYS),
            st.tuples(st.integers(0, 7), st.integers(0, 7)).map(lambda days: f"{days[0]}-{days[1]}"),
            st.tuples(st.sampled_from(_WEEKDAYS), st.sampled_from(_WEEKDAYS)).map("-".join),
            st.sampled_from(["*/2", "*/3", "1-5/2", "0-6/3", "1-7/2"]),
        ),
        min_size=1,
        max_size=3,
    ).map(",".join),
    st.tuples(st.integers(0, 7), st.integers(1, 5)).map(lambda nth: f"{nth[0]}#{nth[1]}"),
    st.tuples(st.sampled_from(_WEEKDAYS), st.integers(1, 5)).map(lambda nth: f"{nth[0]}#{nth[1]}"),
    st.integers(0, 7).map(lambda day: f"{day}L"),
)
_AWS_WEEKDAY = st.one_of(
    st.just("*"),
    st.lists(
        st.one_of(
            st.integers(1, 7).map(str),
            st.sampled_from(_WEEKDAYS),
            st.lists(st.integers(1, 7), min_size=2, max_size=2).map(lambda days: f"{min(days)}-{max(days)}"),
        ),
        min_size=1,
        max_size=3,
    ).map(",".join),
    st.tuples(st.integers(1, 7), st.integers(1, 5)).map(lambda nth: f"{nth[0]}#{nth[1]}"),
    st.integers(1, 7).map(lambda day: f"{day}L"),
    st.just("L"),
)
_MONTH_DAY_SPECIAL = st.one_of(st.just("L"), st.integers(1, 31).map(lambda day: f"{day}W"))
_YEAR = st.one_of(
    st.just("*"),
    st.just("*"),
    st.integers(1970, 2199).map(str),
    st.lists(st.integers(1970, 2199), min_size=2, max_size=2).map(lambda years: f"{min(years)}-{max(years)}"),
    st.tuples(st.integers(1970, 2199), st.integers(2, 9)).map(lambda years: f"{years[0]}/{years[1]}"),
    st.lists(st.integers(1970, 2199).map(str), min_size=2, max_size=4).map(",".join),
)


@st.composite
def standard(draw: st.DrawFn) -> str:
    """A valid five-field expression, at most one day field restricted."""
    days = st.one_of(
        st.tuples(_field(1, 31, wraps=True), st.sampled_from(["*", "?", "1-7", "0-6"])),
        st.tuples(_MONTH_DAY_SPECIAL, st.just("*")),
        st.tuples(st.sampled_from(["*", "?", "1-31", "*/1"]), _STANDARD_WEEKDAY),
    )
    month_day, weekday = draw(days)
    minutes, hours = draw(_field(0, 59, wraps=True)), draw(_field(0, 23, wraps=True))
    return f"{minutes} {hours} {month_day} {draw(_field(1, 12, wraps=True, names=_MONTHS))} {weekday}"


@st.composite
def aws(draw: st.DrawFn) -> str:
    """A valid cron(…) with six fields."""
    days = st.one_of(
        st.tuples(st.one_of(_field(1, 31), _MONTH_DAY_SPECIAL), st.just("?")), st.tuples(st.just("?"), _AWS_WEEKDAY)
    )
    month_day, weekday = draw(days)
    hours = draw(st.one_of(_field(0, 23), st.sampled_from(["20-2", "23-0", "22-4,12"])))
    month = draw(_field(1, 12, names=_MONTHS))
    return f"cron({draw(_field(0, 59))} {hours} {month_day} {month} {weekday} {draw(_YEAR)})"


expressions = st.one_of(standard(), aws())

# Leap years and the centuries that are none, both ends of AWS's years, and any minute between.
instants = st.one_of(
    st.datetimes(datetime(1969, 12, 30), datetime(2200, 1, 2), timezones=st.just(UTC)),
    st.datetimes(datetime(2024, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC)),
    st.tuples(st.sampled_from([1972, 2000, 2024, 2026, 2028, 2096, 2100, 2104]), st.integers(0, 4 * 1440)).map(
        lambda place: datetime(place[0], 2, 27, tzinfo=UTC) + timedelta(minutes=place[1])
    ),
    st.tuples(st.sampled_from([1970, 1971, 2038, 2199, 2200]), st.integers(-2 * 1440, 2 * 1440)).map(
        lambda place: datetime(place[0], 1, 1, tzinfo=UTC) + timedelta(minutes=place[1])
    ),
)

zone_names = st.sampled_from(
    [
        *("UTC", "UTC", "UTC", "Europe/Prague", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll"),
        *(
            "Pacific/Apia",
            "Africa/Casablanca",
            "Asia/Kathmandu",
            "America/St_Johns",
            "Pacific/Kiritimati",
            "Etc/GMT+12",
        ),
        *("Asia/Tehran", "America/Sao_Paulo", "Europe/Dublin", "Pacific/Chatham", "Africa/Monrovia"),
    ]
)
