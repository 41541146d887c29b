"""Below an API Gateway stage every link, form and file of a page is below it too."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import expect

from functions.db.connection import Connection
from tests.browser.conftest import Open
from tests.browser.site import Site
from tests.browser.test_login import log_in

_ADDRESSES = """
[...document.querySelectorAll("a[href], form, link[href], script[src], use")].map(
  (each) => each.getAttribute("href") ?? each.getAttribute("action") ?? each.getAttribute("src") ?? "")
"""


def test_one_logs_in_pauses_a_job_and_logs_out_below_a_stage(read: Open, site: Site, connection: Connection) -> None:
    asked: list[str] = []
    page = read()
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.goto(f"{site.staged_url}/admin/jobs/cleanup")
    log_in(page)
    expect(page).to_have_url(re.compile(r"/local/admin/jobs/cleanup$"))
    page.get_by_role("link", name="Pause").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(page.get_by_role("link", name="Resume")).to_be_visible()
    addresses = [each for each in page.evaluate(_ADDRESSES) if each and not each.startswith("#")]
    assert [each for each in addresses if not each.startswith(("/local/", "https://"))] == []
    page.get_by_role("button", name="log out").click()
    expect(page).to_have_url(re.compile(r"/local/admin/login"))
    assert [path for path in asked if not path.startswith("/local/admin")] == []
