"""Logging in at the organisation's issuer: over there and back, with PKCE, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from functions.db.connection import Connection
from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.integration.admin_api import fake_issuer
from tests.integration.admin_api.fake_issuer import CLIENT_ID, CLIENT_SECRET, FakeIssuer


@pytest.fixture
def issuer(site: Site, connection: Connection) -> Iterator[FakeIssuer]:
    """One that listens, and whom the site believes."""
    with (
        fake_issuer.running() as started,
        site.with_issuer(started.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET),
    ):
        started.id_claims = {"permissions": ["jobs.view"], "email": "grace@example.com", "email_verified": True}
        yield started


def go_to_the_issuer(page: Page) -> None:
    page.goto("/admin/jobs?search=clean")
    page.get_by_role("link", name="Log in with your organisation").click()
    expect(page).to_have_title("The issuer")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_who_is_let_in_gets_where_they_wanted_and_may_do_what_the_issuer_says(
    script: bool, read: Open, issuer: FakeIssuer
) -> None:
    page = read(java_script_enabled=script)
    go_to_the_issuer(page)
    page.get_by_role("link", name="Allow").click()
    expect(page).to_have_url(re.compile(r"/admin/jobs\?search=clean$"))
    expect(page.get_by_role("link", name="cleanup", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Users")).to_have_count(0)
    assert [len(form["code_verifier"]) >= 43 for form in issuer.forms] == [True]  # RFC 7636 §4.1

    page.get_by_role("button", name="log out").click()
    expect(page.get_by_text("Logged out.")).to_be_visible()
    page.goto("/admin/jobs")
    expect(page).to_have_url(re.compile("/admin/login"))


def test_who_is_refused_over_there_is_told_and_can_try_again(read: Open, issuer: FakeIssuer) -> None:
    page = read()
    go_to_the_issuer(page)
    page.get_by_role("link", name="Deny").click()
    expect(page.get_by_role("alert")).to_contain_text("The login at your organisation did not work")
    assert issuer.forms == []
    page.get_by_role("link", name="Log in with your organisation").click()
    page.get_by_role("link", name="Allow").click()
    expect(page).to_have_url(re.compile("/admin/$"))


def test_an_issuer_that_is_away_is_said_on_the_login(read: Open, issuer: FakeIssuer) -> None:
    issuer.is_away = True
    page = read()
    page.goto("/admin/login")
    page.get_by_role("link", name="Log in with your organisation").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Name")).to_be_visible()
