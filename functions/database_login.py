"""Where a database login comes from when it is not in DATABASE_URL: a secret in Secrets Manager, or a token of RDS.

boto3 is imported when the first login is needed, and by no deployment that has its login in DATABASE_URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from functions.db.connection import Login
from functions.errors import DatabaseUnavailable, SecretUnavailable
from functions.secrets_manager import StoredSecret, client, text


class SecretLogin:
    """The login in a secret of Secrets Manager, read when it is first needed and again when PostgreSQL refuses it.

    The secret is JSON as RDS writes it: `username` and `password`, and maybe `host`, `port` and `dbname` (Secrets
    Manager, "JSON structure of secrets").
    """

    def __init__(self, secret_id: str, *, region: str) -> None:
        self._secret = StoredSecret(
            secret_id,
            region=region,
            setting="DATABASE_SECRET_ID",
            parse=_login,
            form='JSON such as {"username": …, "password": …}',
        )

    def __call__(self, afresh: bool) -> Login:
        """The login; read from AWS the first time and when it is wanted afresh. Raises DatabaseUnavailable."""
        try:
            return self._secret.read() if afresh else self._secret.value()
        except SecretUnavailable as error:
            raise DatabaseUnavailable(f"PostgreSQL cannot be reached: {error}") from error


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
        return client("rds", self._region)


def _login(secret: Mapping[str, Any]) -> Login:
    known = {name: str(secret[name]) for name in ("host", "port", "dbname") if secret.get(name)}
    return Login(user=text(secret["username"]), password=text(secret["password"]), **known)
