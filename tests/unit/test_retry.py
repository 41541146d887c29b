"""A retry policy is data: checked where it is written, the same after a journey through JSON, exact in its delays."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.definition import JobDefinition
from functions.errors import InvalidJob
from functions.job import Backoff, Retry, RetryLater

MINUTE = timedelta(minutes=1)


def delays(retry: Retry, *, chance: float = 0.0) -> list[timedelta | None]:
    return [retry.delay(failed_before, chance=chance) for failed_before in range(retry.attempts + 1)]


def test_attempts_are_how_often_it_is_tried_again_after_the_first_time() -> None:
    assert delays(Retry(attempts=2, delays=[MINUTE, 5 * MINUTE])) == [MINUTE, 5 * MINUTE, None]


def test_the_last_delay_serves_the_attempts_that_have_none_of_their_own() -> None:
    assert delays(Retry(attempts=3, delays=[MINUTE])) == [MINUTE, MINUTE, MINUTE, None]


def test_a_backoff_grows_by_its_factor_up_to_its_most() -> None:
    backoff = Backoff(first=MINUTE, factor=3, most=10 * MINUTE, jitter=0)
    assert delays(Retry(attempts=4, backoff=backoff)) == [MINUTE, 3 * MINUTE, 9 * MINUTE, 10 * MINUTE, None]


def test_jitter_adds_at_most_its_share() -> None:
    retry = Retry(attempts=1, backoff=Backoff(first=100 * MINUTE, most=100 * MINUTE, jitter=0.5))
    assert delays(retry, chance=0.0)[0] == 100 * MINUTE
    assert delays(retry, chance=1.0)[0] == 150 * MINUTE


def test_without_delays_it_starts_with_a_minute_and_doubles_up_to_an_hour() -> None:
    found = delays(Retry(attempts=100))
    assert found[:3] == [MINUTE, 2 * MINUTE, 4 * MINUTE]
    assert found[-2] == timedelta(hours=1)


class Timeout(TimeoutError):
    """A subclass of a listed exception."""


@pytest.mark.parametrize(
    ("on", "never_on", "error", "covered"),
    [
        ((), (), ValueError(), True),
        ((TimeoutError,), (), Timeout(), True),
        ((TimeoutError,), (), OSError(), False),
        ((), (TimeoutError,), Timeout(), False),
        ((OSError,), (TimeoutError,), ConnectionError(), True),
        ((OSError,), (TimeoutError,), TimeoutError(), False),
        ((), (), SystemExit(1), True),
    ],
)
def test_which_errors_are_worth_another_attempt(on: Any, never_on: Any, error: BaseException, covered: bool) -> None:
    retry = Retry(attempts=1, on=on, never_on=never_on)
    assert retry.covers(error) is covered
    assert Retry.from_json(retry.to_json()).covers(error) is covered


@pytest.mark.parametrize(
    "retry",
    [
        Retry(attempts=3),
        Retry(attempts=3, delays=[MINUTE], on=[TimeoutError], never_on=[Timeout]),
        Retry(attempts=9, backoff=Backoff(first=MINUTE, factor=1.5, most=2 * MINUTE, jitter=1)),
    ],
)
def test_a_definition_with_a_policy_is_the_same_after_a_journey_through_json(retry: Retry) -> None:
    definition = JobDefinition(id="a", retry=retry, misfire="run_once", pause_after_failures=5)
    again = JobDefinition.from_json(definition.to_json())
    assert (again.to_json(), again.hash) == (definition.to_json(), definition.hash)


def test_a_definition_of_a_deploy_that_knew_no_policies_is_still_read() -> None:
    old = {k: v for k, v in JobDefinition(id="a").to_json().items()
           if k not in ("retry", "misfire", "pause_after_failures")}  # fmt: skip
    assert JobDefinition.from_json(old) == JobDefinition(id="a")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attempts": 0}, "attempts=0 is invalid: use a whole number from 1 to 100"),
        ({"attempts": True}, "attempts=True"),
        ({"attempts": 101}, "attempts=101"),
        ({"attempts": 1, "delays": [MINUTE, MINUTE]}, "at most 1 timedeltas"),
        ({"attempts": 1, "delays": [60]}, "delays=60 is invalid: use a timedelta from 1 second to 30 days"),
        ({"attempts": 1, "delays": [timedelta(days=31)]}, "from 1 second to 30 days"),
        ({"attempts": 1, "delays": [MINUTE], "backoff": Backoff()}, "use one of them"),
        ({"attempts": 1, "backoff": MINUTE}, "use Backoff("),
        ({"attempts": 1, "on": TimeoutError}, "use a list of exception types"),
        ({"attempts": 1, "on": ["TimeoutError"]}, "on has 'TimeoutError': use exception types"),
        ({"attempts": 1, "never_on": [3]}, "never_on has 3"),
    ],
)
def test_a_wrong_policy_stops_at_import_with_the_value_and_the_rule(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidJob) as caught:
        Retry(**options)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {"first": timedelta()}, {"first": 60}, {"factor": 0.5}, {"factor": "2"}, {"jitter": 1.1}, {"jitter": True},
        {"first": 2 * MINUTE, "most": MINUTE}, {"most": timedelta(days=31)},
    ],
)  # fmt: skip
def test_a_wrong_backoff_stops_at_import(options: dict[str, Any]) -> None:
    with pytest.raises(InvalidJob, match="Backoff"):
        Backoff(**options)


@pytest.mark.parametrize("delay", [timedelta(), timedelta(days=31), 60])
def test_retry_later_takes_a_second_to_thirty_days(delay: Any) -> None:
    with pytest.raises(InvalidJob, match="RetryLater delay="):
        RetryLater(delay)
