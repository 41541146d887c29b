"""Invokes a job's Lambda function without waiting for it. Import it late: boto3 takes half a second."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions import naming
from functions.deadline import heed
from functions.errors import AwsThrottled, TriggerFailed
from functions.scheduling.aws_client import is_throttled
from functions.settings import Settings
from functions.text import Text, said_by

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# At most 2 × (2 + 5) s and a short pause, because API Gateway gives up after 29 s.
_CONFIG = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 2})


def invoke(settings: Settings, job_id: str, event: Mapping[str, Any]) -> None:
    """Hand the event to the job's function; Lambda has queued it when this returns. Raises TriggerFailed.

    After a TriggerFailed the event may still have arrived (an answer can get lost): the claim must refuse it then.
    """
    name = naming.job_name(settings.stage, job_id)
    try:
        _client(settings.region).invoke(FunctionName=name, InvocationType="Event", Payload=json.dumps(event).encode())
    except (BotoCoreError, ClientError) as error:
        raise TriggerFailed(
            Text(
                "job %(job)s was not started: Lambda did not accept an event for function %(name)s "
                "(%(error)s); see that the job is deployed, then trigger it again",
                job=repr(job_id),
                name=repr(name),
                error=said_by(error),
            )
        ) from (AwsThrottled(str(error)) if is_throttled(error) else error)


@cache
def _client(region: str) -> LambdaClient:
    return heed(boto3.client("lambda", region_name=region, config=_CONFIG))
