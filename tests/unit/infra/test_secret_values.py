"""On AWS no secret comes to stand in a function's environment; on one machine they do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.errors import SettingsError
from infra.secret_values import secret_values
from tests.unit.infra.deployments import deployment_of

SAFE = {"DATABASE_URL": "postgresql://127.0.0.1/jobs", "AUTH_SIGNING_KEY": ""}
HELD = {
    "DATABASE_URL": "postgresql://jobs:hunter2@127.0.0.1/jobs",
    "AUTH_SIGNING_KEY": "hunter2" * 5,
    "AUTH_PREVIOUS_SIGNING_KEYS": "hunter2" * 6,
    "OIDC_CLIENT_SECRET": "hunter2",
    "SMTP_PASSWORD": "hunter2",
}


@pytest.mark.parametrize("name", HELD)
def test_on_aws_a_secret_is_refused_with_what_to_do_instead(name: str) -> None:
    with pytest.raises(SettingsError, match=rf"nothing was changed\n  {name}: (store|take) ") as caught:
        secret_values(deployment_of([], environ={**SAFE, name: HELD[name]}))
    assert "hunter2" not in str(caught.value)


def test_all_of_them_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        secret_values(deployment_of([], environ=HELD))
    assert str(caught.value).startswith(f"{', '.join(HELD)} would put a secret into a function's environment")


def test_on_aws_no_parameter_holds_a_secret() -> None:
    values = secret_values(deployment_of([], environ=SAFE))
    assert values == {**dict.fromkeys(values, ""), "DatabaseUrl": SAFE["DATABASE_URL"]}


def test_on_one_machine_secrets_are_parameters() -> None:
    login = {"SMTP_HOST": "127.0.0.1", "SMTP_FROM": "jobs@example.com", "SMTP_USERNAME": "jobs"}
    here = replace(deployment_of([], environ={**HELD, **login}), endpoint_url="http://127.0.0.1:5000")
    assert secret_values(here) == {
        "DatabaseUrl": HELD["DATABASE_URL"],
        "AuthSigningKey": HELD["AUTH_SIGNING_KEY"],
        "AuthPreviousSigningKeys": HELD["AUTH_PREVIOUS_SIGNING_KEYS"],
        "OidcClientSecret": "",
        "SmtpPassword": "hunter2",
    }
