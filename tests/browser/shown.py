"""When a page showed something, by the clock of the page itself: what a test waits for in Python comes later."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from playwright.sync_api import Page

_WATCH = """
const wanted = %s;
window.shownAt = {};
new MutationObserver(() => {
  for (const [name, [selector, text]] of Object.entries(wanted)) {
    const found = document.querySelector(selector)?.textContent.includes(text);
    if (found && !(name in window.shownAt)) window.shownAt[name] = Date.now();
  }
}).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
"""


def watch(page: Page, **wanted: tuple[str, str]) -> None:
    """Note from the next page on when there first is an element like this selector with this text in it."""
    page.add_init_script(_WATCH % json.dumps(wanted))


def at(page: Page, name: str) -> datetime:
    """When that was; waits for it."""
    page.wait_for_function("name => name in window.shownAt", arg=name)
    return datetime.fromtimestamp(page.evaluate("name => window.shownAt[name]", name) / 1000, UTC)
