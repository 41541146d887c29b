"""A job definition is checked where it is written, with the value in the message."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from functions.definition import JobDefinition
from functions.errors import InvalidJob
from functions.job import JobContext, Retry, job


def define(**options: Any) -> JobDefinition:
    @job(**{"id": "clean-up"} | options)
    def clean_up(ctx: JobContext) -> None:
        """Cleans up.

        And more.
        """

    return clean_up.definition


def test_a_job_describes_itself_by_the_first_line_of_its_docstring() -> None:
    assert define().description == "Cleans up."
    assert define(description="Sweeps.").description == "Sweeps."


def test_a_job_stays_a_function_that_a_test_can_call() -> None:
    @job(id="echo")
    def echo(ctx: JobContext) -> str:
        return "called"

    assert echo(None) == "called"  # type: ignore[arg-type]


@pytest.mark.parametrize("job_id", ["a", "a" * 100, "a.b_c-9", "0"])
def test_ids_of_the_allowed_letters_are_accepted(job_id: str) -> None:
    assert define(id=job_id).id == job_id


@pytest.mark.parametrize("job_id", ["", "Clean Up", "a" * 101, "a/b", "ä", "a\n", None, 7])
def test_other_ids_are_refused_with_the_rule(job_id: object) -> None:
    with pytest.raises(InvalidJob, match=r"job id .* is invalid: use a-z, 0-9, '.', '_' or '-', at most 100"):
        define(id=job_id)


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("schedule", "61 * * * *", "61"),
        ("schedule", 5, "a string such as"),
        ("schedule", "at(2030-01-01T00:00:00)", "one-time"),
        ("timezone", "Mars/Phobos", "Mars/Phobos"),
        ("timeout", timedelta(seconds=901), "1 to 900 whole seconds"),
        ("timeout", timedelta(milliseconds=1500), "1 to 900 whole seconds"),
        ("timeout", 60, "a timedelta"),
        ("memory_mb", 127, "128 to 10240"),
        ("memory_mb", "256", "128 to 10240"),
        ("memory_mb", True, "128 to 10240"),
        ("overlap", "queue", "skip, allow"),
        ("jitter", timedelta(seconds=90), "whole minutes"),
        ("jitter", timedelta(days=2), "1 to 1,440 whole minutes"),
        ("description", "x" * 513, "512"),
        ("permissions", [{"Action": "s3:GetObject"}], "Resource"),
        ("colour", "red", "unknown option colour='red'"),
        ("params", dict, "use a dataclass"),
        ("retry", 3, "use Retry(attempts=…)"),
        ("misfire", "all", "ignore, run_once"),
        ("pause_after_failures", 0, "1 to 1000"),
        ("pause_after_failures", True, "1 to 1000"),
        ("tags", ["Billing"], "tags='Billing' is invalid: use tags of 1 to 50 of a-z, 0-9"),
        ("tags", [""], "1 to 50"),
        ("tags", ["x" * 51], "1 to 50"),
        ("tags", [7], "tags=7 is invalid"),
        ("tags", ["a,b"], "1 to 50"),
        ("tags", "billing", "a list such as"),
        ("tags", ["a", "a"], "at most 20 tags, each once"),
        ("tags", [f"t{n}" for n in range(21)], "at most 20 tags, each once"),
        ("concurrency", 0, "concurrency=0 is invalid: use a whole number from 1 to 1,000"),
        ("concurrency", 1001, "1 to 1,000"),
        ("concurrency", "5", "1 to 1,000"),
        ("concurrency", True, "1 to 1,000"),
    ],
)
def test_a_wrong_option_stops_at_import_naming_the_job_the_value_and_the_rule(
    option: str, value: object, rule: str
) -> None:
    with pytest.raises(InvalidJob) as caught:
        define(**{option: value})
    assert "'clean-up'" in str(caught.value)
    assert rule in str(caught.value)


def test_the_hash_changes_with_every_option_and_only_then() -> None:
    changed: dict[str, Any] = {
        "id": "other",
        "schedule": "@daily",
        "timezone": "Europe/Prague",
        "description": "d",
        "timeout": timedelta(seconds=9),
        "memory_mb": 512,
        "overlap": "allow",
        "retry": Retry(attempts=2),
        "misfire": "run_once",
        "pause_after_failures": 3,
        "concurrency": 5,
        "tags": ["billing"],
        "jitter": timedelta(minutes=5),
        "permissions": [{"Action": "s3:GetObject", "Resource": "*"}],
    }
    hashes = {define(**{option: value}).hash for option, value in changed.items()}
    assert len(hashes | {define().hash}) == len(changed) + 1
    assert define().hash == define().hash


def test_a_job_that_does_not_use_the_newest_option_keeps_the_hash_it_had() -> None:
    assert not {"concurrency", "tags"} & define().to_json().keys()
    for made in (define(), define(concurrency=5), define(tags=["billing", "nightly"])):
        assert JobDefinition.from_json(made.to_json()) == made


async def asynchronous(ctx: JobContext) -> None:
    """Would be awaited by nobody."""


def generating(ctx: JobContext) -> Iterator[int]:
    """Would be drawn from by nobody."""
    yield 1


@pytest.mark.parametrize("function", [asynchronous, generating])
def test_a_function_of_which_a_call_runs_nothing_is_refused(function: Any) -> None:
    with pytest.raises(InvalidJob, match="'late' is an async function or a generator"):
        job(id="late")(function)
