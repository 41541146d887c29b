"""The AWS clients of one deploy: the only place that knows whether it talks to AWS or to this machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from functions.errors import AwsUnavailable, SettingsError
from functions.scheduling.backends import all_backends
from functions.scheduling.trigger import TriggerBackend
from infra.deployment import Deployment

if TYPE_CHECKING:
    from boto3.session import Session
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

# An operation may take all the time Lambda gives it, and asking again because the answer is late would run it twice.
_PATIENT = Config(read_timeout=910, retries={"mode": "standard", "total_max_attempts": 1})
_USUAL = Config(retries={"mode": "standard", "total_max_attempts": 5})


@dataclass(frozen=True)
class Aws:
    """One client for each service a deploy needs, and the trigger backends, all with the same endpoint and region.

    `caller` is the ARN of whose credentials these are; `client` makes one for any other service.
    """

    cloudformation: CloudFormationClient
    functions: LambdaClient
    s3: S3Client
    backends: Mapping[str, TriggerBackend]
    caller: str
    client: Callable[[str], Any]


def session_for(deployment: Deployment) -> Session:
    """Where credentials come from: as boto3 always finds them, or on this machine credentials that are none."""
    from boto3.session import Session

    region = deployment.settings.region
    if deployment.endpoint_url is None:
        return Session(region_name=region)
    return Session(aws_access_key_id="local", aws_secret_access_key="local", region_name=region)  # noqa: S106


def connect(deployment: Deployment, session: Session) -> Aws:
    """The clients. Raises SettingsError for credentials of another account, AwsUnavailable where there are none."""
    where: dict[str, Any] = {"region_name": deployment.settings.region, "endpoint_url": deployment.endpoint_url}
    try:
        identity = session.client("sts", config=_USUAL, **where).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise AwsUnavailable(f"AWS did not say whose credentials these are: {error}; nothing was changed") from error
    account = identity["Account"]
    if account != deployment.settings.account_id:
        raise SettingsError(
            f"ACCOUNT_ID is {deployment.settings.account_id}, but the credentials belong to account {account}: "
            "nothing was changed; use the credentials of the one, or name the other"
        )
    return Aws(
        cloudformation=session.client("cloudformation", config=_USUAL, **where),
        functions=session.client("lambda", config=_PATIENT, **where),
        s3=session.client("s3", config=_USUAL, **where),
        backends=all_backends(
            deployment.settings,
            lambda service, _: session.client(service, config=_USUAL, **where),  # type: ignore[call-overload]
        ),
        caller=identity["Arn"],
        client=lambda service: session.client(service, config=_USUAL, **where),  # type: ignore[call-overload]
    )
