"""A deploy to AWS shows no secret anywhere: not to functions, not in templates or change sets, not to who watches."""

from __future__ import annotations

import dataclasses
import importlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from boto3.session import Session

from functions.definition import JobDefinition
from functions.errors import SettingsError
from functions.settings import from_environment
from infra.deploy import deploy
from infra.deployment import Deployment, Target
from tests.integration.infra.conftest import REGION
from tests.integration.infra.projects import make_project

Client = Callable[[str], Any]
PLANTED = "hunter2-planted"
STORED = {
    "prod/database": {"username": "jobs", "password": f"{PLANTED}-database"},
    "prod/oidc": {"client_secret": f"{PLANTED}-oidc"},
    "prod/smtp": {"username": "jobs", "password": f"{PLANTED}-smtp"},
}
WHERE = {"STAGE": "prod", "AWS_REGION": REGION, "ACCOUNT_ID": "123456789012"}
ISSUER = {
    "OIDC_ISSUER": "https://issuer.example.com",
    "OIDC_CLIENT_ID": "web",
    "OIDC_REDIRECT_URI": "https://jobs.example.com/api/v1/auth/oidc/callback",
}
MAIL = {"SMTP_HOST": "mail.example.com", "SMTP_FROM": "jobs@example.com"}
KEPT = {
    **WHERE,
    **ISSUER,
    **MAIL,
    "DATABASE_URL": "postgresql://db.example/jobs",
    "DATABASE_SECRET_SOURCE": "secrets-manager",
    "DATABASE_SECRET_ID": "prod/database",
    "DATABASE_TLS_ROOT_CERT": "/etc/pki/tls/certs/ca-bundle.crt",
    "OIDC_SECRET_ID": "prod/oidc",
    "SMTP_SECRET_ID": "prod/smtp",
}
HELD = {
    **WHERE,
    **ISSUER,
    **MAIL,
    "DATABASE_URL": f"postgresql://jobs:{PLANTED}-database@127.0.0.1/jobs",
    "AUTH_SIGNING_KEY": f"{PLANTED}-key-of-more-than-32-characters",
    "AUTH_PREVIOUS_SIGNING_KEYS": f"{PLANTED}-old-key-of-more-than-32-characters",
    "OIDC_CLIENT_SECRET": f"{PLANTED}-oidc",
    "SMTP_USERNAME": "jobs",
    "SMTP_PASSWORD": f"{PLANTED}-smtp",
}


@pytest.fixture
def client(session: Session, endpoint_url: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Makes clients of this AWS, which whoever names no endpoint takes for the real one."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint_url)
    return lambda service: session.client(service)  # type: ignore[call-overload]


@pytest.fixture
def on_aws(tmp_path: Path, client: Client) -> Deployment:
    """A deployment to AWS itself, whose secrets are kept. Its project is a small one, its routes are the real ones."""
    importlib.import_module("app")
    for name, secret in STORED.items():
        client("secretsmanager").create_secret(Name=name, SecretString=json.dumps(secret))
    return Deployment(
        settings=from_environment(KEPT),
        jobs=(JobDefinition(id="send-email"),),
        project=make_project(tmp_path / "project"),
        cache=tmp_path / "cache",
        target=Target.host(),
    )


@pytest.fixture
def said(session: Session) -> list[str]:
    """What a deploy reports, and what it sends to AWS."""
    heard: list[str] = []
    session.events.register("before-send", lambda request, **_: heard.append(f"{request.url} {request.body!r}"))
    return heard


def put_up(deployment: Deployment, session: Session, said: list[str]) -> None:
    summary = deploy(
        deployment,
        session=session,
        report=lambda step, seconds, detail: said.append(f"{step} {detail}"),
        progress=lambda stack, status: said.append(f"{stack} {status}"),
    )
    said.append(repr(summary))


def shown(client: Client) -> list[str]:
    """What AWS shows of a deployment to whoever may look at all but the secrets themselves."""
    cloudformation, functions, iam, s3 = (client(name) for name in ("cloudformation", "lambda", "iam", "s3"))
    found: list[Any] = [functions.list_functions()]
    for role in iam.list_roles()["Roles"]:
        found.append(iam.get_role_policy(RoleName=role["RoleName"], PolicyName="own"))
    for stack in cloudformation.describe_stacks()["Stacks"]:
        name = stack["StackName"]
        changes = cloudformation.list_change_sets(StackName=name)["Summaries"]
        found += [
            stack,
            cloudformation.get_template(StackName=name),
            cloudformation.describe_stack_events(StackName=name),
            cloudformation.describe_stack_resources(StackName=name),
            *(cloudformation.describe_change_set(ChangeSetName=each["ChangeSetId"]) for each in changes),
        ]
    for bucket in s3.list_buckets()["Buckets"]:
        for each in s3.list_objects_v2(Bucket=bucket["Name"])["Contents"]:
            found.append(s3.get_object(Bucket=bucket["Name"], Key=each["Key"])["Body"].read())
    return [str(each) for each in found]


def test_a_deploy_to_aws_shows_no_secret_to_anybody(
    on_aws: Deployment, session: Session, client: Client, said: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for deployment in (on_aws, dataclasses.replace(on_aws, log_retention_days=90)):
            put_up(deployment, session, said)
    everything = "".join([*said, *shown(client), *(record.getMessage() for record in caplog.records)])
    made = json.loads(client("secretsmanager").get_secret_value(SecretId="lamplighter-prod/auth")["SecretString"])
    for name in ("prod/database", "prod/oidc", "prod/smtp", "secret:lamplighter-prod/auth-"):
        assert name in everything, "where the secrets would be is looked at"
    assert PLANTED not in everything
    assert len(made["signing_key"]) == 64
    assert made["signing_key"] not in everything


def test_secrets_in_the_environment_are_refused_before_anything_is_touched(
    on_aws: Deployment, session: Session, client: Client, said: list[str]
) -> None:
    with pytest.raises(SettingsError, match="AUTH_SIGNING_KEY: store ") as caught:
        put_up(dataclasses.replace(on_aws, settings=from_environment(HELD)), session, said)
    assert PLANTED not in "".join([str(caught.value), *said])
    assert client("s3").list_buckets()["Buckets"] == []
    assert client("cloudformation").describe_stacks()["Stacks"] == []
