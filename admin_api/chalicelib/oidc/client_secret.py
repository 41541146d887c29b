"""Our secret at the OIDC issuer: in the environment, or in a secret of Secrets Manager."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from chalicelib.fresh_secret import FreshSecret
from functions.oidc_settings import Client
from functions.secrets_manager import StoredSecret, text
from functions.settings import settings


def of(client: Client, *, now: datetime) -> str | None:
    """It, None where we have none. Raises SecretUnavailable."""
    return client.secret if client.secret_id is None else _kept(client.secret_id, settings().region).value(now=now)


def another(client: Client, *, than: str | None, now: datetime) -> str | None:
    """The one there is now, where the issuer refused this one and it has been rotated. Raises SecretUnavailable."""
    if client.secret_id is None:
        return None
    secret = _kept(client.secret_id, settings().region).renewed(now=now)
    return None if secret == than else secret


@cache
def _kept(secret_id: str, region: str) -> FreshSecret[str]:
    return FreshSecret(
        StoredSecret(
            secret_id,
            region=region,
            setting="OIDC_SECRET_ID",
            parse=lambda secret: text(secret["client_secret"]),
            form='JSON such as {"client_secret": …}',
        )
    )
