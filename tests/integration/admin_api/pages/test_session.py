"""Logging in and out, sessions that end, refusals, errors: what a page says, and where it leads."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib import rate_limit
from functions.db.connection import Connection
from functions.settings import settings
from tests.integration.admin_api.api import Api
from tests.integration.admin_api.logins import PASSWORD, add_user
from tests.integration.admin_api.pages.browser import Browser

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def test_who_is_not_logged_in_is_led_to_the_login_and_back(nobody: Browser, connection: Connection) -> None:
    add_user(connection, "ada", "admin")
    first = nobody.get("/admin/audit?actor=ada")
    assert (first.status, first.location) == (303, "/admin/login?next=%2Fprod%2Fadmin%2Faudit%3Factor%3Dada")
    login = nobody.get(first.location)
    assert "Your session has ended" not in login.text
    done = nobody.post("/admin/login", {"name": "ada", "password": PASSWORD, "next": login.hidden("next")})
    assert (done.status, done.location) == (303, "/admin/audit?actor=ada")
    assert nobody.get(done.location).status == 200


def test_a_session_that_ended_says_so_and_a_form_leads_back_to_its_page(ada: Browser, connection: Connection) -> None:
    connection.execute("UPDATE lamplighter.session SET revoked_at = clock_timestamp(), revoked_for = 'test'")
    answer = ada.post("/admin/account/password", {}, Referer="https://x.example/prod/admin/account")
    assert (answer.status, answer.location) == (303, "/admin/login?next=%2Fprod%2Fadmin%2Faccount&done=session_ended")
    assert "Your session has ended" in ada.get(answer.location).text
    elsewhere = ada.post("/admin/account/password", {}, Referer="https://evil.example/")
    assert elsewhere.location == "/admin/login?done=session_ended"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/prod/admin/", "/prod/other", "/admin/jobs"]
)
def test_a_login_leads_to_no_other_site(nobody: Browser, connection: Connection, target: str) -> None:
    add_user(connection, "ada", "admin")
    assert nobody.post("/admin/login", {"name": "ada", "password": PASSWORD, "next": target}).location == "/admin/"
    assert nobody.get(f"/admin/login?next={target}").location == "/admin/"


def test_a_wrong_password_is_401_and_keeps_the_name(nobody: Browser, connection: Connection) -> None:
    add_user(connection, "ada", "admin")
    answer = nobody.post(
        "/admin/login", {"name": '"><script>', "password": "not it at all", "next": "/prod/admin/plan"}
    )
    assert answer.status == 401
    assert "Name or password is wrong" in answer.text
    assert 'value="&#34;&gt;&lt;script&gt;"' in answer.body
    assert "not it at all" not in answer.body
    assert answer.hidden("next") == "/prod/admin/plan"


def test_too_many_wrong_passwords_are_429_and_count_down(nobody: Browser, connection: Connection) -> None:
    add_user(connection, "ada", "admin")
    for _ in range(30):
        answer = nobody.post("/admin/login", {"name": "ada", "password": "wrong wrong wrong"})
        if answer.status == 429:
            break
    assert answer.status == 429
    seconds = answer.headers["Retry-After"]
    assert f'data-cooldown="{seconds}"' in answer.body
    assert f"It works again in {seconds} s." in answer.text


def test_another_sites_form_logs_nobody_in(nobody: Browser, connection: Connection) -> None:
    add_user(connection, "ada", "admin")
    answer = nobody.post("/admin/login", {"name": "ada", "password": PASSWORD}, **{"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert nobody.cookies == {}


def test_logging_out_ends_the_session(ada: Browser) -> None:
    answer = ada.post("/admin/logout")
    assert (answer.status, answer.location) == (303, "/admin/login?done=logged_out")
    assert "Logged out." in ada.get(answer.location).text
    assert ada.get("/admin").location.startswith("/admin/login")


def have_an_issuer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "OIDC_ISSUER": "https://issuer.example", "OIDC_CLIENT_ID": "us",
        "OIDC_REDIRECT_URI": "https://jobs.example/api/v1/auth/oidc/callback",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    settings.cache_clear()


def test_where_there_is_an_issuer_the_login_offers_it(nobody: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "organisation" not in nobody.get("/admin/login").text
    have_an_issuer(monkeypatch)
    start = "/prod/api/v1/auth/oidc/start?returnTo="
    assert f'href="{start}%2Fprod%2Fadmin%2F"' in nobody.get("/admin/login").body
    assert f'href="{start}%2Fprod%2Fadmin%2Fplan"' in nobody.get("/admin/login?next=/prod/admin/plan").body


def test_a_login_at_the_issuer_that_fails_ends_on_the_login_page(
    nobody: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    have_an_issuer(monkeypatch)
    callback = "/api/v1/auth/oidc/callback?state=x&error=access_denied"
    answer = nobody.get(callback, Accept="text/html,application/xhtml+xml")
    assert (answer.status, answer.location) == (302, "/admin/login?failed=auth_oidc_login_failed")
    assert "The login at your organisation did not work" in nobody.get(answer.location).text
    assert "alert" not in nobody.get("/admin/login?failed=%3Cscript%3Ealert%3C/script%3E").text


def test_too_many_changes_are_429_with_what_was_typed_and_count_down(ada: Browser, connection: Connection) -> None:
    fields = {
        "name": "night shift!",
        "description": "typed <b>with</b> care",
        "permissions": ["jobs.view", "audit.view"],
    }
    for _ in range(rate_limit.LIMIT + 1):
        answer = ada.post("/admin/roles/new", fields)
        if answer.status == 429:
            break
        assert answer.status == 400
    assert answer.status == 429
    assert f'data-cooldown="{answer.headers["Retry-After"]}"' in answer.body
    assert "too many changes in a minute" in answer.text
    assert 'value="typed &lt;b&gt;with&lt;/b&gt; care"' in answer.body
    assert answer.body.count(" checked") == 2


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_at_an_unknown_address(nobody: Browser, method: str) -> None:
    answer = nobody.get("/admin/nothing/here", method, **{"Sec-Fetch-Site": "same-origin"})
    assert answer.status == 404
    assert "Nothing is at this address." in answer.text


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/admin/jobs", "GET, HEAD"),
        ("PUT", "/admin/jobs/cleanup/pause", "GET, HEAD, POST"),
        ("GET", "/admin/logout", "POST"),
        ("OPTIONS", "/admin/audit/", "GET, HEAD"),
        ("DELETE", "/admin/static/lamp.svg", "GET, HEAD"),
    ],
)
def test_another_method_of_a_page_is_405_and_names_those_there_are(
    nobody: Browser, method: str, path: str, allowed: str
) -> None:
    answer = nobody.get(path, method, **{"Sec-Fetch-Site": "same-origin"})
    assert (answer.status, answer.headers["Allow"]) == (405, allowed)
    assert "Not in this way" in answer.text
    assert f"{method} is not possible here: use {allowed}" in answer.text


def test_who_is_logged_in_keeps_the_menu_on_an_error_page(ada: Browser) -> None:
    assert 'href="/prod/admin/jobs"' in ada.get("/admin/nothing").body
    assert 'href="/prod/admin/jobs"' in ada.get("/admin/users/nobody").body


def test_postgresql_away_is_a_page_that_tries_again(offline: Api) -> None:
    browser = Browser(offline._app, cookies={"__Host-lamplighter-session": "x" * 43})
    answer = browser.get("/admin/jobs")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert "PostgreSQL cannot be reached" in answer.text
    assert "data-retry" in answer.body
    assert 'href="/prod/admin/jobs"' in answer.body
    sent = browser.post("/admin/logout")
    assert sent.status == 503
    assert "data-retry" not in sent.body  # a form is sent again by who filled it in
    assert browser.get("/admin/login").status == 200


def test_a_form_that_is_not_permitted_shows_nothing_that_is_not_either(
    browser_of: Callable[..., Browser], deployed: Connection
) -> None:
    answer = browser_of("ann").post("/admin/jobs/cleanup/resume")
    assert answer.status == 403
    assert "cleanup" not in answer.text


@pytest.mark.parametrize("stage", [None, "prod", "admin", "admin-tools", "a/b"])
@pytest.mark.parametrize("path", ["/admin", "/admin/"])
def test_links_stay_below_whatever_stands_before_our_paths(
    browser_of: Callable[..., Browser], stage: str | None, path: str
) -> None:
    browser = browser_of("ada", "admin")
    browser.stage = stage
    shown, before = browser.get(path), f"/{stage}" if stage else ""
    assert shown.status == 200
    assert "<h1>Overview</h1>" in shown.body
    assert f'<a href="{before}/admin/" data-key="o" aria-current="page">' in shown.body
    assert f'href="{before}/admin/static/lamplighter.css' in shown.body
    assert (
        browser.get("/admin/roles/viewer").body.count(f'<a href="{before}/admin/roles" data-key="r" aria-current') == 1
    )


def test_a_stage_does_not_change_where_one_is_led(nobody: Browser) -> None:
    nobody.stage = "admin"
    assert (
        nobody.get("/admin/jobs/admin").headers["Location"] == "/admin/admin/login?next=%2Fadmin%2Fadmin%2Fjobs%2Fadmin"
    )
