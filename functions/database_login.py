"""Where a database login comes from when it is not in DATABASE_URL: a secret in Secrets Manager, or a token of RDS.

The only module that asks AWS for a login; boto3 is imported when the first one is needed, and by no other deployment.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from functions.db.connection import Login
from functions.errors import DatabaseUnavailable

# A claim waits for it: what does not answer is given up on after 2 x 5 seconds.
_PATIENCE: dict[str, Any] = {"connect_timeout": 2, "read_timeout": 3, "retries": {"total_max_attempts": 2}}


class SecretLogin:
    """The login in a secret of Secrets Manager, read when it is first needed and again when PostgreSQL refuses it.

    `secret_id` is a name in the region, or an ARN, which has a region of its own. The secret is JSON as RDS writes it:
    `username` and `password`, and maybe `host`, `port` and `dbname` (Secrets Manager, "JSON structure of secrets").
    """

    def __init__(self, secret_id: str, *, region: str) -> None:
        self._secret_id = secret_id
        self._region = secret_id.split(":")[3] if secret_id.startswith("arn:") else region
        self._login: Login | None = None

    def __call__(self, afresh: bool) -> Login:
        """The login; read from AWS the first time and when it is wanted afresh. Raises DatabaseUnavailable."""
        if afresh or self._login is None:
            self._login = self._parsed(self._read())
        return self._login

    def _read(self) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = _client("secretsmanager", self._region).get_secret_value(SecretId=self._secret_id)
        except (BotoCoreError, ClientError) as error:
            raise self._unusable(
                f"cannot be read: {error}", "check DATABASE_SECRET_ID and the role's policy"
            ) from error
        return str(answer.get("SecretString", ""))

    def _parsed(self, text: str) -> Login:
        try:
            value = json.loads(text)
            known = {name: str(value[name]) for name in ("host", "port", "dbname") if value.get(name)}
            return Login(user=_text(value["username"]), password=_text(value["password"]), **known)
        except (ValueError, KeyError, TypeError, AttributeError):  # its text could quote the secret
            step = 'store JSON such as {"username": …, "password": …}'
            raise self._unusable("is no login", step) from None

    def _unusable(self, problem: str, next_step: str) -> DatabaseUnavailable:
        return DatabaseUnavailable(f"PostgreSQL cannot be reached: secret {self._secret_id!r} {problem}; {next_step}")


class IamLogin:
    """A new token for every connection, so that none is ever near the end of its 15 minutes, nor has to be renewed.

    Signing one takes a quarter of a millisecond and no call. What it opened stays open (RDS, "IAM database
    authentication").
    """

    def __init__(self, *, user: str, host: str, port: int, region: str) -> None:
        self._user = user
        self._host = host
        self._port = port
        self._region = region

    def __call__(self, _afresh: bool) -> Login:
        """The login with a token as its password. Raises DatabaseUnavailable without credentials to sign it with."""
        from botocore.exceptions import BotoCoreError

        try:
            token = self._rds.generate_db_auth_token(
                DBHostname=self._host, Port=self._port, DBUsername=self._user, Region=self._region
            )
        except BotoCoreError as error:
            raise DatabaseUnavailable(f"PostgreSQL cannot be reached: no token could be signed: {error}") from error
        return Login(user=self._user, password=token)

    @cached_property
    def _rds(self) -> Any:
        return _client("rds", self._region)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _client(service: str, region: str) -> Any:
    import boto3
    from botocore.config import Config

    from functions.deadline import heed

    return heed(boto3.client(service, region_name=region, config=Config(**_PATIENCE)))  # type: ignore[call-overload]
