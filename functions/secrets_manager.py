"""A secret of Secrets Manager: a JSON object, read when it is first needed and kept by the process.

The only module that reads one; boto3 is imported with the first, and by no deployment that has none.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from functions.errors import SecretUnavailable

T = TypeVar("T")
# Somebody waits for it: what does not answer is given up on after 2 x 5 seconds.
PATIENCE: Mapping[str, Any] = {"connect_timeout": 2, "read_timeout": 3, "retries": {"total_max_attempts": 2}}


class StoredSecret(Generic[T]):
    """One secret. `secret_id` is its name in the region, or an ARN, which has a region of its own.

    `setting` names it; `parse` makes of its JSON object what we use, and raises ValueError, KeyError or TypeError for
    what cannot be that; `form` is what it should look like. No message shows what is in it.
    """

    def __init__(
        self, secret_id: str, *, region: str, setting: str, parse: Callable[[Mapping[str, Any]], T], form: str
    ) -> None:
        self._secret_id = secret_id
        self._region = secret_id.split(":")[3] if secret_id.startswith("arn:") else region
        self._setting = setting
        self._parse = parse
        self._form = form
        self._kept: T | None = None

    def value(self) -> T:
        """What it says, as it was when it was read last. Raises SecretUnavailable."""
        return self.read() if self._kept is None else self._kept

    def read(self) -> T:
        """What it says now. Raises SecretUnavailable, and then keeps what it said before."""
        self._kept = self._parsed(self._text())
        return self._kept

    def _text(self) -> str:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = client("secretsmanager", self._region).get_secret_value(SecretId=self._secret_id)
        except (BotoCoreError, ClientError) as error:
            raise self._unusable(f"cannot be read: {error}; check {self._setting} and the role's policy") from error
        return str(answer.get("SecretString", ""))

    def _parsed(self, text: str) -> T:
        try:
            value = json.loads(text)
            if not isinstance(value, dict):
                raise TypeError
            return self._parse(value)
        except (ValueError, KeyError, TypeError, RecursionError):  # its text could quote the secret
            raise self._unusable(f"of {self._setting} does not hold what it must: store {self._form}") from None

    def _unusable(self, problem: str) -> SecretUnavailable:
        return SecretUnavailable(f"secret {self._secret_id!r} {problem}")


def text(value: object) -> str:
    """The value, if it is a text with something in it. Raises TypeError."""
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def client(service: str, region: str) -> Any:
    """A client with little patience, whose DEBUG lines nobody logs: they hold whole answers, and signatures."""
    import boto3
    from botocore.config import Config

    from functions.deadline import heed

    logger = logging.getLogger("botocore")
    logger.setLevel(max(logger.getEffectiveLevel(), logging.INFO))
    return heed(boto3.client(service, region_name=region, config=Config(**PATIENCE)))  # type: ignore[call-overload]
