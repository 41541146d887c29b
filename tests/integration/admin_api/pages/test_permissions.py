"""Every page there is lets in who holds its permission, whatever else others hold; and nobody who is not logged in."""

from __future__ import annotations

import re

import pytest

from app import app
from chalicelib import permissions
from chalicelib.pages.page import Page
from functions.db.connection import Connection
from tests.integration.admin_api.api import token
from tests.integration.admin_api.pages.browser import Browser

PAGES = {
    (method, path): entry.view_function
    for path, methods in app.routes.items()
    for method, entry in methods.items()
    if isinstance(entry.view_function, Page) and not entry.view_function._is_open
}
GUARDED = sorted(route for route, page in PAGES.items() if page.contract.permission is not None)
# What is for everybody who is logged in, whoever that is.
FOR_ALL = {
    "/admin",
    "/admin/account",
    "/admin/account/password",
    "/admin/logout",
    "/admin/roles",
    "/admin/roles/{role_name}",
}


# What shows jobs, too.
NEEDS_TOO = {"/admin/one-time/new": "jobs.view"}


def filled(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "00000000-0000-0000-0000-000000000000", path)


def look(browser: Browser, method: str, path: str) -> int:
    return browser.post(path).status if method == "POST" else browser.get(path, method).status


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_who_holds_all_but_the_permission_is_refused(nobody: Browser, method: str, path: str) -> None:
    needed = str(PAGES[method, path].contract.permission)
    others = [name for name in permissions.DESCRIPTIONS if not permissions.grants({name}, needed)]
    nobody.headers = {"Authorization": f"Bearer {token(*others)}"}
    assert look(nobody, method, filled(path)) == 403
    nobody.headers = {"Authorization": f"Bearer {token(needed, NEEDS_TOO.get(path, needed))}"}
    assert look(nobody, method, filled(path)) != 403


@pytest.mark.parametrize(("method", "path"), sorted(PAGES))
def test_who_is_not_logged_in_is_led_to_the_login(nobody: Browser, method: str, path: str) -> None:
    answer = nobody.post(filled(path)) if method == "POST" else nobody.get(filled(path), method)
    assert (answer.status, answer.location.partition("?")[0]) == (303, "/admin/login")


def test_what_needs_no_permission_is_written_down(connection: Connection) -> None:
    unguarded = {path for (_, path), page in PAGES.items() if page.contract.permission is None}
    assert unguarded == FOR_ALL
