"""A page shows by itself what happens to a job that really runs, within two seconds of its row's own times."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from playwright.sync_api import Page, expect

from functions.db.connection import Connection
from tests.browser import shown
from tests.browser.conftest import Open
from tests.browser.running_jobs import BACKUP, IMPORT, Gates
from tests.integration.waiting import until

# Of the clocks: the page's has whole milliseconds, PostgreSQL's has thousandths of them.
_A_TICK = timedelta(milliseconds=1)
_SOON = timedelta(seconds=2)
_RUN = "SELECT started_at, finished_at FROM lamplighter.execution WHERE job_id = %s ORDER BY scheduled_at DESC LIMIT 1"
_LINE = """
SELECT logged_at FROM lamplighter.job_log JOIN lamplighter.execution e ON e.id = execution_id
WHERE job_id = %s AND message = %s
"""
_STATUS = "SELECT status FROM lamplighter.execution WHERE job_id = %s ORDER BY scheduled_at DESC LIMIT 1"


def was_soon(page: Page, name: str, happened_at: datetime) -> None:
    """What happened then was shown within two seconds, and not before it happened."""
    after = shown.at(page, name) - happened_at
    assert -_A_TICK <= after <= _SOON, f"{name} was shown {after} after it happened"


def trigger(page: Page, job_id: str) -> None:
    page.goto(f"/admin/jobs/{job_id}")
    page.get_by_role("link", name="Trigger now").click()
    page.get_by_role("dialog").get_by_role("button", name="Trigger now").click()
    expect(page.get_by_text("Triggered.")).to_be_visible()


def test_start_progress_lines_and_end_of_an_execution_appear_without_a_reload(
    read: Open, connection: Connection, gates: Gates
) -> None:
    page = read("ada")
    shown.watch(
        page, start=("#title", "running"), first_bar=('progress[value^="1"]', ""), bar=('progress[value^="3"]', ""),
        line=(".log", "the third table is slow"), end=("#title", "succeeded"),
    )  # fmt: skip
    trigger(page, BACKUP)
    page.evaluate("window.isStillThis = true")
    shown.at(page, "start")
    shown.at(page, "first_bar")
    gates.open("half-way")
    shown.at(page, "line")
    # The job says how far it is right before that line.
    (said_at,) = connection.execute(_LINE, (BACKUP, "the third table is slow")).fetchone() or ()
    was_soon(page, "line", said_at)
    was_soon(page, "bar", said_at)
    gates.open("end")
    shown.at(page, "end")
    started_at, finished_at = connection.execute(_RUN, (BACKUP,)).fetchone() or ()
    was_soon(page, "start", started_at)
    was_soon(page, "end", finished_at)
    assert page.evaluate("window.isStillThis") is True


def test_lists_show_a_run_that_somebody_else_started(read: Open, connection: Connection, gates: Gates) -> None:
    row = f'tr:has(a[href$="/jobs/{BACKUP}"])'
    places = {"/admin/": "main", "/admin/jobs": row, f"/admin/jobs/{BACKUP}": "#now"}
    pages = [read("vera") for _ in places]
    for page, (path, place) in zip(pages, places.items(), strict=True):
        shown.watch(page, start=(place, BACKUP if place == "main" else "running"), end=(place, "succeeded"))
        page.goto(path)
    trigger(read("ada"), BACKUP)
    for page in pages:
        shown.at(page, "start")
    gates.open("half-way", "end")
    until(lambda: connection.execute(_STATUS, (BACKUP,)).fetchone() == ("succeeded",), "the job to end")
    started_at, finished_at = connection.execute(_RUN, (BACKUP,)).fetchone() or ()
    for page in pages:
        was_soon(page, "start", started_at)
    for page in pages[1:]:
        was_soon(page, "end", finished_at)


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
    page.wait_for_timeout(2_500)  # two polls' time: that nothing comes can only be waited for
    assert asked == []
    page.evaluate("window.isAway = false")
    with page.expect_response(lambda answer: "x-fragment" in answer.request.headers, timeout=1_000):
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_failure_shows_its_error_and_what_it_said_as_text(read: Open, connection: Connection) -> None:
    page = read("ada")
    trigger(page, IMPORT)
    expect(page.locator("#title")).to_contain_text("failed", timeout=15_000)
    expect(page.locator("main")).to_contain_text("<script>alert('log')</script>")
    assert page.locator("main img").count() == 0
    assert page.locator("main script").count() == 0
