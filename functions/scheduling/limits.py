"""The limits of AWS on triggers, in one table, checked before any call; all violations come in one report.

Sources: the service models of EventBridge and EventBridge Scheduler (RuleName, ScheduleExpression, TransformerInput,
MaximumWindowInMinutes, …), "Amazon EventBridge quotas", "IAM and AWS STS quotas".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from functions.errors import LimitExceeded
from functions.scheduling.wanted import WantedTrigger
from functions.text import N_, Text, joined

# A role's inline policies hold 10,240 characters, white space not counted; every job's own statements take under 2,048.
PERMISSIONS_CHARACTERS = 10_240 - 2_048

_NAME = re.compile(r"[0-9A-Za-z_.-]*")


@dataclass(frozen=True)
class Limit:
    """What one field may hold, dots for nesting: so many characters or entries, or so great a number."""

    field: str
    unit: str
    least: int
    most: int
    pattern: re.Pattern[str] | None = None

    def violation(self, definition: Mapping[str, Any]) -> str | None:
        """What is wrong with this field; None when it is fine or not there."""
        value = _at(definition, self.field)
        if value is None:
            return None
        size = value if isinstance(value, int) else len(value)
        if not self.least <= size <= self.most:
            return Text(
                "%(field)s has %(size)s %(unit)s, AWS takes %(least)s to %(most)s",
                field=self.field,
                size=f"{size:,}",
                unit=Text(self.unit),
                least=f"{self.least:,}",
                most=f"{self.most:,}",
            )
        if self.pattern and not self.pattern.fullmatch(value):
            return Text(
                "%(field)s %(value)s has characters AWS refuses: use %(pattern)s",
                field=self.field,
                value=repr(value),
                pattern=self.pattern.pattern,
            )
        return None


def _retries(target: str) -> tuple[Limit, ...]:
    return (
        Limit(f"{target}.RetryPolicy.MaximumEventAgeInSeconds", N_("seconds"), 60, 86_400),
        Limit(f"{target}.RetryPolicy.MaximumRetryAttempts", N_("attempts"), 0, 185),
    )


_BOTH = (
    Limit("Name", N_("characters"), 1, 64, _NAME),
    Limit("ScheduleExpression", N_("characters"), 1, 256),
    Limit("Description", N_("characters"), 0, 512),
)
LIMITS: Mapping[str, tuple[Limit, ...]] = {
    "rule": (
        *_BOTH,
        Limit("Targets", N_("targets"), 1, 5),
        Limit("Targets.job.Arn", N_("characters"), 1, 1_600),
        Limit("Targets.job.InputTransformer.InputTemplate", N_("characters"), 1, 8_192),
        *_retries("Targets.job"),
    ),
    "schedule": (
        *_BOTH,
        Limit("ScheduleExpressionTimezone", N_("characters"), 1, 50),
        Limit("FlexibleTimeWindow.MaximumWindowInMinutes", N_("minutes"), 1, 1_440),
        Limit("Target.Arn", N_("characters"), 1, 1_600),
        Limit("Target.RoleArn", N_("characters"), 1, 1_600),
        # Scheduler takes more; what fits a rule too can move there.
        Limit("Target.Input", N_("characters"), 1, 8_192),
        *_retries("Target"),
    ),
}


def check(wanted: Iterable[WantedTrigger], *, rules_limit: int) -> None:
    """Raise LimitExceeded, naming every job and every limit it would go over; nothing has been changed then."""
    triggers = list(wanted)
    violations = [
        Text("job %(job)s: %(what)s", job=repr(trigger.job_id), what=what)
        for trigger in triggers
        for what in _violations(trigger)
    ]
    rules = sum(trigger.backend == "rule" for trigger in triggers)
    if rules > rules_limit:
        violations.append(
            Text(
                "%(rules)s rules, and RULES_LIMIT is %(limit)s: ask AWS for more and raise it",
                rules=rules,
                limit=rules_limit,
            )
        )
    if violations:
        lines = joined("\n", (joined("", ("- ", violation)) for violation in violations))
        raise LimitExceeded(
            Text(
                "AWS would refuse this (%(count)s found), nothing was changed:\n%(lines)s",
                count=len(violations),
                lines=lines,
            )
        )


def _violations(trigger: WantedTrigger) -> list[str]:
    found = []
    if trigger.backend is not None and trigger.definition is not None:
        found = [limit.violation(trigger.definition) for limit in LIMITS[trigger.backend]]
    return [violation for violation in (*found, _permissions(trigger)) if violation is not None]


def _permissions(trigger: WantedTrigger) -> str | None:
    if trigger.job is None or not trigger.job.permissions:
        return None
    size = len(json.dumps([dict(statement) for statement in trigger.job.permissions], separators=(",", ":")))
    if size <= PERMISSIONS_CHARACTERS:
        return None
    return Text(
        "permissions have %(size)s characters as a policy, AWS leaves %(most)s for them",
        size=f"{size:,}",
        most=f"{PERMISSIONS_CHARACTERS:,}",
    )


def _at(definition: Mapping[str, Any], field: str) -> Any:
    value: Any = definition
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
