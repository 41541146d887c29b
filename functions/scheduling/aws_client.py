"""How the trigger backends talk to AWS: patient with throttling, short with silence, one kind of error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions.errors import AwsUnavailable
from functions.settings import Settings

# The admin API waits for us and has about 25 seconds: a service that never answers is given up on after 4 x 3 seconds
# and the waits between. Adaptive mode also slows us down by itself once a service throttles (boto3, "Retries").
_CONFIG = Config(
    connect_timeout=2,
    read_timeout=3,
    retries={"mode": "adaptive", "total_max_attempts": 4},
    max_pool_connections=10,
)


def client(service: str, settings: Settings) -> Any:
    """A client of one AWS service in the deployment's region."""
    return boto3.client(service, region_name=settings.region, config=_CONFIG)  # type: ignore[call-overload]


@contextmanager
def calling(what: str) -> Iterator[None]:
    """Turns whatever boto3 raises inside into AwsUnavailable that says what could not be done."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise AwsUnavailable(f"could not {what}: {error}; run the reconcile again, it continues") from error
