"""How the trigger backends talk to AWS: patient with throttling, short with silence, one kind of error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions.deadline import heed
from functions.errors import AwsThrottled, AwsUnavailable
from functions.settings import Settings
from functions.text import Text

# The admin API waits for us and has about 25 seconds: a service that never answers is given up on after 4 x 3 seconds
# and the waits between, or earlier: functions/deadline.py. Adaptive mode also slows us down by itself once a service
# throttles (boto3, "Retries").
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=3,
    retries={"mode": "adaptive", "total_max_attempts": 4},
    max_pool_connections=10,
)

# What services say when a call is one too many (boto3, "Retries", throttling errors).
_THROTTLED = frozenset({
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottledException", "RequestThrottled",
    "TooManyRequestsException", "RequestLimitExceeded", "BandwidthLimitExceeded", "SlowDown",
})  # fmt: skip


def client(service: str, settings: Settings) -> Any:
    """A client of one AWS service in the deployment's region."""
    return heed(boto3.client(service, region_name=settings.region, config=_CONFIG))  # type: ignore[call-overload]


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Turns whatever boto3 raises inside into AwsUnavailable, or AwsThrottled, that says what could not be done."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        kind = AwsThrottled if is_throttled(error) else AwsUnavailable
        raise kind(
            Text("could not %(what)s: %(error)s; run the reconcile again, it continues", what=what, error=str(error))
        ) from error


def is_throttled(error: Exception) -> bool:
    """Whether AWS refused a call for being one too many, not for having too many of something."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in _THROTTLED
