"""Which trigger backend fires a job, and why that one."""

from __future__ import annotations

from datetime import timedelta

from functions.scheduling.aws_client import client
from functions.scheduling.cron import Schedule
from functions.scheduling.rules import Rules
from functions.scheduling.scheduler import Scheduler
from functions.scheduling.trigger import MakeClient, TriggerBackend
from functions.settings import Settings
from functions.text import Text


def all_backends(settings: Settings, make_client: MakeClient = client) -> dict[str, TriggerBackend]:
    """Both trigger backends by name; neither connects to AWS before its first call."""
    return {Rules.name: Rules(settings, make_client), Scheduler.name: Scheduler(settings, make_client)}


def choose(schedule: Schedule, jitter: timedelta | None, *, settings: Settings, is_rule_free: bool) -> tuple[str, str]:
    """The backend's name and the reason for it: a rule where a rule can serve, else a schedule.

    A rule knows UTC only, has no flexible window, and there are `rules_limit` of them (EventBridge quotas).
    """
    if settings.trigger_backend == "scheduler":
        return Scheduler.name, Text("TRIGGER_BACKEND is scheduler")
    if schedule.kind == "at":
        return Scheduler.name, Text("a rule has no one-time form")
    if jitter is not None:
        return Scheduler.name, Text("a rule has no flexible window for jitter")
    # A rate counts elapsed time, whatever the zone.
    if schedule.kind == "cron" and schedule.timezone != "UTC":
        return Scheduler.name, Text("a rule knows UTC only, not %(timezone)s", timezone=schedule.timezone)
    if not is_rule_free:
        return Scheduler.name, Text(
            "all %(rules_limit)s rules (RULES_LIMIT) are taken", rules_limit=settings.rules_limit
        )
    return Rules.name, Text("a rule can serve it")
