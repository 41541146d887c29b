"""Times as people type and read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lamplighter_cli import times
from lamplighter_cli.failures import Failure

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
PRAGUE = ZoneInfo("Europe/Prague")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-11-23T12:00:00+00:00", "in 0 s"),
        ("2026-11-23T12:00:59.9+00:00", "in 59 s"),
        ("2026-11-23T12:01:00+00:00", "in 1 min"),
        ("2026-11-23T14:59:00+01:00", "in 1 h"),
        ("2026-11-25T11:59:59+00:00", "in 1 d"),
        ("2026-11-23T11:59:00+00:00", "1 min ago"),
        ("2025-11-23T12:00:00+00:00", "365 d ago"),
        (None, ""),
    ],
)
def test_an_instant_is_said_in_its_largest_unit(text: str | None, wanted: str) -> None:
    assert times.relative(text, now=NOON) == wanted


def test_an_instant_is_shown_on_the_clock_that_is_asked_for() -> None:
    assert times.absolute("2026-11-23T12:00:00+00:00", zone=PRAGUE) == "2026-11-23 13:00:00 CET"
    assert times.absolute("2026-07-23T12:00:00+00:00", zone=PRAGUE) == "2026-07-23 14:00:00 CEST"
    assert times.absolute("2026-11-23T13:00:00+01:00", zone=UTC) == "2026-11-23 12:00:00 UTC"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("90s", timedelta(seconds=90)), ("15m", timedelta(minutes=15)), ("2h", timedelta(hours=2)),
     ("3d", timedelta(days=3)), ("1w", timedelta(weeks=1))],
)  # fmt: skip
def test_a_duration_is_a_number_and_a_unit(text: str, wanted: timedelta) -> None:
    assert times.duration(text, option="--delay") == wanted


@pytest.mark.parametrize("text", ["", "5", "m", "-5m", "1.5h", "5 m", "٣m", "1234567s"])
def test_what_is_no_duration_is_refused_by_name(text: str) -> None:
    with pytest.raises(Failure, match=r"--delay '.*' is invalid: use a number with s, m, h, d or w"):
        times.duration(text, option="--delay")


def test_an_instant_without_an_offset_is_on_the_clock_of_the_command() -> None:
    assert times.instant("2026-07-01T08:00", option="--at", zone=PRAGUE).isoformat() == "2026-07-01T08:00:00+02:00"
    assert times.instant("2026-07-01T08:00-05:00", option="--at", zone=PRAGUE).isoformat().endswith("-05:00")
    local = times.instant("2026-07-01T08:00", option="--at", zone=None)
    assert local.tzinfo is not None
    assert local.replace(tzinfo=None) == datetime(2026, 7, 1, 8)


@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01", "", "12:00"])
def test_what_is_no_instant_is_refused_by_name(text: str) -> None:
    with pytest.raises(Failure, match=r"--at '.*' is invalid: use ISO 8601"):
        times.instant(text, option="--at", zone=UTC)


def test_a_duration_counts_from_now_on_or_backwards() -> None:
    assert times.ahead("2h", option="--until", now=NOON, zone=UTC) == "2026-11-23T14:00:00+00:00"
    assert times.ago("24h", option="--from", now=NOON, zone=UTC) == "2026-11-22T12:00:00+00:00"
    assert times.ago("2026-11-01", option="--from", now=NOON, zone=UTC) == "2026-11-01T00:00:00+00:00"
    assert times.ago(None, option="--from", now=NOON, zone=UTC) is None
    with pytest.raises(Failure, match="there is no such date"):
        times.ago("999999w", option="--from", now=NOON, zone=UTC)


@pytest.mark.parametrize(("seconds", "wanted"), [(None, ""), (0.123, "0.12 s"), (59.5, "59.50 s"), (3909.9, "1:05:09")])
def test_how_long_something_took(seconds: float | None, wanted: str) -> None:
    assert times.took(seconds) == wanted
