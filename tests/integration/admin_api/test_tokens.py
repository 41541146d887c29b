"""The bearer token: what gets in, and all that does not."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import tokens
from chalicelib.refusals import NotAuthenticated
from functions.settings import settings
from tests.integration.admin_api.api import BASE, KEY, Api, token
from tests.integration.admin_api.forging import HEADER, encoded, forged

ANOTHER_KEY = "another deployment's key, also long enough"


def _claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    claims = {
        "iss": "lamplighter",
        "aud": "lamplighter-admin",
        "sub": "ada",
        "permissions": ["*"],
        "iat": now,
        "exp": now + 300,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not ...}


def _ago(seconds: int) -> int:
    return int(time.time()) - seconds


ATTACKS: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "no token at all": lambda: "x",
    "two parts": lambda: "a.b",
    "four parts": lambda: token("*") + ".x",
    "not ASCII": lambda: "é" * 10,
    "no signature": lambda: token("*").rpartition(".")[0] + ".",
    "a changed signature": lambda: token("*")[:-8] + "AAAAAAAA",
    "other claims under a good signature": lambda: _swap(token("jobs.view"), _claims()),
    "algorithm none": lambda: f"{encoded({'alg': 'none'})}.{encoded(_claims())}.",
    "algorithm None, capitalised": lambda: f"{encoded({'alg': 'nOnE'})}.{encoded(_claims())}.",
    "algorithm none, signed": lambda: forged(_claims(), {"alg": "none"}),
    "no algorithm": lambda: forged(_claims(), {"typ": "JWT"}),
    "algorithm not text": lambda: forged(_claims(), {"alg": ["HS256"]}),
    "algorithm HS512": lambda: forged(_claims(), {"alg": "HS512"}, algorithm=hashlib.sha512),
    "algorithm RS256 over a shared key": lambda: forged(_claims(), {"alg": "RS256"}),
    "a critical extension nobody knows": lambda: forged(_claims(), {**HEADER, "crit": ["x"], "x": 1}),
    "a key of its own in the header": lambda: forged(_claims(), {**HEADER, "jwk": {"k": "x"}}, key="x" * 32),
    "another key": lambda: forged(_claims(), key=ANOTHER_KEY),
    "an empty key": lambda: forged(_claims(), key=""),
    "expired": lambda: forged(_claims(iat=_ago(600), exp=_ago(60))),
    "not valid yet": lambda: forged(_claims(nbf=_ago(-60))),
    "issued in the future": lambda: forged(_claims(iat=_ago(-60))),
    "another issuer": lambda: forged(_claims(iss="lamplighter2")),
    "issuers in a list": lambda: forged(_claims(iss=["lamplighter"])),
    "another audience": lambda: forged(_claims(aud="lamplighter")),
    "without exp": lambda: forged(_claims(exp=...)),
    "without iat": lambda: forged(_claims(iat=...)),
    "without sub": lambda: forged(_claims(sub=...)),
    "without iss": lambda: forged(_claims(iss=...)),
    "without aud": lambda: forged(_claims(aud=...)),
    "without permissions and session": lambda: forged(_claims(permissions=...)),
    "permissions and a session": lambda: forged(_claims(sid=str(uuid.UUID(int=1)), sub=str(uuid.UUID(int=2)), jti="x")),
    "a key id nobody has": lambda: forged(_claims(), {**HEADER, "kid": "0" * 16}),
    "a key id of another key": lambda: forged(
        _claims(), {**HEADER, "kid": tokens.key_id(ANOTHER_KEY)}, key=ANOTHER_KEY
    ),
    "a key id that is a path": lambda: forged(_claims(), {**HEADER, "kid": "../../dev/null"}, key=""),
    "a key id that is no text": lambda: forged(_claims(), {**HEADER, "kid": [tokens.key_id(KEY)]}),
    "our key id under another key": lambda: forged(_claims(), {**HEADER, "kid": tokens.key_id(KEY)}, key=ANOTHER_KEY),
    "permissions as text": lambda: forged(_claims(permissions="*")),
    "permissions as text with commas": lambda: forged(_claims(permissions="jobs.view,jobs.manage")),
    "permissions as an object": lambda: forged(_claims(permissions={"*": True})),
    "permissions null": lambda: forged(_claims(permissions=None)),
    "permissions not text": lambda: forged(_claims(permissions=["*", 1])),
    "permissions nested": lambda: forged(_claims(permissions=[["*"]])),
    "sub a number": lambda: forged(_claims(sub=1)),
    "sub empty": lambda: forged(_claims(sub="")),
    "sub with a control character": lambda: forged(_claims(sub="a\x00b")),
    "sub with a lone surrogate": lambda: forged(_claims(sub="a\ud800")),
    "sub endless": lambda: forged(_claims(sub="x" * 201)),
    "exp not a number": lambda: forged(_claims(exp="tomorrow")),
    "exp infinite": lambda: forged(_claims(exp=float("inf"))),
    "claims not an object": lambda: forged(["*"]),
    "claims not JSON": lambda: forged(b"{"),
    "a header nested deep enough to break a parser": lambda: forged(_claims(), b"[" * 5_000),
    "a header with a number of thousands of digits": lambda: forged(_claims(), b'{"alg":' + b"9" * 5_000 + b"}"),
    "larger than 8 KB": lambda: forged(_claims(padding="x" * 8_192)),
}


def _swap(good: str, claims: object) -> str:
    header, _, signature = good.split(".")
    return f"{header}.{encoded(claims)}.{signature}"


def test_the_forger_of_this_table_can_make_a_valid_token(api: Api) -> None:
    assert api("GET", f"{BASE}/jobs", headers={"Authorization": f"Bearer {forged(_claims())}"}).status == 200


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_bad_token_is_refused_and_not_told_why(offline: Api, attack: str) -> None:
    plain = offline("GET", f"{BASE}/jobs", headers={})
    answer = offline("GET", f"{BASE}/jobs", headers={"Authorization": f"Bearer {ATTACKS[attack]()}"})
    assert (answer.status, answer.code) == (401, "auth_not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert {**answer.json, "requestId": ""} == {**plain.json, "requestId": ""}


@pytest.mark.parametrize("form", ["{}", "Basic {}", "Bearer: {}", "Bearer {} {}", "Bearer{}", "token {}"])
def test_a_good_token_sent_in_another_way_is_refused(offline: Api, form: str) -> None:
    good = token("*")
    assert offline("GET", f"{BASE}/jobs", headers={"Authorization": form.format(good, good)}).status == 401


def test_scheme_and_header_name_may_be_written_in_any_case(api: Api) -> None:
    for name in ("Authorization", "authorization", "AUTHORIZATION"):
        for form in ("Bearer {}", "bearer {}", "BEARER  {} "):
            assert api("GET", f"{BASE}/jobs", headers={name: form.format(token("*"))}).status == 200


def test_clocks_may_differ_by_a_few_seconds(api: Api) -> None:
    late = forged(_claims(iat=_ago(300), exp=_ago(5)))
    early = forged(_claims(iat=_ago(-5)))
    for each in (late, early):
        assert api("GET", f"{BASE}/jobs", headers={"Authorization": f"Bearer {each}"}).status == 200


def test_a_signed_token_speaks_for_the_identity_until_its_lifetime_ends() -> None:
    identity = tokens.Identity(actor="Åsa", permissions=frozenset({"jobs.view"}))
    now = datetime.now(UTC)
    keys = tokens.SigningKeys(KEY)
    assert tokens.verify(keys, tokens.sign(KEY, identity, now=now, lifetime=timedelta(minutes=1))) == identity
    ended = tokens.sign(KEY, identity, now=now - timedelta(hours=1), lifetime=timedelta(minutes=1))
    with pytest.raises(NotAuthenticated):
        tokens.verify(keys, ended)


def test_a_deployment_without_a_signing_key_lets_nobody_in_and_says_it_is_its_own_fault(
    offline: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("", "short"):
        monkeypatch.setenv("AUTH_SIGNING_KEY", key)
        settings.cache_clear()
        answer = offline("GET", f"{BASE}/jobs")
        assert (answer.status, answer.code) == (500, "server_error")
        assert "AUTH_SIGNING_KEY" not in answer.body
