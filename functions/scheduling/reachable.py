"""Whether AWS answers us: one cheap call that the API's role may make anyway, and no retry."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions import naming
from functions.deadline import heed
from functions.errors import AwsThrottled, AwsUnavailable
from functions.scheduling.aws_client import is_throttled
from functions.settings import Settings
from functions.text import Text

if TYPE_CHECKING:
    from mypy_boto3_events.client import EventBridgeClient

_CONFIG = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 1})


def check(settings: Settings) -> None:
    """Return when EventBridge lists our rules; at most 3 s. Raises AwsUnavailable, whose message names no host."""
    try:
        _client(settings.region).list_rules(NamePrefix=naming.job_prefix(settings.stage), Limit=1)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        kind = AwsThrottled if is_throttled(error) else AwsUnavailable
        raise kind(
            Text("EventBridge refused a call: %(code)s; see the role's policy and AWS's health", code=code)
        ) from error
    except BotoCoreError as error:
        raise AwsUnavailable(
            Text("EventBridge cannot be reached: %(name)s; see the network and AWS's health", name=type(error).__name__)
        ) from error


@cache
def _client(region: str) -> EventBridgeClient:
    return heed(boto3.client("events", region_name=region, config=_CONFIG))
