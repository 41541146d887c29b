"""EventBridge Scheduler as trigger backend: one schedule a job, in the deployment's own group."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from functions import naming
from functions.definition import JobDefinition
from functions.scheduling.aws_client import calling, client
from functions.scheduling.cron import Schedule
from functions.scheduling.trigger import Definition, MakeClient, description, retry_policy, state
from functions.settings import Settings
from functions.text import Text

if TYPE_CHECKING:
    from mypy_boto3_scheduler.client import EventBridgeSchedulerClient

# What CreateSchedule and UpdateSchedule take, beside the group: everything someone could have set by hand.
_FIELDS = (
    "Name", "ScheduleExpression", "ScheduleExpressionTimezone", "StartDate", "EndDate", "Description", "State",
    "KmsKeyArn", "Target", "FlexibleTimeWindow", "ActionAfterCompletion",
)  # fmt: skip
_LISTED = ("Name", "State")
_PAGE = 100  # ListSchedules: the most a page can hold
_MINUTE = timedelta(minutes=1)


class Scheduler:
    """Schedules named after their jobs, in a group named after the deployment."""

    name = "schedule"

    def __init__(self, settings: Settings, make_client: MakeClient = client) -> None:
        self._settings = settings
        self._make_client = make_client
        self._prefix = naming.job_prefix(settings.stage)
        self._group = naming.deployment(settings.stage)
        self._group_is_there = False

    def definition(self, job: JobDefinition, schedule: Schedule, *, enabled: bool) -> Definition:
        """The schedule a job should have, but for the StartDate of a rate."""
        name = naming.job_name(self._settings.stage, job.id)
        return {
            "Name": name,
            "ScheduleExpression": schedule.aws_expression,
            "ScheduleExpressionTimezone": schedule.timezone,
            "Description": description(job),
            "State": state(enabled),
            "FlexibleTimeWindow": _window(job.jitter),
            # A recurring schedule stays when its last year is over: deleting itself, it would look like drift.
            "ActionAfterCompletion": "NONE",
            "Target": {
                "Arn": naming.function_arn(self._settings, name),
                "RoleArn": naming.scheduler_role_arn(self._settings),
                "Input": _input(job.id),
                "RetryPolicy": retry_policy(schedule),
                "DeadLetterConfig": {"Arn": naming.dead_letter_queue_arn(self._settings)},
            },
        }

    def dated(self, definition: Definition, *, current: Definition | None, now: datetime) -> Definition:
        """A rate's StartDate is its first occurrence: without one it fires as soon as it is made ("Schedule types").

        An unchanged rate keeps its phase; a new or changed one starts a whole period from now.
        """
        period = Schedule.parse(definition["ScheduleExpression"]).period
        if period is None:
            return definition
        before = current or {}
        kept = before.get("StartDate") if before.get("ScheduleExpression") == definition["ScheduleExpression"] else None
        return {**definition, "StartDate": kept or _floor(now) + _MINUTE + period}

    def list(self, names: Collection[str] | None = None) -> dict[str, Definition]:
        """Our schedules, by name and state only: 100 a call. With names one call each, and then everything."""
        with calling(Text("list schedules")):
            if names is not None:
                looked_up = ((name, self._get(name)) for name in names)
                return {name: found for name, found in looked_up if found is not None}
            return {s["Name"]: _given(s, _LISTED) for s in self._all() if s["Name"].startswith(self._prefix)}

    def describe(self, name: str, listed: Definition) -> Definition | None:
        """The whole schedule; no call when the listing was a look at it alone."""
        if "Target" in listed:
            return listed
        with calling(Text("describe schedule %(name)s", name=name)):
            return self._get(name)

    def put(self, definition: Definition, *, current: Definition | None, now: datetime) -> None:
        """CreateSchedule or UpdateSchedule. An update replaces everything, so everything is sent, State too."""
        with calling(Text("put schedule %(name)s", name=definition["Name"])):
            if current is None:
                self._ensure_group()
                self._client.create_schedule(GroupName=self._group, **definition)
            else:
                self._client.update_schedule(GroupName=self._group, **_startable(definition, now))

    def set_state(self, name: str, *, enabled: bool, now: datetime) -> None:
        """Read, change State, write everything back as it was; a past StartDate moves on by whole periods."""
        with calling(
            Text("enable schedule %(name)s", name=name) if enabled else Text("disable schedule %(name)s", name=name)
        ):
            answer = self._client.get_schedule(GroupName=self._group, Name=name)
            changed = {**_given(answer, _FIELDS), "State": state(enabled)}
            self._client.update_schedule(GroupName=self._group, **_startable(changed, now))

    def remove(self, name: str) -> None:
        """Delete the schedule; a missing one is fine."""
        with calling(Text("remove schedule %(name)s", name=name)):
            try:
                self._client.delete_schedule(GroupName=self._group, Name=name)
            except self._client.exceptions.ResourceNotFoundException:
                return

    @cached_property
    def _client(self) -> EventBridgeSchedulerClient:
        made: EventBridgeSchedulerClient = self._make_client("scheduler", self._settings)
        return made

    def _ensure_group(self) -> None:
        # Looked up first: where a group exists, making it again is an error on AWS and loses its schedules on moto.
        # CloudFormation makes it in an account; this is for the one-machine edition.
        if self._group_is_there:
            return
        try:
            self._client.get_schedule_group(Name=self._group)
        except self._client.exceptions.ResourceNotFoundException:
            self._client.create_schedule_group(Name=self._group)
        self._group_is_there = True

    def _all(self) -> Iterator[Any]:
        pages = self._client.get_paginator("list_schedules").paginate(
            GroupName=self._group, NamePrefix=self._prefix, PaginationConfig={"PageSize": _PAGE}
        )
        try:
            for page in pages:
                yield from page["Schedules"]
        except self._client.exceptions.ResourceNotFoundException:
            return  # no group, so no schedules

    def _get(self, name: str) -> Definition | None:
        try:
            answer = self._client.get_schedule(GroupName=self._group, Name=name)
        except self._client.exceptions.ResourceNotFoundException:
            return None
        return _given(answer, _FIELDS)


def _window(jitter: timedelta | None) -> dict[str, Any]:
    if jitter is None:
        return {"Mode": "OFF"}
    return {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": jitter // _MINUTE}


def _input(job_id: str) -> str:
    # The scheduled time is the same in every delivery of one occurrence ("Adding context attributes").
    return json.dumps({"cause": "schedule", "job_id": job_id, "scheduled_at": "<aws.scheduler.scheduled-time>"})


def _startable(definition: Definition, now: datetime) -> dict[str, Any]:
    """With a StartDate that is not past, on the same phase: AWS takes none that is over five minutes old."""
    start = definition.get("StartDate")
    if start is None or start > now:
        return dict(definition)
    return {**definition, "StartDate": Schedule.parse(definition["ScheduleExpression"]).next_after(now, anchor=start)}


def _given(answer: Any, fields: Collection[str]) -> dict[str, Any]:
    given = {field: answer[field] for field in fields if answer.get(field) is not None}
    return {field: v.astimezone(UTC) if isinstance(v, datetime) else v for field, v in given.items()}


def _floor(instant: datetime) -> datetime:
    return instant.replace(second=0, microsecond=0)
