"""Every page draws, without a complaint of the browser or of axe, on every screen and in both themes."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import Open
from tests.browser.history import Story
from tests.browser.pages import PAGES, path_of
from tests.browser.reader import DESKTOP, PHONE, WIDE

_AXE = Axe()
_SHIFTS = """
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) window.shifted = (window.shifted ?? 0) + each.value;
}).observe({ type: "layout-shift", buffered: true });
"""


def opened(name: str, read: Open, story: Story, **options: Any) -> Page:
    page = read(PAGES[name].reader, expected=PAGES[name].expected, **options)
    page.goto(path_of(name, story))
    return page


def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds, with the elements it finds it on."""
    options = {"resultTypes": ["violations"]} | ({"runOnly": list(rules)} if rules else {})
    found = _AXE.run(page, options=options).response["violations"]
    return [f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:5]]}" for each in found]


@pytest.mark.parametrize("name", PAGES)
def test_it_has_a_heading_and_a_title_fits_every_screen_and_axe_finds_nothing_in_either_theme(
    name: str, read: Open, story: Story
) -> None:
    page = opened(name, read, story, color_scheme="light", reduced_motion="reduce")
    assert page.locator("h1").count() == 1
    assert page.title().removesuffix(" · Lamplighter") not in ("", page.title())
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    # The rest does not depend on the theme.
    assert violations(page, "color-contrast") == []
    for viewport in (PHONE, DESKTOP, WIDE):
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"], viewport


@pytest.mark.parametrize("name", ["overview", "jobs", "job", "executions", "running execution"])
def test_nothing_moves_once_it_is_drawn(name: str, read: Open, story: Story) -> None:
    page = read(PAGES[name].reader)
    page.add_init_script(_SHIFTS)
    page.goto(path_of(name, story), wait_until="load")
    with page.expect_response(lambda response: "x-fragment" in response.request.headers, timeout=5_000):
        pass
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50, true)))")
    assert page.evaluate("window.shifted ?? 0") < 0.01
