"""Without a mouse, on paper, and for who wants nothing to move."""

from __future__ import annotations

from playwright.sync_api import expect

from functions.db.connection import Connection
from tests.browser.conftest import Open
from tests.browser.history import Story
from tests.integration.waiting import until

_FOCUSED = "document.activeElement.textContent.trim().replace(/\\s+/g, ' ')"


def test_the_first_thing_is_a_link_that_skips_to_the_content(read: Open, connection: Connection) -> None:
    page = read("ada")
    page.goto("/admin/jobs")
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to content")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_every_action_of_a_job_is_reached_with_tab_and_shows_that_it_is(read: Open, connection: Connection) -> None:
    page = read("ada")
    page.goto("/admin/jobs/cleanup")
    wanted, seen = {"Trigger now", "Pause", "Delete"}, set()
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.add(page.evaluate(_FOCUSED))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", page.evaluate(_FOCUSED)
        if wanted <= seen:
            return
    assert wanted <= seen


def test_a_slash_goes_to_the_search_and_is_an_ordinary_letter_there(read: Open, connection: Connection) -> None:
    page = read("ada")
    page.goto("/admin/jobs")
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("a/b")
    expect(search).to_have_value("a/b")


def test_escape_closes_a_dialog_and_goes_back_to_where_it_was_opened(read: Open, connection: Connection) -> None:
    page = read("ada")
    page.goto("/admin/jobs/cleanup")
    opener = page.get_by_role("link", name="Delete")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Delete cleanup")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()


def test_a_dialog_keeps_the_focus_and_its_cancel_changes_nothing(read: Open, connection: Connection) -> None:
    page = read("ada")
    page.goto("/admin/jobs/cleanup")
    page.get_by_role("link", name="Pause").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for _ in range(8):
        page.keyboard.press("Tab")
        # Past its end the browser's own bar has the focus, which a page sees as its body.
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert connection.execute("SELECT count(*) FROM lamplighter.job WHERE paused_at IS NOT NULL").fetchone() == (0,)


def test_on_paper_there_is_the_content_and_nothing_to_click(read: Open, story: Story) -> None:
    page = read("ada", color_scheme="dark")
    page.goto("/admin/jobs/import-prices")
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    for gone in (page.locator("nav").first, page.get_by_role("link", name="Trigger now"), page.locator("footer")):
        expect(gone).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_nothing_moves_for_who_wants_that(read: Open, story: Story) -> None:
    page = read("ada", reduced_motion="reduce")
    page.goto("/admin/jobs")
    moving = "document.getAnimations().filter((each) => each.playState === 'running').length"
    expect(page.locator(".badge.run").first).to_be_visible()
    assert page.evaluate(moving) == 0
    page.emulate_media(reduced_motion="no-preference")
    until(lambda: page.evaluate(moving), "what runs to turn")
