"""The secrets of a deployment: which stand in parameters of its stacks, and that none does on AWS itself."""

from __future__ import annotations

from collections.abc import Mapping

from functions.database import database
from functions.errors import SettingsError
from infra.deployment import Deployment
from infra.resources.environment import (
    AUTH_PREVIOUS_SIGNING_KEYS,
    AUTH_SIGNING_KEY,
    DATABASE_URL,
    OIDC_CLIENT_SECRET,
    SMTP_PASSWORD,
)

# What to do instead, for each variable that holds a secret.
_INSTEAD: Mapping[str, str] = {
    "DATABASE_URL": "take the password out of it and set DATABASE_SECRET_SOURCE to 'secrets-manager' or 'rds-iam'",
    "AUTH_SIGNING_KEY": (
        'store {"signing_key": …} and set AUTH_SECRET_ID to its name, or set neither: the stack then makes a secret'
    ),
    "AUTH_PREVIOUS_SIGNING_KEYS": (
        'store {"signing_key": …, "previous_signing_keys": […]} and set AUTH_SECRET_ID to its name'
    ),
    "OIDC_CLIENT_SECRET": 'store {"client_secret": …} and set OIDC_SECRET_ID to its name',
    "SMTP_PASSWORD": 'store {"username": …, "password": …} and set SMTP_SECRET_ID to its name',
}


def secret_values(deployment: Deployment) -> dict[str, str]:
    """The value of each stack parameter, by its name.

    Raises SettingsError before anything is touched, for what is wrong and, on AWS itself, for a secret that would come
    to stand in a function's environment.
    """
    settings = deployment.settings
    if deployment.is_on_aws:
        _refuse(settings.plain_secrets)
    smtp, oidc, held = settings.smtp, settings.oidc, settings.plain_secrets
    has_key = "AUTH_SIGNING_KEY" in held or "AUTH_PREVIOUS_SIGNING_KEYS" in held
    return {
        DATABASE_URL: database(settings).url,
        AUTH_SIGNING_KEY: settings.auth_signing_key if has_key else "",
        AUTH_PREVIOUS_SIGNING_KEYS: ",".join(settings.auth_previous_signing_keys),
        OIDC_CLIENT_SECRET: (oidc and oidc.client and oidc.client.secret) or "",
        SMTP_PASSWORD: (smtp and smtp.password) or "",
    }


def _refuse(names: tuple[str, ...]) -> None:
    if names:
        steps = "".join(f"\n  {name}: {_INSTEAD[name]}" for name in names)
        raise SettingsError(
            f"{', '.join(names)} would put a secret into a function's environment, where whoever may read the "
            f"function's configuration sees it: on AWS secrets are kept in Secrets Manager; nothing was changed{steps}"
        )
