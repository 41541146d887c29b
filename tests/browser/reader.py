"""Somebody at a browser: a page that is watched for what must never happen on any of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Page, Request, Response

from tests.browser.site import Site

# What a page may be answered with while it is watched; a test that provokes more says so.
_FINE = range(200, 400)
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 860}
WIDE = {"width": 1920, "height": 1080}


class Troubles(list[str]):
    """What went wrong in a page, in words; a test that provokes an answer says which one it expects."""

    def __init__(self) -> None:
        super().__init__()
        self.expected: set[int] = set()

    def watch(self, page: Page) -> None:
        """Note errors of scripts, of the console and of requests, and every dialog a script opens."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.append(f"script: {error}"))
        page.on("dialog", self._dialog)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        # The answers themselves are looked at below: expected ones are not to be mentioned here.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.append(f"console: {message.text}")

    def _dialog(self, dialog: Dialog) -> None:
        self.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a page that is left stops what it was fetching
            self.append(f"request: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status not in _FINE and response.status not in self.expected:
            self.append(f"answer: {response.status} {response.url}")


@contextmanager
def reading(
    browser: Browser, site: Site, name: str | None = None, *, expected: tuple[int, ...] = (), **options: Any
) -> Iterator[Page]:
    """A page in a browser of its own where this person, or nobody, is logged in; nothing may go wrong in it.

    `options` are Playwright's for a context; `expected`: the refusals the test provokes.
    """
    given: dict[str, Any] = {"locale": "en-GB", "timezone_id": "Europe/Prague", "base_url": site.url} | options
    given.setdefault("viewport", DESKTOP)
    context = browser.new_context(**given)
    context.set_default_timeout(10_000)
    troubles = Troubles()
    troubles.expected.update(expected)
    if name is not None:
        context.add_cookies([site.session(name)])  # type: ignore[list-item]
    page = context.new_page()
    troubles.watch(page)
    try:
        yield page
    finally:
        context.close()
    assert not troubles, "\n".join(troubles)
