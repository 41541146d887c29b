"""Coming in, going out, and being sent to the login when the session has ended."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from functions.db.connection import Connection
from tests.browser.conftest import Open
from tests.browser.site import PASSWORD


def log_in(page: Page, name: str = "ada", password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_who_is_not_logged_in_logs_in_and_gets_where_they_wanted(
    script: bool, read: Open, connection: Connection
) -> None:
    page = read(java_script_enabled=script)
    page.goto("/admin/jobs?search=clean")
    expect(page).to_have_url(re.compile(r"/admin/login\?next="))
    log_in(page)
    expect(page).to_have_url(re.compile(r"/admin/jobs\?search=clean$"))
    expect(page.get_by_role("link", name="cleanup", exact=True)).to_be_visible()


def test_a_wrong_password_is_said_and_the_name_stays(read: Open, connection: Connection) -> None:
    page = read(expected=(401, 403, 400))
    page.goto("/admin/login")
    log_in(page, password="not this one, surely")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("ada")
    expect(page.get_by_label("Password")).to_have_value("")


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/admin/", "/\\evil.example", "/elsewhere"])
def test_a_login_never_leads_to_another_site(target: str, read: Open, connection: Connection) -> None:
    page = read(expected=(404,))
    page.goto(f"/admin/login?next={target}")
    log_in(page)
    expect(page).to_have_url(re.compile(r"^http://127\.0\.0\.1:\d+/admin/$"))


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_who_logs_out_is_out(script: bool, read: Open, connection: Connection) -> None:
    page = read("ada", java_script_enabled=script)
    page.goto("/admin/jobs")
    page.get_by_role("button", name="log out").click()
    expect(page.get_by_text("Logged out.")).to_be_visible()
    page.goto("/admin/jobs")
    expect(page).to_have_url(re.compile(r"/admin/login"))


def test_a_page_that_is_open_when_the_session_ends_leads_to_the_login_and_back(
    read: Open, connection: Connection
) -> None:
    page = read("ada")
    page.goto("/admin/jobs/cleanup")
    connection.execute("UPDATE lamplighter.session SET expires_at = clock_timestamp()")
    expect(page).to_have_url(re.compile(r"/admin/login\?next="), timeout=5_000)
    log_in(page)
    expect(page).to_have_url(re.compile(r"/admin/jobs/cleanup$"))
