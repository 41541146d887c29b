"""Logging in at the issuer with a browser: from start to callback to a session, and every way to cheat in between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from chalicelib.oidc import attempt
from chalicelib.tokens import SigningKeys
from functions.db.connection import Connection
from tests.integration import people
from tests.integration.admin_api.api import BASE, KEY, Answer, Api
from tests.integration.admin_api.fake_issuer import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, FakeIssuer
from tests.integration.admin_api.forging import forged
from tests.integration.admin_api.oidc_case import configure, issuer

__all__ = ["issuer"]

OIDC = "/api/v1/auth/oidc"
COOKIE = "__Host-lamplighter-oidc-login"
SESSION = "__Host-lamplighter-session"
VIEWER = {"email": "ada@example.com", "email_verified": True, "permissions": ["jobs.view"]}


class Browser:
    """Keeps cookies, as browsers do."""

    def __init__(self, api: Api) -> None:
        self.cookies: dict[str, str] = {}
        self._api = api

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers}
        answer = self._api(method, path, headers=sent)
        for line in [*answer.cookies, answer.headers.get("Set-Cookie", "")]:
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        self.cookies = {name: value for name, value in self.cookies.items() if value}
        return answer

    def start(self, query: str = "") -> str:
        """The issuer's address."""
        answer = self.get(f"{OIDC}/start{query}")
        assert answer.status == 302, answer.body
        return answer.headers["Location"]

    def come_back(self, query: str) -> Answer:
        return self.get(f"{OIDC}/callback?{query}")


@pytest.fixture
def browser(api: Api) -> Browser:
    return Browser(api)


def test_somebody_the_issuer_vouches_for_gets_a_session_with_what_the_claims_grant(
    browser: Browser, issuer: FakeIssuer, connection: Connection
) -> None:
    issuer.id_claims = VIEWER
    answer = browser.come_back(issuer.authorize(browser.start("?returnTo=/jobs%3Fstate=paused")))
    assert (answer.status, answer.headers["Location"]) == (302, "/jobs?state=paused")
    assert browser.cookies.keys() == {SESSION}
    me = browser.get("/api/v1/auth/me").json
    assert me["name"] == "oidc:ada@example.com (user-1)"
    assert me["permissions"] == ["jobs.view"]
    assert browser.get(f"{BASE}/jobs").status == 200
    assert browser.get("/api/v1/auth/logout", "POST", **{"Sec-Fetch-Site": "same-origin"}).status == 204
    assert browser.get(f"{BASE}/jobs").status == 401


def test_the_session_ends_after_a_day_of_work_and_its_cookies_are_for_this_host_and_no_script(
    browser: Browser, issuer: FakeIssuer, connection: Connection
) -> None:
    start = browser.get(f"{OIDC}/start")
    back = browser.come_back(issuer.authorize(start.headers["Location"]))
    for line in (start.headers["Set-Cookie"], *back.cookies):
        assert line.startswith("__Host-")
        assert {"Path=/", "Secure", "HttpOnly", "SameSite=Lax"} <= set(line.split("; "))
    row = connection.execute("SELECT expires_at - created_at FROM lamplighter.session").fetchone()
    assert row is not None
    assert abs(row[0] - timedelta(hours=8)) < timedelta(minutes=1)


def test_what_goes_to_the_issuer_is_pkce_and_no_secret(browser: Browser, issuer: FakeIssuer) -> None:
    address = urlsplit(browser.start())
    asked = parse_qs(address.query)
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{issuer.url}/authorize"
    assert asked["tenant"] == ["1"]  # the issuer's own
    assert (asked["client_id"], asked["redirect_uri"]) == ([CLIENT_ID], [REDIRECT_URI])
    assert asked["scope"] == ["openid email profile"]
    begun = attempt.unsealed(browser.cookies[COOKIE], SigningKeys(KEY), now=datetime.now(UTC))
    kept = [begun.verifier, begun.secret, CLIENT_SECRET]
    assert not any(value in address.query for value in kept)
    assert begun.verifier not in browser.cookies[COOKIE]
    assert len({begun.state, begun.nonce, begun.verifier, begun.secret}) == 4


def test_two_logins_share_nothing(browser: Browser, issuer: FakeIssuer) -> None:
    first, second = (parse_qs(urlsplit(browser.start()).query) for _ in range(2))
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]


@pytest.mark.parametrize("methods", [None, ["client_secret_basic"], ["client_secret_post"], ["private_key_jwt"]])
def test_the_secret_is_sent_as_the_issuer_takes_it(
    browser: Browser, issuer: FakeIssuer, methods: list[str] | None
) -> None:
    issuer.discovery = {"token_endpoint_auth_methods_supported": methods}
    assert browser.come_back(issuer.authorize(browser.start())).status == 302
    assert (issuer.forms[0].get("client_secret") == CLIENT_SECRET) == (methods == ["client_secret_post"])


def test_a_client_without_a_secret_can_log_people_in(
    browser: Browser, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(monkeypatch, OIDC_CLIENT_SECRET=None)
    assert browser.come_back(issuer.authorize(browser.start())).status == 302
    assert issuer.forms[0]["client_id"] == CLIENT_ID


def _other_browsers_cookie(browser: Browser) -> None:
    """As if an attacker had sent somebody the end of a login of their own."""
    browser.cookies = {}


CHEATS: dict[str, Callable[[Browser, FakeIssuer], Answer]] = {
    "a browser that began none": lambda b, it: _cheat(b, it, _other_browsers_cookie),
    "a cookie of another login": lambda b, it: _cheat(b, it, _begin_another),
    "a changed cookie": lambda b, it: _cheat(b, it, lambda browser: _replace(browser, lambda old: f"x{old}")),
    "a cookie cut short": lambda b, it: _cheat(b, it, lambda browser: _replace(browser, lambda old: old[:-3])),
    "a cookie made up": lambda b, it: _cheat(b, it, lambda browser: _replace(browser, lambda _: "a.b.c.d")),
    "a cookie that is not ASCII": lambda b, it: _cheat(b, it, lambda browser: _replace(browser, lambda _: "é.é")),
    "a cookie sealed with another key": lambda b, it: _cheat(
        b, it, lambda browser: _replace(browser, lambda _: _sealed("another deployment's key, also long enough"))
    ),
    "a login that took too long": lambda b, it: _cheat(
        b, it, lambda browser: _replace(browser, lambda _: _sealed(KEY, begun_ago=timedelta(minutes=11)))
    ),
    "no state": lambda b, it: b.come_back(it.authorize(b.start(), state=None)),
    "another state": lambda b, it: b.come_back(it.authorize(b.start(), state="x")),
    "two states": lambda b, it: b.come_back(it.authorize(b.start()) + "&state=x"),
    "no code": lambda b, it: b.come_back(it.authorize(b.start(), code=None)),
    "a code made up": lambda b, it: b.come_back(it.authorize(b.start(), code="made-up")),
    "an endless code": lambda b, it: b.come_back(it.authorize(b.start(), code="x" * 4_001)),
    "two codes": lambda b, it: b.come_back(it.authorize(b.start()) + "&code=x"),
    "another issuer's answer": lambda b, it: b.come_back(it.authorize(b.start(), iss="https://issuer.example.com")),
    "an answer of nobody, where the issuer names itself": lambda b, it: b.come_back(it.authorize(b.start(), iss=None)),
    "nothing at all": lambda b, it: b.get(f"{OIDC}/callback"),
    "a code of another login": lambda b, it: _code_of_another_login(b, it),
}


def _cheat(browser: Browser, it: FakeIssuer, change: Callable[[Browser], None]) -> Answer:
    query = it.authorize(browser.start())
    change(browser)
    return browser.come_back(query)


def _begin_another(browser: Browser) -> None:
    browser.start()


def _replace(browser: Browser, change: Callable[[str], str]) -> None:
    browser.cookies[COOKIE] = change(browser.cookies[COOKIE])


def _sealed(key: str, begun_ago: timedelta = timedelta()) -> str:
    return attempt.begin(key, return_to="/", now=datetime.now(UTC) - begun_ago).sealed()


def _code_of_another_login(browser: Browser, it: FakeIssuer) -> Answer:
    """Code injection: the attacker's own state, somebody else's code. PKCE is what stops it (RFC 9700 §4.5)."""
    stolen = parse_qs(it.authorize(browser.start()))["code"][0]
    return browser.come_back(it.authorize(browser.start(), code=stolen))


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_callback_that_does_not_end_the_login_this_browser_began_lets_nobody_in(
    browser: Browser, issuer: FakeIssuer, connection: Connection, cheat: str
) -> None:
    answer = CHEATS[cheat](browser, issuer)
    assert (answer.status, answer.code) == (400, "auth_oidc_login_failed")
    _check_nobody_is_in(browser, connection)


def _check_nobody_is_in(browser: Browser, connection: Connection) -> None:
    assert SESSION not in browser.cookies
    assert connection.execute("SELECT FROM lamplighter.session").fetchone() is None
    assert connection.execute("SELECT FROM lamplighter.user").fetchone() is None


ID_TOKENS: dict[str, dict[str, Any]] = {
    "of another client": {"aud": "another"},
    "of another client too, which it was made for": {"aud": [CLIENT_ID, "another"], "azp": "another"},
    "of another client too, and nobody says for whom": {"aud": [CLIENT_ID, "another"]},
    "for us, made for another": {"azp": "another"},
    "of another login": {"nonce": "another"},
    "without a nonce": {"nonce": ...},
    "of another issuer": {"iss": "https://issuer.example.com"},
    "expired": {"exp": 1_700_000_000, "iat": 1_699_999_000},
    "without a subject": {"sub": ...},
    "an access token of Cognito": {"token_use": "access"},
    "an access token of Keycloak": {"typ": "Bearer"},
    "an access token of RFC 9068": {"header": {"typ": "at+jwt"}},
    "signed with a key nobody has": {"header": {"kid": "nobody's"}},
}


@pytest.mark.parametrize("kind", ID_TOKENS)
def test_an_id_token_that_is_not_for_this_login_lets_nobody_in(
    browser: Browser, issuer: FakeIssuer, connection: Connection, kind: str
) -> None:
    issuer.id_claims = ID_TOKENS[kind]
    answer = browser.come_back(issuer.authorize(browser.start()))
    assert (answer.status, answer.code) == (400, "auth_oidc_login_failed")
    _check_nobody_is_in(browser, connection)


def test_an_id_token_signed_with_the_clients_secret_or_not_at_all_lets_nobody_in(
    browser: Browser, issuer: FakeIssuer, connection: Connection
) -> None:
    for make in (_by_secret, _unsigned):
        location = browser.start()
        nonce = parse_qs(urlsplit(location).query)["nonce"][0]
        issuer.id_token = make(issuer.claims(aud=CLIENT_ID, nonce=nonce))
        assert browser.come_back(issuer.authorize(location)).code == "auth_oidc_login_failed"
    _check_nobody_is_in(browser, connection)


def _by_secret(claims: object) -> str:
    return forged(claims, {"alg": "HS256", "kid": "rsa"}, key=CLIENT_SECRET)


def _unsigned(claims: object) -> str:
    return forged(claims, {"alg": "none", "kid": "rsa"}).rpartition(".")[0] + "."


def test_an_id_token_made_for_us_among_others_is_taken(browser: Browser, issuer: FakeIssuer) -> None:
    issuer.id_claims = {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}
    assert browser.come_back(issuer.authorize(browser.start())).status == 302


def test_a_callback_works_once_even_if_the_issuer_would_take_the_code_again(
    browser: Browser, issuer: FakeIssuer, connection: Connection
) -> None:
    query, kept = issuer.authorize(browser.start()), dict(browser.cookies)
    asked = dict(issuer.codes)
    assert browser.come_back(query).status == 302
    browser.cookies, issuer.codes = kept, asked
    answer = browser.come_back(query)
    assert (answer.status, answer.code) == (400, "auth_oidc_login_failed")
    assert SESSION not in browser.cookies
    assert connection.execute("SELECT count(*) FROM lamplighter.session").fetchone() == (1,)


def test_an_issuer_that_does_not_name_itself_need_not(browser: Browser, issuer: FakeIssuer) -> None:
    issuer.discovery = {"authorization_response_iss_parameter_supported": False}
    assert browser.come_back(issuer.authorize(browser.start(), iss=None)).status == 302


def test_what_the_issuer_refuses_is_said_in_its_word_and_nothing_else_of_the_address(
    browser: Browser, issuer: FakeIssuer
) -> None:
    for error, said in (("access_denied", "access_denied"), ("<script>", "an error")):
        told = {"code": None, "error": error, "error_description": "call 555-0100"}
        answer = browser.come_back(issuer.authorize(browser.start(), **told))
        assert answer.code == "auth_oidc_login_failed"
        assert f"'{said}'" in answer.json["detail"]
        assert "555-0100" not in answer.body  # a request id has three fives now and then


ELSEWHERE = [
    "https://evil.example.com/",
    "//evil.example.com",
    "/\\evil.example.com",
    "/\t/evil.example.com",
    "\\/evil.example.com",
    "evil.example.com",
    "javascript:alert(1)",
    "",
    "/x\n",
    "/x\r\nSet-Cookie: a=b",
    "/é",
    "/" + "x" * 500,
]


@pytest.mark.parametrize("return_to", ELSEWHERE)
def test_after_a_login_nobody_is_sent_elsewhere(offline: Api, issuer: FakeIssuer, return_to: str) -> None:
    answer = offline("GET", f"{OIDC}/start?{urlencode({'returnTo': return_to})}", headers={})
    assert (answer.status, answer.code) == (400, "validation_failed")


@pytest.mark.parametrize("return_to", ["/", "/jobs", "/jobs/a.b_c-1?tab=logs&x=%2F%2Fhost", "/a//b", "/?next=//host"])
def test_a_path_of_ours_is_come_back_to(browser: Browser, issuer: FakeIssuer, return_to: str) -> None:
    answer = browser.come_back(issuer.authorize(browser.start(f"?{urlencode({'returnTo': return_to})}")))
    assert answer.headers["Location"] == return_to


def test_a_second_login_is_the_same_user_by_the_name_they_have_now(
    browser: Browser, issuer: FakeIssuer, connection: Connection
) -> None:
    for email in ("ada@example.com", "ada@example.org"):
        issuer.id_claims = {**VIEWER, "email": email}
        assert browser.come_back(issuer.authorize(browser.start())).status == 302
    rows = connection.execute("SELECT name, password_hash FROM lamplighter.user").fetchall()
    assert rows == [("oidc:ada@example.org (user-1)", None)]
    made = connection.execute("SELECT count(*) FROM lamplighter.audit WHERE action = 'users.create'").fetchone()
    assert made == (1,)
    token = issuer.token(permissions=["jobs.manage"])
    assert (
        browser._api("GET", "/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"}).json["name"] == rows[0][0]
    )


def test_roles_of_the_claims_and_roles_given_here_add_up_and_count_as_they_are_now(
    browser: Browser, issuer: FakeIssuer, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    people.role(connection, "pauser", "jobs.pause")
    configure(monkeypatch, OIDC_PERMISSIONS_CLAIM="groups", OIDC_PERMISSIONS_MAP='{"staff": "viewer", "x": "no-role"}')
    issuer.id_claims = {"groups": ["staff", "x"]}
    browser.come_back(issuer.authorize(browser.start()))
    connection.execute("INSERT INTO lamplighter.user_role SELECT id, 'pauser' FROM lamplighter.user")
    me = browser.get("/api/v1/auth/me").json
    assert (sorted(me["permissions"]), me["roles"]) == (["jobs.pause", "jobs.view"], ["pauser", "viewer"])
    connection.execute("DELETE FROM lamplighter.role WHERE name = 'viewer'")
    assert browser.get("/api/v1/auth/me").json["permissions"] == ["jobs.pause"]


@pytest.mark.parametrize("grant", ['"admin"', '["users.manage", "jobs.view"]'])
def test_what_the_claims_grant_can_be_given_on_and_nothing_more(
    browser: Browser, issuer: FakeIssuer, connection: Connection, monkeypatch: pytest.MonkeyPatch, grant: str
) -> None:
    configure(monkeypatch, OIDC_PERMISSIONS_CLAIM="groups", OIDC_PERMISSIONS_MAP=f'{{"it": {grant}}}')
    issuer.id_claims = {"groups": ["it"]}
    browser.come_back(issuer.authorize(browser.start()))
    assert _make_user(browser, "bob", "viewer") == 201
    assert _make_user(browser, "eve", "admin") == (201 if grant == '"admin"' else 403)


def _make_user(browser: Browser, name: str, role: str) -> int:
    cookie = f"{SESSION}={browser.cookies[SESSION]}"
    sent = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
    answer = browser._api("POST", f"{BASE}/users", headers=sent, json_body={"name": name, "roles": [role]})
    return answer.status


def test_somebody_disabled_here_is_out_at_once_and_does_not_get_in_again(
    browser: Browser, issuer: FakeIssuer, connection: Connection
) -> None:
    issuer.id_claims = VIEWER
    browser.come_back(issuer.authorize(browser.start()))
    connection.execute("UPDATE lamplighter.user SET is_disabled = true")
    assert browser.get(f"{BASE}/jobs").status == 401
    answer = browser.come_back(issuer.authorize(browser.start()))
    assert (answer.status, answer.code) == (400, "auth_oidc_login_failed")


def test_while_the_issuer_is_away_nobody_begins_and_nobody_ends_a_login(
    browser: Browser, issuer: FakeIssuer, connection: Connection
) -> None:
    query = issuer.authorize(browser.start())
    issuer.answers["/token"] = (503, b"{}")
    assert browser.come_back(query).code == "auth_issuer_unavailable"
    _check_nobody_is_in(browser, connection)


@pytest.mark.parametrize("said", [b"{}", b"<html>", b"[]", b'{"id_token": 1}'])
def test_a_token_endpoint_that_talks_nonsense_lets_nobody_in(
    browser: Browser, issuer: FakeIssuer, connection: Connection, said: bytes
) -> None:
    issuer.answers["/token"] = (200, said)
    answer = browser.come_back(issuer.authorize(browser.start()))
    assert answer.code in ("auth_oidc_login_failed", "auth_issuer_unavailable")
    _check_nobody_is_in(browser, connection)


@pytest.mark.parametrize("path", ["/start", "/callback?code=x&state=x"])
def test_without_a_client_there_is_no_login_at_the_issuer(
    offline: Api, issuer: FakeIssuer, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    configure(monkeypatch, OIDC_CLIENT_ID=None, OIDC_REDIRECT_URI=None)
    assert offline("GET", f"{OIDC}/start", headers={}).code == "auth_oidc_not_configured"
    configure(monkeypatch, OIDC_ISSUER=None)
    answer = offline("GET", f"{OIDC}{path}", headers={})
    assert (answer.status, answer.code) == (404, "auth_oidc_not_configured")


def test_an_elliptic_key_signs_a_login_as_well(browser: Browser, issuer: FakeIssuer) -> None:
    location = browser.start()
    nonce = parse_qs(urlsplit(location).query)["nonce"][0]
    issuer.id_token = issuer.token(algorithm="ES256", aud=CLIENT_ID, nonce=nonce)
    assert browser.come_back(issuer.authorize(location)).status == 302
