"""`scripts/screenshots`: the pictures of the documentation, from a deployment with every state in it; and a table."""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Response, expect, sync_playwright

from chalicelib.cookies import NAME as COOKIE
from functions.db.migrate import migrate
from infra.local.postgres import Postgres
from tests.browser import chromium, history
from tests.browser.history import Story
from tests.browser.pages import PAGES, path_of
from tests.browser.palette import reduced
from tests.browser.reader import DESKTOP, PHONE, reading
from tests.browser.site import Site
from tests.conftest import PROJECT, UNSAFE_AND_QUICK

# By the name of the page: which pictures there are of it. `cs`: in Czech.
_PICTURES = {
    "login": ("light",),
    "overview": ("light", "dark", "phone", "cs"),
    "jobs": ("light", "dark", "phone"),
    "job": ("light", "dark", "phone"),
    "executions": ("light",),
    "execution": ("light", "dark", "phone"),
    "running execution": ("light",),
    "one-time": ("light",),
    "enqueue": ("light",),
    "schedule": ("light",),
    "plan": ("light",),
    "audit": ("light",),
    "users": ("light",),
    "role": ("light",),
}
_TALLEST = 1_500
_ROUNDS = 7


def main() -> int:
    """Make the pictures, and print what the pages weigh, how long they take and what axe says."""
    options = _parse()
    found = chromium.find()
    if found is None:
        print(f"scripts/screenshots: {chromium.MISSING}", file=sys.stderr)
        return 1
    with _site() as (site, story), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=chromium.arguments())
        if not options.table:
            _take_all(browser, site, story, options.to)
        _print_table(browser, site, story)
        browser.close()
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/screenshots",
        description="Makes docs/images/*.png from a deployment with every state in it, and prints for each page its "
        "weight, its server time and what axe finds. Needs Chromium; takes about a minute.",
    )
    parser.add_argument("--to", type=Path, default=PROJECT / "docs" / "images", help="where to (default docs/images)")
    parser.add_argument("--table", action="store_true", help="only the table, no pictures")
    return parser.parse_args()


@contextmanager
def _site() -> Iterator[tuple[Site, Story]]:
    with tempfile.TemporaryDirectory() as directory:
        postgres = Postgres(Path(directory) / "postgres", settings=UNSAFE_AND_QUICK)
        url = postgres.start()
        site = Site(url, Path(directory) / "state")
        try:
            migrate(url, now=datetime.now(UTC))
            site.start()
            yield site, history.tell(site)
        finally:
            site.stop()
            postgres.discard()


def _take_all(browser: Browser, site: Site, story: Story, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    painter = browser.new_page()
    for name, kinds in _PICTURES.items():
        for kind in kinds:
            file = folder / f"{name.replace(' ', '-')}-{kind}.png"
            file.write_bytes(reduced(painter, _take(browser, site, story, name, kind)))
            print(f"{file.name}  {file.stat().st_size:,} bytes", flush=True)


def _take(browser: Browser, site: Site, story: Story, name: str, kind: str) -> bytes:
    options: dict[str, Any] = {
        "viewport": PHONE if kind == "phone" else DESKTOP,
        "color_scheme": "dark" if kind == "dark" else "light",
        "locale": "cs-CZ" if kind == "cs" else "en-GB",
        "reduced_motion": "reduce",
    }
    with _reading(browser, site, name, **options) as page:
        _settle(page, path_of(name, story))
        width, gutter = options["viewport"]["width"], page.evaluate("innerWidth - document.documentElement.clientWidth")
        tall = min(page.evaluate("document.documentElement.scrollHeight"), _TALLEST)
        page.set_viewport_size({"width": width + gutter, "height": tall})
        _settle(page, path_of(name, story))
        return page.screenshot(clip={"x": 0, "y": 0, "width": width, "height": tall})


def _settle(page: Page, path: str) -> None:
    """Go there, until all of it is drawn."""
    page.goto(path, wait_until="load")
    expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=15_000)


@contextmanager
def _reading(browser: Browser, site: Site, name: str, **options: Any) -> Iterator[Page]:
    with reading(browser, site, PAGES[name].reader, expected=PAGES[name].expected, **options) as page:
        zone = {"name": "zone", "value": "Europe/Prague", "url": site.url}
        page.context.add_cookies([zone])  # type: ignore[list-item]
        yield page


def _print_table(browser: Browser, site: Site, story: Story) -> None:
    print("\n| page | HTML | with styles, script and icons | server time | axe, light and dark |")
    print("|---|--:|--:|--:|---|")
    axe, session = Axe(), site.session("ada")
    for name in PAGES:
        path = path_of(name, story)
        with _reading(browser, site, name, reduced_motion="reduce") as page:
            weights = _weigh(page)
            _settle(page, path)
            html, total = weights.get(page.url, 0), sum(weights.values())
            found = len(axe.run(page).response["violations"])
            page.emulate_media(color_scheme="dark")
            found += len(axe.run(page, options={"runOnly": ["color-contrast"]}).response["violations"])
        cookie = f"{COOKIE}={session['value']}" if PAGES[name].reader else ""
        took = statistics.median(_seconds(site.url + path, cookie) for _ in range(_ROUNDS)) * 1000
        print(f"| {name} | {html:,} | {total:,} | {took:.0f} ms | {found or 'nothing'} |", flush=True)


def _weigh(page: Page) -> dict[str, int]:
    """How many bytes each address of this page has, uncompressed, as it comes."""
    weights: dict[str, int] = {}

    def note(answer: Response) -> None:
        if "x-fragment" not in answer.request.headers:  # what a live page asks for again is no part of its weight
            weights.setdefault(answer.url, len(answer.body()))

    page.on("response", note)
    return weights


def _seconds(url: str, cookie: str) -> float:
    began = time.perf_counter()
    requests.get(url, headers={"Cookie": cookie}, timeout=30)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
