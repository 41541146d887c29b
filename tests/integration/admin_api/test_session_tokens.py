"""Access tokens that stand for a session: what does not get in with one, and how the signing key is changed."""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib import tokens
from functions.db.connection import Connection
from functions.settings import settings
from tests.conftest import PROJECT
from tests.integration.admin_api import test_tokens
from tests.integration.admin_api.api import BASE, KEY, Api, token
from tests.integration.admin_api.forging import HEADER, encoded, forged
from tests.integration.admin_api.logins import add_user, bearer, log_in, me, part, refresh

NEW_KEY = "the key after the next rotation long enough"


@dataclass(frozen=True)
class LoggedIn:
    """A user's access token, taken apart, and what an attacker makes of it."""

    connection: Connection
    token: str

    def claims(self, **changes: Any) -> dict[str, Any]:
        said = {**part(self.token, 1), **changes}
        return {name: value for name, value in said.items() if value is not ...}

    def forged(self, header: object = None, *, key: str = KEY, **changes: Any) -> str:
        return forged(self.claims(**changes), header or part(self.token, 0), key=key)

    def after(self, statement: str) -> str:
        self.connection.execute(statement.encode())
        return self.token


@pytest.fixture
def ann(api: Api, connection: Connection) -> LoggedIn:
    add_user(connection, "ann", "admin")
    return LoggedIn(connection, log_in(api).json["accessToken"])


def _ago(seconds: int) -> int:
    return int(time.time()) - seconds


ATTACKS: dict[str, Callable[[LoggedIn], str]] = {
    "algorithm none": lambda ann: f"{encoded({'alg': 'none'})}.{encoded(ann.claims())}.",
    "algorithm none, signed": lambda ann: ann.forged({"alg": "none"}),
    "algorithm HS512": lambda ann: forged(ann.claims(), {"alg": "HS512"}, algorithm=hashlib.sha512),
    "algorithm RS256 over our key": lambda ann: ann.forged({"alg": "RS256"}),
    "another key": lambda ann: ann.forged(key=NEW_KEY),
    "another key that is named": lambda ann: ann.forged({**HEADER, "kid": tokens.key_id(NEW_KEY)}, key=NEW_KEY),
    "a key id nobody has": lambda ann: ann.forged({**HEADER, "kid": "0" * 16}),
    "a changed signature": lambda ann: ann.token[:-6] + ("AAAAAA" if ann.token[-6:] != "AAAAAA" else "BBBBBB"),
    "another session under the old signature": lambda ann: _swap(ann.token, ann.claims(sid=str(uuid.UUID(int=1)))),
    "permissions under the old signature": lambda ann: _swap(ann.token, ann.claims(permissions=["*"])),
    "expired": lambda ann: ann.forged(iat=_ago(1000), exp=_ago(60)),
    "not valid yet": lambda ann: ann.forged(nbf=_ago(-60)),
    "issued in the future": lambda ann: ann.forged(iat=_ago(-60)),
    "another issuer": lambda ann: ann.forged(iss="https://issuer.example"),
    "no issuer": lambda ann: ann.forged(iss=...),
    "another audience": lambda ann: ann.forged(aud="lamplighter"),
    "no audience": lambda ann: ann.forged(aud=...),
    "no exp": lambda ann: ann.forged(exp=...),
    "no iat": lambda ann: ann.forged(iat=...),
    "no sub": lambda ann: ann.forged(sub=...),
    "no sid": lambda ann: ann.forged(sid=...),
    "no jti": lambda ann: ann.forged(jti=...),
    "permissions beside the session": lambda ann: ann.forged(permissions=["*"]),
    "sid of no session": lambda ann: ann.forged(sid=str(uuid.UUID(int=2))),
    "sid of another user's session": lambda ann: ann.forged(sub=str(uuid.UUID(int=3))),
    "sid null": lambda ann: ann.forged(sid=None),
    "sid no UUID": lambda ann: ann.forged(sid="1"),
    "sid in a list": lambda ann: ann.forged(sid=[part(ann.token, 1)["sid"]]),
    "sub a name": lambda ann: ann.forged(sub="ann"),
    "larger than 8 KB": lambda ann: ann.forged(padding="x" * 8_192),
    "session revoked": lambda ann: ann.after(
        "UPDATE lamplighter.session SET revoked_at = clock_timestamp(), revoked_for = 'test'"
    ),
    "session at its end": lambda ann: ann.after("UPDATE lamplighter.session SET expires_at = clock_timestamp()"),
    "session deleted": lambda ann: ann.after("DELETE FROM lamplighter.session"),
    "user disabled": lambda ann: ann.after("UPDATE lamplighter.user SET is_disabled = true"),
    "user deleted": lambda ann: ann.after("DELETE FROM lamplighter.user"),
}


def _swap(good: str, claims: object) -> str:
    header, _, signature = good.split(".")
    return f"{header}.{encoded(claims)}.{signature}"


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_bad_token_is_refused_and_not_told_why(api: Api, ann: LoggedIn, attack: str) -> None:
    plain = api("GET", f"{BASE}/jobs", headers={})
    answer = api("GET", f"{BASE}/jobs", headers=bearer(ATTACKS[attack](ann)))
    assert (answer.status, answer.code) == (401, "auth_not_authenticated")
    assert {**answer.json, "requestId": ""} == {**plain.json, "requestId": ""}


def test_the_forger_of_this_table_can_make_a_valid_token(api: Api, ann: LoggedIn) -> None:
    for good in (ann.token, ann.forged(), ann.forged(HEADER), ann.forged(exp=_ago(5)), ann.forged(iat=_ago(-5))):
        assert api("GET", f"{BASE}/jobs", headers=bearer(good)).status == 200


def test_the_signing_key_is_rotated_and_nobody_has_to_log_in_again(
    api: Api, ann: LoggedIn, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripts, pair = token("jobs.view"), log_in(api).json
    rotate(monkeypatch, NEW_KEY, KEY)
    for old in (ann.token, pair["accessToken"], scripts):
        assert me(api, old).status == 200
    renewed = refresh(api, pair["refreshToken"]).json["accessToken"]
    assert part(renewed, 0)["kid"] == tokens.key_id(NEW_KEY) != part(ann.token, 0)["kid"]
    assert me(api, renewed).status == 200
    rotate(monkeypatch, NEW_KEY)
    for old in (ann.token, scripts):
        assert me(api, old).status == 401
    assert me(api, renewed).status == 200


def test_a_previous_key_lets_in_only_who_names_it(api: Api, ann: LoggedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    rotate(monkeypatch, NEW_KEY, "x" * 32, KEY)
    assert me(api, ann.forged()).status == 200
    assert me(api, ann.forged(HEADER)).status == 401, "without a key id it is the current key that counts"
    assert me(api, ann.forged(HEADER, key=NEW_KEY)).status == 200


def rotate(monkeypatch: pytest.MonkeyPatch, current: str, *previous: str) -> None:
    monkeypatch.setenv("AUTH_SIGNING_KEY", current)
    monkeypatch.setenv("AUTH_PREVIOUS_SIGNING_KEYS", ", ".join(previous))
    settings.cache_clear()


def test_every_attack_is_in_the_documentation() -> None:
    listed = (PROJECT / "docs" / "security.md").read_text()
    cases = {case for row in re.findall(r"^\| [^|]+ \| (.*) \|$", listed, re.MULTILINE) for case in row.split("; ")}
    assert {*ATTACKS, *test_tokens.ATTACKS} - cases == set()
