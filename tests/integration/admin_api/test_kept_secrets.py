"""Signing keys and the client's secret in Secrets Manager: followed through rotations, asked for seldom, not shown."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
from moto.secretsmanager.models import SecretsManagerBackend

from chalicelib import fresh_secret, signing_keys, tokens
from chalicelib.tokens import Identity
from functions.db.connection import Connection
from tests.integration.admin_api.api import BASE, KEY, Api
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.fake_issuer import CLIENT_SECRET, FakeIssuer
from tests.integration.admin_api.logins import add_user, log_in, me, part, refresh
from tests.integration.admin_api.oidc_case import configure, issuer, send
from tests.integration.admin_api.test_oidc_login import Browser, browser

__all__ = ["browser", "issuer"]

FIRST, SECOND = "the first hunter2 key, which is long enough", "the second hunter2 key, which is long enough too"
Rotate = Callable[..., None]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The secrets AWS was asked for."""
    asked: list[str] = []
    original = SecretsManagerBackend.get_secret_value

    def counted(self: SecretsManagerBackend, **asked_for: Any) -> Any:
        asked.append(asked_for["secret_id"])
        return original(self, **asked_for)

    monkeypatch.setattr(SecretsManagerBackend, "get_secret_value", counted)
    return asked


@pytest.fixture
def rotate(api: Api, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rotate]:
    """Puts keys into the secret this process's keys are in, FIRST when it begins."""
    name, client = f"prod/auth/{uuid.uuid4().hex}", aws.client("secretsmanager")
    client.create_secret(Name=name, SecretString=_keys(FIRST))
    configure(monkeypatch, AUTH_SIGNING_KEY=None, AUTH_SECRET_ID=name)
    yield lambda *keys: client.put_secret_value(SecretId=name, SecretString=_keys(*keys))
    configure(monkeypatch, AUTH_SIGNING_KEY=KEY, AUTH_SECRET_ID=None)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a while had passed since the secret was read."""
    monkeypatch.setattr(fresh_secret, "READ_EVERY", timedelta())


def _keys(current: str, *previous: str) -> str:
    return json.dumps({"signing_key": current, "previous_signing_keys": list(previous)})


def signed(key: str) -> str:
    """A token as another instance signs it."""
    identity = Identity(actor="somebody", permissions=frozenset({"jobs.view"}))
    return tokens.sign(key, identity, now=datetime.now(UTC), lifetime=timedelta(minutes=5))


@pytest.mark.usefixtures("at_once")
def test_the_key_is_rotated_in_the_secret_without_a_restart_and_nobody_logs_in_again(
    api: Api, rotate: Rotate, connection: Connection
) -> None:
    add_user(connection)
    pair = log_in(api).json
    assert part(pair["accessToken"], 0)["kid"] == tokens.key_id(FIRST)
    rotate(SECOND, FIRST)
    assert send(api, signed(SECOND)).status == 200, "a key nobody knew here is looked up"
    assert me(api, pair["accessToken"]).status == 200
    renewed = refresh(api, pair["refreshToken"]).json["accessToken"]
    assert part(renewed, 0)["kid"] == tokens.key_id(SECOND)


def test_a_withdrawn_key_is_refused_once_the_secret_is_read_again(
    api: Api, rotate: Rotate, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(api, signed(FIRST)).status == 200
    rotate(SECOND)
    assert send(api, signed(FIRST)).status == 200
    for period in ("FRESH_FOR", "READ_EVERY"):
        monkeypatch.setattr(fresh_secret, period, timedelta())
    assert send(api, signed(FIRST)).status == 401


def test_made_up_key_ids_do_not_make_us_ask_aws_each_time(api: Api, rotate: Rotate, reads: list[str]) -> None:
    assert send(api, signed(FIRST)).status == 200
    assert [send(api, signed(f"{SECOND} {number}")).status for number in range(20)] == [401] * 20
    assert len(reads) == 1


@pytest.mark.usefixtures("at_once")
def test_while_the_secret_cannot_be_read_known_keys_work_and_of_others_nobody_knows(
    api: Api, rotate: Rotate, aws: Aws
) -> None:
    assert send(api, signed(FIRST)).status == 200
    with aws.away():
        assert send(api, signed(FIRST), path="/api/v1/auth/me").status == 200
        answer = send(api, signed(SECOND))
    assert (answer.status, answer.code) == (503, "secret_unavailable")
    assert send(api, signed(SECOND)).status == 401


@pytest.mark.parametrize(
    "secret", [None, "hunter2", _keys("hunter2"), '{"signing_key": ["hunter2"]}', _keys(FIRST, "hunter2")]
)
def test_a_secret_that_is_missing_or_no_key_is_our_fault_and_only_the_log_names_it(
    offline: Api, aws: Aws, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, secret: str | None
) -> None:
    name = f"prod/auth/{uuid.uuid4().hex}"
    if secret is not None:
        aws.client("secretsmanager").create_secret(Name=name, SecretString=secret)
    configure(monkeypatch, AUTH_SIGNING_KEY=None, AUTH_SECRET_ID=name)
    with caplog.at_level(logging.DEBUG):
        answer = send(offline, signed(FIRST), path=f"{BASE}/jobs")
    assert (answer.status, answer.code) == (503, "secret_unavailable")
    assert name not in answer.body
    assert f"secret {name!r} " in caplog.text
    assert "AUTH_SECRET_ID" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.usefixtures("at_once")
def test_a_login_at_the_issuer_goes_on_over_a_rotation(
    browser: Browser, issuer: FakeIssuer, rotate: Rotate, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = browser.start()
    rotate(SECOND, FIRST)
    with monkeypatch.context() as elsewhere:  # another instance, which has just started
        elsewhere.setattr(signing_keys, "_kept", cache(signing_keys._kept.__wrapped__))
        assert browser.come_back(issuer.authorize(begun)).status == 302
        begun = browser.start()
    assert browser.come_back(issuer.authorize(begun)).status == 302, "this one has not seen the second key before"


@pytest.mark.usefixtures("at_once")
def test_the_issuers_refusal_of_our_secret_makes_us_read_it_again_once(
    browser: Browser, issuer: FakeIssuer, aws: Aws, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    name, client = f"prod/oidc/{uuid.uuid4().hex}", aws.client("secretsmanager")
    client.create_secret(Name=name, SecretString=json.dumps({"client_secret": CLIENT_SECRET}))
    configure(monkeypatch, OIDC_CLIENT_SECRET=None, OIDC_SECRET_ID=name)
    with caplog.at_level(logging.DEBUG):
        assert browser.come_back(issuer.authorize(browser.start())).status == 302
        issuer.client_secret = "rotated hunter2"
        client.put_secret_value(SecretId=name, SecretString=json.dumps({"client_secret": "rotated hunter2"}))
        assert browser.come_back(issuer.authorize(browser.start())).status == 302
        assert len(issuer.forms) == 3
        issuer.client_secret = "rotated again, and nobody told us"
        assert browser.come_back(issuer.authorize(browser.start())).code == "auth_oidc_login_failed"
        assert len(issuer.forms) == 4, "the same secret is not sent twice"
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("moto")]
    assert "hunter2" not in "".join(ours)
