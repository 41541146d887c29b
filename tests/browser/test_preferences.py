"""Language and theme: what the browser asks for, unless somebody chose otherwise, which is remembered."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from functions.db.connection import Connection
from tests.browser.conftest import Open

_GROUND = "getComputedStyle(document.documentElement).backgroundColor"
_LIGHT, _DARK = "rgb(246, 245, 242)", "rgb(21, 23, 27)"


@pytest.mark.parametrize(("locale", "title", "language"), [("cs-CZ", "Úlohy", "cs"), ("de-DE", "Jobs", "en")])
def test_the_language_is_the_browsers(
    locale: str, title: str, language: str, read: Open, connection: Connection
) -> None:
    page = read("ada", locale=locale)
    page.goto("/admin/jobs")
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_a_language_that_was_chosen_is_remembered(script: bool, read: Open, connection: Connection) -> None:
    page = read("ada", java_script_enabled=script)
    page.goto("/admin/jobs?sort=-id")
    page.get_by_role("button", name="Čeština").click()
    expect(page).to_have_url("/admin/jobs?sort=-id")
    for path in ("/admin/jobs", "/admin/jobs/cleanup"):
        page.goto(path)
        assert page.locator("html").get_attribute("lang") == "cs"
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_a_theme_that_was_chosen_is_remembered_over_the_systems(
    script: bool, read: Open, connection: Connection
) -> None:
    page = read("ada", java_script_enabled=script, color_scheme="dark")
    page.goto("/admin/jobs")
    assert page.evaluate(_GROUND) == _DARK
    for expected, chosen in (("light", _LIGHT), ("dark", _DARK)):
        page.get_by_role("button", name="Theme").click()
        expect(page.locator("html")).to_have_attribute("data-theme", expected)
        page.goto("/admin/jobs")
        assert page.evaluate(_GROUND) == chosen
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="Theme").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")
    assert page.evaluate(_GROUND) == _LIGHT


def test_times_are_in_the_readers_zone(read: Open, connection: Connection) -> None:
    page = read("ada", timezone_id="America/New_York")
    page.goto("/admin/jobs")
    page.goto("/admin/jobs")
    expect(page.get_by_text("Times in America/New_York")).to_be_visible()
