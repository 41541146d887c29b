"""The one-time schedules that bring retries and one-time executions: each invokes one job once and deletes itself."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions import naming
from functions.deadline import heed
from functions.errors import AwsUnavailable
from functions.invocation import event_for
from functions.settings import Settings
from functions.text import Text

if TYPE_CHECKING:
    from mypy_boto3_scheduler.client import EventBridgeSchedulerClient

# Called at the end of a job, with Lambda's time running out; what fails here is made up for by the sweep.
_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})
# Later than this the sweep has sent the event itself.
_EVENT_AGE_S = 300


def schedule_retry(
    settings: Settings,
    *,
    job_id: str,
    execution_id: uuid.UUID,
    scheduled_at: datetime,
    attempt: int,
    retry_at: datetime,
) -> None:
    """Have EventBridge Scheduler invoke the job for this attempt within the minute after `retry_at`, never before it.

    Safe to repeat: an attempt has one schedule, by name. retry_at must be a whole second, which is what at(…) can say
    ("Schedule types"). Raises AwsUnavailable.
    """
    name = naming.retry_schedule(settings.stage, execution_id, attempt)
    event = event_for(cause="retry", job_id=job_id, execution_id=execution_id, scheduled_at=scheduled_at)
    _create(settings, name, job_id=job_id, event=event, at=retry_at)


def schedule_start(
    settings: Settings, *, job_id: str, execution_id: uuid.UUID, scheduled_at: datetime, due_at: datetime
) -> None:
    """Have EventBridge Scheduler invoke the job for a one-time execution within the minute after `due_at`.

    Safe to repeat: an execution has one schedule for each time it was to start. Raises AwsUnavailable.
    """
    name = naming.start_schedule(settings.stage, execution_id, due_at)
    event = event_for(cause="one_time", job_id=job_id, execution_id=execution_id, scheduled_at=scheduled_at)
    whole = due_at if due_at.microsecond == 0 else due_at.replace(microsecond=0) + timedelta(seconds=1)
    _create(settings, name, job_id=job_id, event=event, at=whole)


def _create(settings: Settings, name: str, *, job_id: str, event: Mapping[str, Any], at: datetime) -> None:
    try:
        _client(settings.region).create_schedule(**_schedule(settings, name, job_id=job_id, event=event, at=at))
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] == "ConflictException":
            return
        raise AwsUnavailable(
            Text(
                "could not make schedule %(name)s for job %(job)s: %(error)s",
                name=repr(name),
                job=repr(job_id),
                error=str(error),
            )
        ) from error


def _schedule(settings: Settings, name: str, *, job_id: str, event: Mapping[str, Any], at: datetime) -> Any:
    return {
        "Name": name,
        "GroupName": naming.deployment(settings.stage),
        "ScheduleExpression": f"at({at.astimezone(UTC):%Y-%m-%dT%H:%M:%S})",
        "ScheduleExpressionTimezone": "UTC",
        "State": "ENABLED",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "Target": {
            "Arn": naming.function_arn(settings, naming.job_name(settings.stage, job_id)),
            "RoleArn": naming.scheduler_role_arn(settings),
            "Input": json.dumps(event),
            "RetryPolicy": {"MaximumEventAgeInSeconds": _EVENT_AGE_S, "MaximumRetryAttempts": 185},
            "DeadLetterConfig": {"Arn": naming.dead_letter_queue_arn(settings)},
        },
    }


@cache
def _client(region: str) -> EventBridgeSchedulerClient:
    return heed(boto3.client("scheduler", region_name=region, config=_CONFIG))
