"""The AWS object that fires a job, as a plain mapping of AWS's own field names, and what both trigger backends can do.

A definition holds everything we send and everything AWS gives back that someone could have set by hand, so that one
comparison finds any drift, and a person reads it in the words of AWS's documentation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any, Protocol

from functions.definition import JobDefinition
from functions.scheduling.cron import Schedule
from functions.settings import Settings

Definition = Mapping[str, Any]
# A boto3 client of a service ("events", "scheduler") for a deployment.
MakeClient = Callable[[str, Settings], Any]

# A Monday long past, so that the gap between occurrences is a property of the expression and not of today.
_REFERENCE = "2024-01-01T00:00:00+00:00"
_AGE_S = (60, 86_400)  # RetryPolicy, MaximumEventAgeInSeconds, in both services
_ATTEMPTS = 185  # their default and greatest; the age is what ends the retries
# Not part of what a definition is: a pause changes State, and StartDate is the phase a rate already has.
_NOT_DEFINING = ("State", "StartDate")


class TriggerBackend(Protocol):
    """One of the two AWS services that fire jobs. Every method raises AwsUnavailable when a call fails."""

    name: str

    def definition(self, job: JobDefinition, schedule: Schedule, *, enabled: bool) -> Definition:
        """What AWS should hold for a job; no call."""

    def dated(self, definition: Definition, *, current: Definition | None, now: datetime) -> Definition:
        """The definition with the instant it starts at, where this backend has one: the current one's, if it fits."""

    def list(self, names: Collection[str] | None = None) -> dict[str, Definition]:
        """What a listing shows of our triggers, by name; with names, of these alone (one call each)."""

    def describe(self, name: str, listed: Definition) -> Definition | None:
        """Everything about a listed trigger; None when it is gone by now."""

    def put(self, definition: Definition, *, current: Definition | None, now: datetime) -> None:
        """Make the trigger, or make the current one this; its State is always sent."""

    def set_state(self, name: str, *, enabled: bool, now: datetime) -> None:
        """Enable or disable a trigger and change nothing else."""

    def remove(self, name: str) -> None:
        """Take a trigger away; a missing one is fine."""


@dataclass(frozen=True)
class Difference:
    """One field in which a trigger is not as it should be; None: not there."""

    field: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.field}: {_shown(self.before)} → {_shown(self.after)}"

    def to_json(self) -> dict[str, Any]:
        """The field and its two values, as JSON values."""
        return {"field": self.field, "before": _plain(self.before), "after": _plain(self.after)}


def fields(definition: Definition) -> dict[str, Any]:
    """Its values by AWS's names, with dots for nesting."""
    return dict(_flat(definition))


def differences(current: Definition, wanted: Definition) -> tuple[Difference, ...]:
    """Every field in which the two differ, by AWS's name with dots for nesting, in order."""
    before, after = fields(current), fields(wanted)
    names = sorted(before.keys() | after.keys())
    return tuple(
        Difference(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    )


def digest(definition: Definition) -> str:
    """SHA-256 of what defines a trigger, hexadecimal: neither its state nor the instant it started at."""
    defining = {name: value for name, value in definition.items() if name not in _NOT_DEFINING}
    return hashlib.sha256(json.dumps(defining, sort_keys=True, default=str).encode()).hexdigest()


def state(enabled: bool) -> str:
    """AWS's word for it."""
    return "ENABLED" if enabled else "DISABLED"


def description(job: JobDefinition) -> str:
    """The trigger's description; never empty, since a long job id is not readable in the trigger's name."""
    return job.description or f"Job {job.id}"


def retry_policy(schedule: Schedule) -> dict[str, int]:
    """How long AWS keeps trying to deliver one occurrence: until about the next one, so that stale ones die."""
    assert schedule.aws_expression is not None
    shortest, longest = _AGE_S
    age = min(max(_gap_s(schedule.aws_expression, schedule.timezone), shortest), longest)
    return {"MaximumEventAgeInSeconds": age, "MaximumRetryAttempts": _ATTEMPTS}


@cache
def _gap_s(expression: str, timezone: str) -> int:
    reference = datetime.fromisoformat(_REFERENCE)
    first = Schedule.parse(expression, timezone).upcoming(reference, 4, anchor=reference)
    gaps = [int((later - earlier).total_seconds()) for earlier, later in pairwise(first)]
    return min(gaps, default=_AGE_S[1])


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, f"{path}.{name}" if path else str(name))
    else:
        yield path, value


def _shown(value: Any) -> str:
    return "none" if value is None else str(_plain(value))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
