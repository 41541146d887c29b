"""The issuer's access tokens: what gets in, as whom and with what; and all that does not."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib import tokens
from functions.db.connection import Connection
from tests.conftest import PROJECT
from tests.integration.admin_api.api import BASE, KEY, Api
from tests.integration.admin_api.fake_issuer import AUDIENCE, CLIENT_ID, FakeIssuer, private_key, public_jwk
from tests.integration.admin_api.forging import encoded, forged
from tests.integration.admin_api.oidc_case import configure, issuer, send

__all__ = ["issuer"]


def _ago(seconds: int) -> int:
    return int(time.time()) - seconds


def _pem(kind: str) -> str:
    public: bytes = private_key(kind).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public.decode()


def _confused(it: FakeIssuer, key: str, algorithm: str = "HS256", kid: str = "rsa") -> str:
    """The public key, which everybody has, used as a shared one."""
    return forged(it.claims(), {"alg": algorithm, "typ": "JWT", "kid": kid}, key=key)


def _by_attacker(it: FakeIssuer, kid: str = "rsa", **header: object) -> str:
    """Right in all but the key, to which the header leads."""
    return jwt.encode(it.claims(), private_key("RSA", "attacker"), algorithm="RS256", headers={"kid": kid, **header})


def _swapped(it: FakeIssuer) -> str:
    header, _, signature = it.token().split(".")
    return f"{header}.{encoded(it.claims(permissions=['jobs.manage']))}.{signature}"


def _unsigned(it: FakeIssuer, header: object, signature: str = "") -> str:
    return f"{encoded(header)}.{encoded(it.claims())}.{signature}"


def _as(it: FakeIssuer, algorithm: str, stated: str, kid: str) -> str:
    """Signed by one algorithm of the key, said to be by another."""
    claims = it.claims()
    signing = jwt.get_algorithm_by_name(algorithm)
    kind = {"R": "RSA", "P": "RSA", "E": "EC"}[algorithm[0]]
    signed = f"{encoded({'alg': stated, 'kid': kid})}.{encoded(claims)}"
    return f"{signed}.{encoded(signing.sign(signed.encode(), private_key(kind)))}"


Attack = Callable[[FakeIssuer], str]
JWK = public_jwk("RSA", "attacker", kid="attacker")
ATTACKS: dict[str, Attack] = {
    # algorithm confusion
    "HS256 over the public key": lambda it: _confused(it, _pem("RSA")),
    "HS256 over the public key without its last line end": lambda it: _confused(it, _pem("RSA").rstrip()),
    "HS256 over the JWK": lambda it: _confused(it, json.dumps(it.keys[0])),
    "HS256 over the EC key": lambda it: _confused(it, _pem("EC"), kid="ec"),
    "HS256 over an empty key": lambda it: _confused(it, ""),
    "HS256 over our own key": lambda it: _confused(it, KEY),
    "HS256 over our own key, named as ours": lambda it: _confused(it, KEY, kid=tokens.key_id(KEY)),
    "HS256 said to be RS256": lambda it: _confused(it, _pem("RSA"), algorithm="RS256"),
    "algorithm none": lambda it: _unsigned(it, {"alg": "none", "kid": "rsa"}),
    "algorithm none, capitalised": lambda it: _unsigned(it, {"alg": "NoNe", "kid": "rsa"}),
    "no algorithm": lambda it: _unsigned(it, {"kid": "rsa"}, "AAAA"),
    "algorithm not text": lambda it: _unsigned(it, {"alg": ["RS256"], "kid": "rsa"}, "AAAA"),
    "no signature": lambda it: _unsigned(it, {"alg": "RS256", "kid": "rsa"}),
    "ES256 over zeros": lambda it: _unsigned(it, {"alg": "ES256", "kid": "ec"}, encoded(bytes(64))),
    "RS512, which is not on the list": lambda it: _as(it, "RS512", "RS512", "rsa"),
    "PS256 said to be RS256": lambda it: _as(it, "PS256", "RS256", "rsa"),
    "RS256 said to be PS256": lambda it: _as(it, "RS256", "PS256", "rsa"),
    "ES256 with the RSA key's id": lambda it: it.token(algorithm="ES256", header={"kid": "rsa"}),
    "RS256 with the EC key's id": lambda it: it.token(header={"kid": "ec"}),
    # keys
    "another key under the issuer's id": lambda it: _by_attacker(it),
    "its key in the header": lambda it: _by_attacker(it, jwk=JWK),
    "its key in the header, by its own id": lambda it: _by_attacker(it, "attacker", jwk=JWK),
    "a set of keys elsewhere": lambda it: _by_attacker(it, "attacker", jku=f"{it.url}/attackers-keys"),
    "a certificate elsewhere": lambda it: _by_attacker(it, x5u=f"{it.url}/attackers-keys"),
    "a certificate in the header": lambda it: _by_attacker(it, x5c=["MIIB"]),
    "other claims under a good signature": _swapped,
    "no key id": lambda it: jwt.encode(it.claims(), private_key("RSA"), algorithm="RS256"),
    "a key id nobody has": lambda it: it.token(header={"kid": "nobody's"}),
    "a key id that is a path": lambda it: it.token(header={"kid": "../../../../dev/null"}),
    "a key id that is a URL": lambda it: it.token(header={"kid": f"{it.url}/attackers-keys"}),
    "a key id that is SQL": lambda it: it.token(header={"kid": "x' UNION SELECT 'key' --"}),
    "an empty key id": lambda it: it.token(header={"kid": ""}),
    "an endless key id": lambda it: it.token(header={"kid": "x" * 1_000}),
    "a key id that is a list": lambda it: f"{encoded({'alg': 'RS256', 'kid': ['rsa']})}.{encoded(it.claims())}.AAAA",
    "a critical extension nobody knows": lambda it: it.token(header={"crit": ["x"], "x": 1}),
    "an unencoded payload": lambda it: _unsigned(it, {"alg": "RS256", "kid": "rsa", "b64": False, "crit": ["b64"]}),
    # what it says
    "another issuer": lambda it: it.token(iss="https://issuer.example.com"),
    "the issuer with a slash": lambda it: it.token(iss=f"{it.url}/"),
    "the issuer in capitals": lambda it: it.token(iss=it.url.upper()),
    "issuers in a list": lambda it: _swap_iss(it),
    "us as the issuer": lambda it: it.token(iss=tokens.ISSUER, aud=tokens.AUDIENCE),
    "no issuer": lambda it: it.token(iss=...),
    "another audience": lambda it: it.token(aud="billing-api"),
    "other audiences": lambda it: it.token(aud=["billing-api", "mail-api"]),
    "an audience that begins like ours": lambda it: it.token(aud=AUDIENCE + "-2"),
    "no audience": lambda it: it.token(aud=...),
    "an empty audience": lambda it: it.token(aud=[]),
    "an audience that is no text": lambda it: it.token(aud=[AUDIENCE, 1]),
    "a token of another client, as Cognito makes them": lambda it: it.token(
        aud=..., token_use="access", client_id="another-client"
    ),
    "our client's id without being Cognito's": lambda it: it.token(aud=..., client_id=AUDIENCE),
    "our client's id beside another audience": lambda it: it.token(
        aud="billing-api", token_use="access", client_id=AUDIENCE
    ),
    "expired": lambda it: it.token(iat=_ago(600), exp=_ago(60)),
    "not valid yet": lambda it: it.token(nbf=_ago(-120)),
    "issued in the future": lambda it: it.token(iat=_ago(-120)),
    "without exp": lambda it: it.token(exp=...),
    "without iat": lambda it: it.token(iat=...),
    "without sub": lambda it: it.token(sub=...),
    "exp not a number": lambda it: _by_issuer(it, exp="tomorrow"),
    "sub a number": lambda it: _by_issuer(it, sub=1),
    "sub empty": lambda it: it.token(sub=""),
    "sub with a control character": lambda it: it.token(sub="a\x00b"),
    "sub endless": lambda it: it.token(sub="x" * 256),
    "permissions a number": lambda it: it.token(permissions=1),
    "permissions an object": lambda it: it.token(permissions={"jobs.view": True}),
    "permissions nested": lambda it: it.token(permissions=[["jobs.view"]]),
    "larger than 8 KB": lambda it: it.token(padding="x" * 8_192),
    # other tokens of the issuer
    "an ID token": lambda it: it.token(aud=CLIENT_ID, nonce="n"),
    "an ID token for our audience": lambda it: it.token(nonce="n"),
    "an ID token of a code flow": lambda it: it.token(at_hash="x"),
    "an ID token without a nonce": lambda it: it.token(aud=[CLIENT_ID, AUDIENCE]),
    "an ID token of Cognito": lambda it: it.token(token_use="id"),
    "an ID token of Keycloak": lambda it: it.token(typ="ID"),
    "a refresh token of Keycloak": lambda it: it.token(typ="Refresh"),
    "a logout token": lambda it: it.token(header={"typ": "logout+jwt"}),
    "a proof of possession": lambda it: it.token(header={"typ": "dpop+jwt"}),
    "a token bound to a key we cannot ask for": lambda it: it.token(cnf={"jkt": "x"}),
}


def _by_issuer(it: FakeIssuer, **changes: object) -> str:
    """Signed by the issuer with claims that PyJWT would not write."""
    signed = f"{encoded({'alg': 'RS256', 'kid': 'rsa'})}.{encoded(it.claims(**changes))}"
    return f"{signed}.{encoded(jwt.get_algorithm_by_name('RS256').sign(signed.encode(), private_key('RSA')))}"


def _swap_iss(it: FakeIssuer) -> str:
    return _by_issuer(it, iss=[it.url])


def test_the_forgers_of_this_table_can_make_valid_tokens(api: Api, issuer: FakeIssuer) -> None:
    for good in (_by_issuer(issuer), _as(issuer, "RS256", "RS256", "rsa"), issuer.token()):
        assert send(api, good).status == 200


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_bad_token_of_the_issuer_is_refused_and_not_told_why(offline: Api, issuer: FakeIssuer, attack: str) -> None:
    issuer.answers["/attackers-keys"] = (200, json.dumps({"keys": [JWK]}).encode())
    plain = offline("GET", f"{BASE}/jobs", headers={})
    answer = send(offline, ATTACKS[attack](issuer))
    assert (answer.status, answer.code) == (401, "auth_not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert {**answer.json, "requestId": ""} == {**plain.json, "requestId": ""}
    assert issuer.asked["/attackers-keys"] == 0


def test_every_attack_of_this_table_is_documented_and_no_other() -> None:
    listed = (PROJECT / "docs" / "oidc.md").read_text().partition("| Attack | Cases |\n|---|---|\n")[2]
    cases = [case for row in listed.splitlines() for case in row.split(" | ")[1].removesuffix(" |").split("; ")]
    assert cases == list(ATTACKS)


WRONG_KEYS = {
    "a shared one": {"kty": "oct", "kid": "rsa", "k": encoded(KEY.encode()), "alg": "HS256"},
    "for encryption": public_jwk("RSA", kid="rsa", use="enc"),
    "for signing only": public_jwk("RSA", kid="rsa", key_ops=["sign"]),
    "for another algorithm": public_jwk("RSA", kid="rsa", alg="RS512"),
    "without an id": public_jwk("RSA"),
    "no object": "rsa",
    "broken": {"kty": "RSA", "kid": "rsa", "n": "!", "e": "AQAB"},
}


@pytest.mark.parametrize("wrong", WRONG_KEYS)
def test_a_key_that_is_not_for_verifying_verifies_nothing_and_does_not_disturb_others(
    api: Api, issuer: FakeIssuer, wrong: str
) -> None:
    issuer.keys = [WRONG_KEYS[wrong], *issuer.keys[1:]]  # type: ignore[list-item]
    assert send(api, _confused(issuer, KEY)).status == 401
    assert send(api, issuer.token()).status == 401
    assert send(api, issuer.token(algorithm="ES256")).status == 200


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_an_rsa_key_that_is_too_short_verifies_nothing(api: Api, issuer: FakeIssuer) -> None:
    issuer.keys.append(public_jwk("weak", kid="weak"))
    weak = jwt.encode(issuer.claims(), private_key("weak"), algorithm="RS256", headers={"kid": "weak"})
    assert send(api, weak).status == 401
    assert send(api, issuer.token()).status == 200


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
def test_a_token_of_any_algorithm_on_the_list_gets_in(api: Api, issuer: FakeIssuer, algorithm: str) -> None:
    assert send(api, issuer.token(algorithm=algorithm)).status == 200


ACCESS_TOKENS: dict[str, Attack] = {
    "one of several audiences": lambda it: it.token(aud=["billing-api", AUDIENCE]),
    "as RFC 9068 has it": lambda it: it.token(header={"typ": "at+jwt"}),
    "as Cognito makes them": lambda it: it.token(aud=..., token_use="access", client_id=AUDIENCE),
    "as Keycloak makes them": lambda it: it.token(aud=[AUDIENCE, "account"], typ="Bearer", azp="cli"),
    "as Keycloak made them, with a nonce": lambda it: it.token(typ="Bearer", nonce="n"),
    "a clock that is a few seconds behind": lambda it: it.token(iat=_ago(-5), nbf=_ago(-5)),
}


@pytest.mark.parametrize("kind", ACCESS_TOKENS)
def test_the_access_tokens_of_well_known_issuers_get_in(api: Api, issuer: FakeIssuer, kind: str) -> None:
    assert send(api, ACCESS_TOKENS[kind](issuer)).status == 200


def test_a_token_carries_the_permissions_of_its_claim_and_no_other(api: Api, issuer: FakeIssuer) -> None:
    assert send(api, issuer.token(permissions=["jobs.view", "of another API"])).status == 200
    for nothing in ([], ..., ["jobs"], ["*"]):  # `*` only where a map says so
        answer = send(api, issuer.token(permissions=nothing))
        assert (answer.status, answer.code) == (403, "auth_insufficient_permissions")


MAPS: dict[str, tuple[str, dict[str, Any]]] = {
    "groups": ("cognito:groups", {"cognito:groups": ["admins", "staff"]}),
    "a path": ("realm_access.roles", {"realm_access": {"roles": ["admins"]}}),
    "a name with dots": ("https://example.com/roles", {"https://example.com/roles": ["admins"]}),
    "scopes": ("scope", {"scope": "openid admins"}),
}


@pytest.mark.parametrize("kind", MAPS)
def test_what_a_claim_grants_is_a_setting(
    api: Api, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    claim, claims = MAPS[kind]
    grants = json.dumps({"admins": ["jobs.view"], "owners": ["*"]})
    configure(monkeypatch, OIDC_PERMISSIONS_CLAIM=claim, OIDC_PERMISSIONS_MAP=grants)
    assert send(api, issuer.token(permissions=..., **claims)).status == 200
    assert send(api, issuer.token()).status == 403  # the other claim counts for nothing now


def test_a_claim_can_lead_to_a_role_which_permits_what_it_does_now(
    api: Api, issuer: FakeIssuer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, OIDC_PERMISSIONS_CLAIM="groups", OIDC_PERMISSIONS_MAP='{"staff": "viewer", "x": "no-role"}')
    token = issuer.token(groups=["staff"])
    assert send(api, token).status == 200
    connection.execute("DELETE FROM lamplighter.role_permission WHERE role = 'viewer'")
    assert send(api, token).status == 403
    assert send(api, issuer.token(groups=["x"])).status == 403


def test_the_audit_names_who_the_issuer_vouches_for_so_that_nobody_local_can_be_meant(
    api: Api, issuer: FakeIssuer, deployed: Connection
) -> None:
    people: dict[str, dict[str, Any]] = {
        "oidc:ada@example.com (user-1)": {"email": "ada@example.com", "email_verified": True},
        "oidc:user-1": {"email": "ada@example.com"},  # says they
        "oidc:ada (user-1)": {"preferred_username": "ada"},
        f"oidc:{hashlib.sha256(b'ada (user-1)').hexdigest()[:32]}": {"sub": "ada (user-1)"},
    }
    names = []
    for claims in people.values():
        token = issuer.token(permissions=["jobs.manage"], **claims)
        assert send(api, token, f"{BASE}/jobs/cleanup/pause", "POST").status == 204
        assert send(api, token, f"{BASE}/jobs/cleanup/resume", "POST").status == 204
        row = deployed.execute("SELECT actor FROM lamplighter.audit ORDER BY id DESC LIMIT 1").fetchone()
        assert row is not None
        names.append(row[0])
    assert names == list(people)


def test_somebody_disabled_here_is_out_with_the_issuers_tokens_too(
    api: Api, issuer: FakeIssuer, connection: Connection
) -> None:
    connection.execute(
        "INSERT INTO lamplighter.user (name, oidc_issuer, oidc_subject, created_by, is_disabled) "
        "VALUES ('oidc:user-1', %s, 'user-1', 'test', true)",
        (issuer.url,),
    )
    assert send(api, issuer.token()).status == 401
    assert send(api, issuer.token(sub="user-2")).status == 200


def test_our_own_tokens_stay_good_beside_an_issuers_also_while_it_is_away(api: Api, issuer: FakeIssuer) -> None:
    issuer.is_away = True
    assert api("GET", f"{BASE}/jobs", permissions=("jobs.view",)).status == 200
    assert issuer.asked.total() == 0


def test_without_an_issuer_or_an_audience_no_token_of_one_gets_in(
    offline: Api, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, OIDC_AUDIENCE=None)
    assert send(offline, issuer.token()).status == 401
    configure(monkeypatch, OIDC_ISSUER=None)
    assert send(offline, issuer.token()).status == 401


def test_a_wrong_setting_lets_nobody_in_with_the_issuers_tokens_and_says_whose_fault_it_is(
    offline: Api, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    configure(monkeypatch, OIDC_PERMISSIONS_MAP='{"admins": ["jobs.veiw"]}')
    assert send(offline, issuer.token()).code == "server_error"
    assert "'jobs.veiw', which is no permission" in caplog.text


def test_a_session_token_of_ours_is_never_taken_for_the_issuers(offline: Api, issuer: FakeIssuer) -> None:
    meant = tokens.SessionToken(user_id=uuid.uuid4(), session_id=uuid.uuid4())
    ours = tokens.sign_for_session(KEY, meant, now=datetime.now(UTC) - timedelta(hours=1))
    assert send(offline, ours).status == 401
    assert issuer.asked.total() == 0
