"""A Lambda event becomes an invocation, or an error that names what is wrong with it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from functions.errors import InvalidEvent
from functions.invocation import parse

NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)
SCHEDULED: dict[str, Any] = {"cause": "schedule", "job_id": "a", "scheduled_at": "2026-11-23T12:00:00Z"}
MANUAL = {
    "cause": "manual",
    "job_id": "a",
    "scheduled_at": "2026-11-23T12:00:07.123456+00:00",
    "execution_id": "8f14e45f-ceea-467a-9575-000000000001",
}


def test_a_scheduled_instant_is_floored_to_its_minute() -> None:
    late = parse(SCHEDULED | {"scheduled_at": "2026-11-23T12:00:41Z"}, now=NOW)
    assert late.scheduled_at == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    assert parse(SCHEDULED | {"scheduled_at": "2026-11-23T13:00:41+01:00"}, now=NOW).scheduled_at == late.scheduled_at


def test_a_manual_event_keeps_its_instant_and_names_its_execution() -> None:
    invocation = parse(MANUAL, now=NOW)
    assert invocation.execution_id == uuid.UUID(MANUAL["execution_id"])
    assert invocation.scheduled_at.microsecond == 123456


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (None, "is not an object"),
        ([1], "is not an object"),
        ({}, "job_id=None"),
        (SCHEDULED | {"job_id": "../x"}, "job_id='../x'"),
        (SCHEDULED | {"job_id": 7}, "job_id=7"),
        (SCHEDULED | {"cause": "party"}, "cause='party'"),
        (SCHEDULED | {"scheduled_at": None}, "scheduled_at=None"),
        (SCHEDULED | {"scheduled_at": "soon"}, "scheduled_at='soon'"),
        (SCHEDULED | {"scheduled_at": "2026-11-23T12:00:00"}, "with its offset"),
        (SCHEDULED | {"scheduled_at": "2026-11-23T14:00:00Z"}, "at most an hour ahead"),
        (SCHEDULED | {"scheduled_at": "1999-11-23T14:00:00Z"}, "two years old"),
        (MANUAL | {"execution_id": "x"}, "execution_id='x'"),
        (MANUAL | {"execution_id": None}, "use the admin API's trigger"),
    ],
)
def test_a_malformed_event_is_an_error_that_names_the_value(event: object, message: str) -> None:
    with pytest.raises(InvalidEvent) as caught:
        parse(event, now=NOW)
    assert message in str(caught.value)


def test_a_huge_value_is_cut_in_the_message() -> None:
    with pytest.raises(InvalidEvent) as caught:
        parse(SCHEDULED | {"job_id": "x" * 100_000}, now=NOW)
    assert len(str(caught.value)) < 400
