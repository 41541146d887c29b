"""How much of what AWS gives an account this deployment uses, and what is nearly used up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from functions.db import triggers
from functions.db.connection import Connection
from functions.settings import settings

Resource = Literal["rules", "schedules", "targetsPerRule"]
NEAR = 0.8
# "Quotas for Amazon EventBridge Scheduler": schedules in a region, adjustable. EventBridge's own: targets of a rule.
_SCHEDULES = 10_000_000
_TARGETS = 5
_OURS = 1


@dataclass(frozen=True, kw_only=True)
class Meter:
    """One limit: how much is used of it, and how much of that by this deployment."""

    resource: Resource
    used: int
    ours: int
    limit: int

    @property
    def share(self) -> float:
        """How full it is: 1 is full."""
        return self.used / self.limit

    @property
    def is_near(self) -> bool:
        """Whether it is time to ask AWS for more."""
        return self.share >= NEAR


def meters(connection: Connection) -> list[Meter]:
    """Every limit that jobs count against.

    The account's rules are counted in AWS, since the limit counts those of others too; schedules are ours alone.
    Raises AwsUnavailable.
    """
    from functions.scheduling.rules import Rules  # late: boto3 takes half a second

    ours = triggers.counts(connection)
    schedules = ours.recurring_schedules + ours.one_time_schedules
    return [
        Meter(resource="rules", used=Rules(settings()).on_the_bus(), ours=ours.rules, limit=settings().rules_limit),
        Meter(resource="schedules", used=schedules, ours=schedules, limit=_SCHEDULES),
        Meter(resource="targetsPerRule", used=_OURS, ours=_OURS, limit=_TARGETS),
    ]
