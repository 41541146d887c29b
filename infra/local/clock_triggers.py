"""What EventBridge would fire, read through boto3 only: enabled rules and schedules, and whether a minute is theirs."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.scheduling.cron import Schedule

_MINUTE = timedelta(minutes=1)
# The scheduled event's shape is AWS's own: EventBridge User Guide, "AWS service events", Scheduled Event.
_DETAIL_TYPE = "Scheduled Event"


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """One enabled rule or schedule; `kind` is `rule` or `schedule`, group only for schedules."""

    kind: str
    name: str
    arn: str
    expression: str
    timezone: str = "UTC"
    group: str | None = None
    anchor: datetime | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    window: timedelta = timedelta()
    targets: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    delete_after: bool = False

    def is_due(self, minute: datetime) -> bool:
        """Whether AWS fires this within the minute that starts at this instant."""
        if (self.start_at and minute + _MINUTE <= self.start_at) or (self.end_at and minute > self.end_at):
            return False
        schedule = self.schedule
        if schedule.kind == "at":
            # The clock turns on whole minutes: an instant within one is due at the turn after it, never before.
            at = schedule.next_after(minute - _MINUTE)
            return at is not None and at <= minute
        following = schedule.next_after(minute - timedelta(seconds=1), anchor=self.anchor)
        return following is not None and following < minute + _MINUTE

    @property
    def schedule(self) -> Schedule:
        """The parsed expression; the same reading that made it."""
        return Schedule.parse(self.expression, self.timezone)

    def events(self, minute: datetime, *, account: str, region: str) -> Iterator[tuple[str, bytes]]:
        """(target ARN, payload) of each target for this minute, as AWS would send them."""
        for target in self.targets:
            if self.kind == "rule":
                event = _scheduled_event(self.arn, "aws.events", minute, account=account, region=region)
                yield target["Arn"], _rule_payload(target, event)
            else:
                event = _scheduled_event(self.arn, "aws.scheduler", minute, account=account, region=region)
                yield target["Arn"], _schedule_payload(target, event)


def read_rules(events: Any) -> Iterator[Trigger]:
    """Every enabled scheduled rule of the default bus; targets are read when it is due."""
    for page in events.get_paginator("list_rules").paginate():
        for rule in page["Rules"]:
            if rule.get("ScheduleExpression") and rule["State"] == "ENABLED":
                yield Trigger(kind="rule", name=rule["Name"], arn=rule["Arn"], expression=rule["ScheduleExpression"])


def read_schedules(scheduler: Any) -> Iterator[Trigger]:
    """Every enabled schedule of every group; a listing tells neither expression nor target, so each is read."""
    for page in scheduler.get_paginator("list_schedules").paginate():
        for entry in page["Schedules"]:
            if entry["State"] == "ENABLED":
                with suppress(scheduler.exceptions.ResourceNotFoundException):  # deleted since it was listed
                    yield _schedule(scheduler.get_schedule(Name=entry["Name"], GroupName=entry["GroupName"]))


def _schedule(found: Mapping[str, Any]) -> Trigger:
    flexible = found.get("FlexibleTimeWindow") or {}
    return Trigger(
        kind="schedule",
        name=found["Name"],
        group=found["GroupName"],
        arn=found["Arn"],
        expression=found["ScheduleExpression"],
        timezone=found.get("ScheduleExpressionTimezone") or "UTC",
        anchor=_floor(found.get("StartDate") or found["CreationDate"]),
        start_at=_utc(found.get("StartDate")),
        end_at=_utc(found.get("EndDate")),
        window=timedelta(minutes=flexible.get("MaximumWindowInMinutes") or 0),
        targets=(found["Target"],),
        delete_after=found.get("ActionAfterCompletion") == "DELETE",
    )


def _scheduled_event(arn: str, source: str, minute: datetime, *, account: str, region: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": _DETAIL_TYPE,
        "source": source,
        "account": account,
        "time": _iso(minute),
        "region": region,
        "resources": [arn],
        "detail": {},
    }


def _rule_payload(target: Mapping[str, Any], event: dict[str, Any]) -> bytes:
    if "Input" in target:
        return str(target["Input"]).encode()
    transformer = target.get("InputTransformer")
    if transformer is None:
        return json.dumps(event).encode()
    text: str = transformer["InputTemplate"]
    for name, path in transformer.get("InputPathsMap", {}).items():
        value = _at_path(event, path)
        # In a JSON template AWS writes a string variable with its quotes unless the template has them already.
        text = text.replace(f'"<{name}>"', json.dumps(value)).replace(f"<{name}>", json.dumps(value))
    return text.encode()


def _schedule_payload(target: Mapping[str, Any], event: dict[str, Any]) -> bytes:
    if "Input" not in target:
        return json.dumps(event).encode()
    keywords = {
        "<aws.scheduler.scheduled-time>": event["time"],
        "<aws.scheduler.schedule-arn>": event["resources"][0],
        "<aws.scheduler.execution-id>": event["id"],
        "<aws.scheduler.attempt-number>": "1",
    }
    text: str = target["Input"]
    for keyword, value in keywords.items():
        text = text.replace(keyword, value)
    return text.encode()


def _at_path(event: dict[str, Any], path: str) -> Any:
    value: Any = event
    for part in path.removeprefix("$").strip(".").split("."):
        value = value[part] if part else value
    return value


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)


def _floor(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(second=0, microsecond=0)
