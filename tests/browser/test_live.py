"""A page shows by itself what happens to a job that really runs, within two seconds of PostgreSQL knowing it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from functions.db.connection import Connection
from tests.browser.conftest import Open
from tests.browser.running_jobs import BACKUP, IMPORT, Gates
from tests.browser.site import Site
from tests.integration.waiting import until

# A page polls every two seconds; the rest is the machine's, which other tests keep busy.
_SOON_MS = 2_000 + 1_000
_STATUS = "SELECT status FROM lamplighter.execution WHERE job_id = %s ORDER BY scheduled_at DESC LIMIT 1"


def soon(known: Callable[[], object], shown: Callable[[int], None]) -> None:
    """What is known to PostgreSQL is shown soon after."""
    until(known, "PostgreSQL to know it")
    shown(_SOON_MS)


def trigger(page: Page, job_id: str) -> None:
    page.goto(f"/admin/jobs/{job_id}")
    page.get_by_role("link", name="Trigger now").click()
    page.get_by_role("dialog").get_by_role("button", name="Trigger now").click()
    expect(page.get_by_text("Triggered.")).to_be_visible()


def test_start_progress_lines_and_end_of_an_execution_appear_without_a_reload(
    read: Open, connection: Connection, gates: Gates
) -> None:
    page = read("ada")
    trigger(page, BACKUP)
    page.evaluate("window.isStillThis = true")

    def has(status: str) -> bool:
        return connection.execute(_STATUS, (BACKUP,)).fetchone() == (status,)

    def has_bar(done: int) -> bool:
        row = connection.execute(
            "SELECT progress -> 0 ->> 'done' FROM lamplighter.execution WHERE job_id = %s", (BACKUP,)
        ).fetchone()
        return row is not None and row[0] is not None and float(row[0]) == done

    heading = page.locator("#title")
    soon(lambda: has("running"), lambda ms: expect(heading).to_contain_text("running", timeout=ms))
    bar = page.locator("progress").first
    soon(lambda: has_bar(1), lambda ms: expect(bar).to_have_attribute("value", re.compile(r"^1(\.0)?$"), timeout=ms))
    expect(page.get_by_text("reading the first table")).to_be_visible(timeout=_SOON_MS)
    gates.open("half-way")
    soon(lambda: has_bar(3), lambda ms: expect(bar).to_have_attribute("value", re.compile(r"^3(\.0)?$"), timeout=ms))
    expect(page.get_by_text("the third table is slow")).to_be_visible(timeout=_SOON_MS)
    gates.open("end")
    soon(lambda: has("succeeded"), lambda ms: expect(heading).to_contain_text("succeeded", timeout=ms))
    assert page.evaluate("window.isStillThis") is True


def test_lists_show_a_run_that_somebody_else_started(
    read: Open, connection: Connection, site: Site, gates: Gates
) -> None:
    overview, jobs, job = read("vera"), read("vera"), read("vera")
    overview.goto("/admin/")
    jobs.goto("/admin/jobs")
    job.goto(f"/admin/jobs/{BACKUP}")
    trigger(read("ada"), BACKUP)
    until(lambda: connection.execute(_STATUS, (BACKUP,)).fetchone() == ("running",), "the job to run")
    row = jobs.locator("tr").filter(has=jobs.get_by_role("link", name=BACKUP, exact=True))
    expect(overview.locator("main")).to_contain_text(BACKUP, timeout=_SOON_MS)
    expect(row).to_contain_text("running", timeout=_SOON_MS)
    expect(job.locator("#now")).to_contain_text("running", timeout=_SOON_MS)
    gates.open("half-way", "end")
    until(lambda: connection.execute(_STATUS, (BACKUP,)).fetchone() == ("succeeded",), "the job to end")
    expect(row).to_contain_text("succeeded", timeout=_SOON_MS)
    expect(job.locator("#now")).to_contain_text("succeeded", timeout=_SOON_MS)


def test_who_asks_a_running_job_to_stop_sees_it_end(read: Open, connection: Connection, gates: Gates) -> None:
    page = read("ada")
    trigger(page, BACKUP)
    expect(page.locator("#title")).to_contain_text("running", timeout=10_000)
    page.get_by_role("link", name="Cancel it").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel it").click()
    expect(page.get_by_text("Asked to stop: it ends when its code looks.")).to_be_visible()
    expect(page.locator("#title")).to_contain_text("cancelled", timeout=10_000)


def test_a_page_in_the_background_asks_nothing(read: Open, connection: Connection) -> None:
    page = read("ada")
    page.add_init_script("Object.defineProperty(document, 'hidden', { get: () => window.isAway ?? false })")
    page.goto("/admin/jobs")
    with page.expect_response(lambda answer: "x-fragment" in answer.request.headers):
        pass
    page.evaluate("window.isAway = true")
    asked: list[float] = []
    page.on("request", lambda request: asked.append(time.monotonic()))
    page.wait_for_timeout(4_500)  # two polls' time: that nothing comes can only be waited for
    assert asked == []
    page.evaluate("window.isAway = false")
    with page.expect_response(lambda answer: "x-fragment" in answer.request.headers, timeout=1_000):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_failure_shows_its_error_and_what_it_said_as_text(read: Open, connection: Connection) -> None:
    page = read("ada")
    trigger(page, IMPORT)
    expect(page.locator("#title")).to_contain_text("failed", timeout=15_000)
    expect(page.locator("main")).to_contain_text("<script>alert('log')</script>", timeout=_SOON_MS)
    assert page.locator("main img").count() == 0
    assert page.locator("main script").count() == 0
