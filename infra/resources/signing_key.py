"""Where the admin API finds the keys it signs tokens with: a secret somebody named, its stack's own, or parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from troposphere import Ref, Template
from troposphere.secretsmanager import GenerateSecretString, Secret

from functions import naming
from functions.settings import Settings
from infra.resources.environment import AUTH_PREVIOUS_SIGNING_KEYS, AUTH_SIGNING_KEY, add_secret

# Letters and digits: 64 of them are 380 bits, more than HS256 uses.
_LENGTH = 64


@dataclass(frozen=True, kw_only=True)
class SigningKey:
    """The variables that say where the keys are, and the secret the API must be allowed to read, if there is one."""

    variables: Mapping[str, Any]
    secret: Any | None = None


def add_signing_key(template: Template, settings: Settings) -> SigningKey:
    """Add what the settings leave to the stack: with neither a key nor a secret's name, a secret no person has seen."""
    if settings.auth_secret_id is not None:
        return SigningKey(variables={"AUTH_SECRET_ID": settings.auth_secret_id}, secret=settings.auth_secret_id)
    held = settings.plain_secrets
    if "AUTH_SIGNING_KEY" not in held:
        made = Ref(template.add_resource(_secret(settings.stage)))
        return SigningKey(variables={"AUTH_SECRET_ID": made}, secret=made)
    parameters = {"AUTH_SIGNING_KEY": AUTH_SIGNING_KEY, "AUTH_PREVIOUS_SIGNING_KEYS": AUTH_PREVIOUS_SIGNING_KEYS}
    return SigningKey(
        variables={name: add_secret(template, parameter) for name, parameter in parameters.items() if name in held}
    )


def _secret(stage: str) -> Secret:
    # Goes with the API: what was signed with it is worth nothing without, and CloudFormation deletes it without a
    # recovery window, so that its name is free for the next one. Any change of GenerateSecretString makes
    # CloudFormation generate another value, which refuses every token there is: leave it as it is.
    return Secret(
        "AuthSecret",
        Name=naming.auth_secret(stage),
        Description="Signs the admin API's tokens. docs/security.md says how to rotate it",
        GenerateSecretString=GenerateSecretString(
            SecretStringTemplate='{"previous_signing_keys": []}',
            GenerateStringKey="signing_key",
            PasswordLength=_LENGTH,
            ExcludePunctuation=True,
        ),
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
    )
