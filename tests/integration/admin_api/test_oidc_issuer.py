"""The issuer as a process knows it: keys come, go and are kept, and it is asked as seldom as can be."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.oidc import verification, wire
from chalicelib.oidc.claims import Person
from chalicelib.oidc.issuer import ASKED_EVERY, FRESH_FOR, KEPT_FOR, Issuer
from chalicelib.refusals import IssuerUnavailable, NotAuthenticated
from functions import deadline
from functions.oidc_settings import oidc_from
from tests.integration.admin_api.api import Api
from tests.integration.admin_api.fake_issuer import AUDIENCE, DISCOVERY, FakeIssuer, running
from tests.integration.admin_api.oidc_case import configure, issuer, send

__all__ = ["issuer"]

# Only what is kept reads this clock; a token's own times are PyJWT's to check.
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def it() -> Iterator[FakeIssuer]:
    with running() as started:
        yield started


@pytest.fixture
def ours(it: FakeIssuer) -> Issuer:
    return _known(it.url)


def _known(url: str) -> Issuer:
    oidc = oidc_from({"OIDC_ISSUER": url, "OIDC_AUDIENCE": AUDIENCE})
    assert oidc is not None
    return Issuer(oidc)


def _verify(ours: Issuer, token: str, at: datetime = NOW) -> Person:
    return verification.of_access_token(token, ours, now=at)


def _refused(ours: Issuer, token: str, at: datetime = NOW) -> bool:
    try:
        _verify(ours, token, at)
    except NotAuthenticated:
        return True
    return False


def test_it_is_asked_once_however_many_tokens_come(it: FakeIssuer, ours: Issuer) -> None:
    for _ in range(5):
        _verify(ours, it.token(), NOW + FRESH_FOR)
    assert it.asked == {DISCOVERY: 1, "/keys": 1}


def test_a_new_key_works_at_once_and_the_old_one_no_longer(it: FakeIssuer, ours: Issuer) -> None:
    old = it.token()
    _verify(ours, old)
    it.rotate()
    later = NOW + ASKED_EVERY
    assert _verify(ours, it.token_of_new_key(), later).subject == "user-1"
    assert _refused(ours, old, later)


def test_a_withdrawn_key_stops_working_within_the_hour_without_anybody_using_a_new_one(
    it: FakeIssuer, ours: Issuer
) -> None:
    old = it.token()
    _verify(ours, old)
    it.rotate()
    assert not _refused(ours, old, NOW + FRESH_FOR)
    assert _refused(ours, old, NOW + FRESH_FOR + SECOND)


def test_made_up_key_ids_do_not_make_us_hammer_the_issuer(it: FakeIssuer, ours: Issuer) -> None:
    _verify(ours, it.token())
    for number in range(50):
        assert _refused(ours, it.token(header={"kid": f"made-up-{number}"}), NOW + ASKED_EVERY + number * SECOND / 10)
    assert it.asked["/keys"] == 2
    _verify(ours, it.token(), NOW + ASKED_EVERY)  # and those who have a good one notice nothing


def test_what_is_known_keeps_working_for_a_day_while_the_issuer_is_away_and_then_no_longer(
    it: FakeIssuer, ours: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    _verify(ours, it.token())
    it.is_away = True
    _verify(ours, it.token(), NOW + FRESH_FOR + SECOND)
    assert "the OIDC issuer is away" in caplog.text
    _verify(ours, it.token(), NOW + KEPT_FOR)
    with pytest.raises(IssuerUnavailable):
        _verify(ours, it.token(), NOW + KEPT_FOR + SECOND)
    it.is_away = False
    _verify(ours, it.token(), NOW + KEPT_FOR + ASKED_EVERY + SECOND)


def test_while_it_is_away_it_is_not_asked_with_every_request(it: FakeIssuer, ours: Issuer) -> None:
    it.is_away = True
    for number in range(20):
        with pytest.raises(IssuerUnavailable):
            _verify(ours, it.token(), NOW + number * SECOND / 10)
    assert it.asked.total() == 1


def test_a_key_nobody_knows_while_the_issuer_is_away_is_not_called_a_bad_one(it: FakeIssuer, ours: Issuer) -> None:
    _verify(ours, it.token())
    it.is_away = True
    with pytest.raises(IssuerUnavailable):
        _verify(ours, it.token_of_new_key(), NOW + ASKED_EVERY)


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://issuer.example.com"},
    "itself with a slash": {"issuer": "{url}/"},
    "no issuer": {"issuer": None},
    "keys without TLS": {"jwks_uri": "http://issuer.example.com/keys"},
    "keys in a file": {"jwks_uri": "file:///etc/passwd"},
    "keys nowhere": {"jwks_uri": None},
    "keys at a name with a password": {"jwks_uri": "https://user:password@issuer.example.com/keys"},
    "codes without TLS": {"token_endpoint": "http://issuer.example.com/token"},
    "a login page that splits a header": {"authorization_endpoint": "https://issuer.example.com/\r\nSet-Cookie: x=y"},
}


@pytest.mark.parametrize("lie", LIES)
def test_an_issuer_that_lies_about_itself_is_not_believed(
    it: FakeIssuer, ours: Issuer, lie: str, caplog: pytest.LogCaptureFixture
) -> None:
    it.discovery = {name: value and value.format(url=it.url) for name, value in LIES[lie].items()}
    with pytest.raises(IssuerUnavailable):
        _verify(ours, it.token())
    assert "its discovery document" in caplog.text
    assert it.asked["/keys"] == 0


ANSWERS = {
    "an error": (500, b"{}"),
    "nothing": (204, b""),
    "no JSON": (200, b"<html>"),
    "a redirect": (302, b""),
    "a megabyte": (200, b'{"x": "' + b"x" * 1_000_000 + b'"}'),
    "JSON nested deep enough to break a parser": (200, b"[" * 100_000),
}


@pytest.mark.parametrize("path", [DISCOVERY, "/keys"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_of_no_use_is_as_good_as_none(it: FakeIssuer, ours: Issuer, path: str, answer: str) -> None:
    it.answers[path] = ANSWERS[answer]
    with pytest.raises(IssuerUnavailable):
        _verify(ours, it.token())
    assert it.asked["/elsewhere"] == 0


@pytest.mark.parametrize("keys", [b"{}", b"[]", b'{"keys": {}}', b'{"keys": [1, null, {"kid": 1}]}'])
def test_a_set_without_keys_verifies_nothing(it: FakeIssuer, ours: Issuer, keys: bytes) -> None:
    it.answers["/keys"] = (200, keys)
    assert _refused(ours, it.token())


def test_an_issuer_that_does_not_answer_is_given_up_on(
    it: FakeIssuer, ours: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_PATIENCE_S", 0.1)
    it.is_slow = True
    with pytest.raises(IssuerUnavailable):
        _verify(ours, it.token())


def test_an_issuer_is_not_asked_once_the_time_of_the_request_is_over(it: FakeIssuer, ours: Issuer) -> None:
    with deadline.ends_in(0), pytest.raises(IssuerUnavailable):
        _verify(ours, it.token())
    assert sum(it.asked.values()) == 0


def test_no_redirect_is_followed_and_no_proxy_asked(
    it: FakeIssuer, ours: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    _verify(ours, it.token())


def test_the_issuers_path_stays_in_front_of_the_discovery_documents(it: FakeIssuer) -> None:
    url = f"{it.url}/realms/jobs"
    it.answers[f"/realms/jobs{DISCOVERY}"] = (200, json.dumps({**it.document(), "issuer": url}).encode())
    assert _verify(_known(url), it.token(iss=url)).subject == "user-1"


def test_while_the_issuer_is_away_and_unknown_a_client_is_told_to_come_back(
    offline: Api, issuer: FakeIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.is_away = True
    with caplog.at_level(logging.ERROR):
        answer = send(offline, issuer.token())
    assert (answer.status, answer.code) == (503, "auth_issuer_unavailable")
    assert answer.headers["Retry-After"] == "15"
    assert "127.0.0.1" not in answer.body


def test_another_deployment_starts_with_nothing_known(
    offline: Api, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(offline, issuer.token())
    configure(monkeypatch, OIDC_AUDIENCE="another")
    send(offline, issuer.token())
    assert issuer.asked["/keys"] == 2
