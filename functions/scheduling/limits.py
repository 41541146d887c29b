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
            return f"{self.field} has {size:,} {self.unit}, AWS takes {self.least:,} to {self.most:,}"
        if self.pattern and not self.pattern.fullmatch(value):
            return f"{self.field} {value!r} has characters AWS refuses: use {self.pattern.pattern}"
        return None


def _retries(target: str) -> tuple[Limit, ...]:
    return (
        Limit(f"{target}.RetryPolicy.MaximumEventAgeInSeconds", "seconds", 60, 86_400),
        Limit(f"{target}.RetryPolicy.MaximumRetryAttempts", "attempts", 0, 185),
    )


_BOTH = (
    Limit("Name", "characters", 1, 64, _NAME),
    Limit("ScheduleExpression", "characters", 1, 256),
    Limit("Description", "characters", 0, 512),
)
LIMITS: Mapping[str, tuple[Limit, ...]] = {
    "rule": (
        *_BOTH,
        Limit("Targets", "targets", 1, 5),
        Limit("Targets.job.Arn", "characters", 1, 1_600),
        Limit("Targets.job.InputTransformer.InputTemplate", "characters", 1, 8_192),
        *_retries("Targets.job"),
    ),
    "schedule": (
        *_BOTH,
        Limit("ScheduleExpressionTimezone", "characters", 1, 50),
        Limit("FlexibleTimeWindow.MaximumWindowInMinutes", "minutes", 1, 1_440),
        Limit("Target.Arn", "characters", 1, 1_600),
        Limit("Target.RoleArn", "characters", 1, 1_600),
        # Scheduler takes more; what fits a rule too can move there.
        Limit("Target.Input", "characters", 1, 8_192),
        *_retries("Target"),
    ),
}


def check(wanted: Iterable[WantedTrigger], *, rules_limit: int) -> None:
    """Raise LimitExceeded, naming every job and every limit it would go over; nothing has been changed then."""
    triggers = list(wanted)
    violations = [f"job {trigger.job_id!r}: {what}" for trigger in triggers for what in _violations(trigger)]
    rules = sum(trigger.backend == "rule" for trigger in triggers)
    if rules > rules_limit:
        violations.append(f"{rules} rules, and RULES_LIMIT is {rules_limit}: ask AWS for more and raise it")
    if violations:
        lines = "\n".join(f"- {violation}" for violation in violations)
        raise LimitExceeded(f"AWS would refuse this ({len(violations)} found), nothing was changed:\n{lines}")


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
    return f"permissions have {size:,} characters as a policy, AWS leaves {PERMISSIONS_CHARACTERS:,} for them"


def _at(definition: Mapping[str, Any], field: str) -> Any:
    value: Any = definition
    for name in field.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value
