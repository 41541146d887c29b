"""The keys that sign our tokens: in the environment, or in a secret that is read again when it may have changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from chalicelib.fresh_secret import FreshSecret
from chalicelib.tokens import SigningKeys
from functions.secrets_manager import StoredSecret, text
from functions.settings import settings

# As settings.py has it for AUTH_SIGNING_KEY: RFC 7518 §3.2.
_SHORTEST_BYTES = 32


def known(*, now: datetime) -> SigningKeys:
    """The keys as this process knows them. Raises SettingsError where there is none, SecretUnavailable."""
    secret = _secret()
    return secret.value(now=now) if secret is not None else _of_environment()


def fitting(fits: Callable[[SigningKeys], bool], *, now: datetime) -> SigningKeys:
    """The keys, looked up again where those we know do not fit: perhaps there are new ones. Raises as `known` does.

    Also where they do not fit and could not be looked up: then nobody knows.
    """
    keys, secret = known(now=now), _secret()
    if secret is None or fits(keys):
        return keys
    keys = secret.renewed(now=now)
    if not fits(keys):
        secret.check()
    return keys


def _of_environment() -> SigningKeys:
    return SigningKeys(settings().auth_signing_key, settings().auth_previous_signing_keys)


def _secret() -> FreshSecret[SigningKeys] | None:
    secret_id = settings().auth_secret_id
    return None if secret_id is None else _kept(secret_id, settings().region)


@cache
def _kept(secret_id: str, region: str) -> FreshSecret[SigningKeys]:
    form = (
        f'JSON such as {{"signing_key": …, "previous_signing_keys": […]}} with {_SHORTEST_BYTES} bytes or more in each'
    )
    return FreshSecret(
        StoredSecret(secret_id, region=region, setting="AUTH_SECRET_ID", parse=_keys, form=form),
    )


def _keys(secret: Mapping[str, Any]) -> SigningKeys:
    previous = secret.get("previous_signing_keys", [])
    if not isinstance(previous, list):
        raise TypeError
    return SigningKeys(_key(secret["signing_key"]), tuple(_key(key) for key in previous))


def _key(value: object) -> str:
    if len(text(value).encode()) < _SHORTEST_BYTES:
        raise ValueError
    return text(value)
