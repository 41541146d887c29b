"""What people do with jobs and executions, with the script of our pages (a dialog asks) and without (a page does)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from functions.db import one_time
from functions.db.connection import Connection
from tests.browser.conftest import Open
from tests.browser.running_jobs import BACKUP, IMPORT, Gates
from tests.integration.seeds import claimed
from tests.integration.waiting import until


@pytest.fixture(params=[True, False], ids=["with script", "without"])
def page(request: pytest.FixtureRequest, read: Open, connection: Connection) -> Page:
    """A page of ada's, who may do everything; few jobs are there."""
    return read("ada", java_script_enabled=request.param)


def fill(page: Page, title: str, **fields: str) -> None:
    form = page.locator("dialog form, main form.gate").filter(has=page.get_by_role("heading", name=title))
    expect(form).to_be_visible()
    for label, value in fields.items():
        form.get_by_label(label.capitalize()).fill(value)
    form.get_by_role("button").last.click()


def the(connection: Connection, statement: str, *values: object) -> tuple[object, ...]:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row


def test_a_job_is_paused_with_a_reason_and_an_end_and_resumed(page: Page, connection: Connection) -> None:
    page.context.add_cookies([{"name": "zone", "value": "Europe/Prague", "url": "https://127.0.0.1"}])
    page.goto("/admin/jobs/cleanup")
    page.get_by_role("link", name="Pause", exact=True).click()
    end = (datetime.now(UTC) + timedelta(days=40)).replace(hour=17, minute=0, second=0, microsecond=0)
    fill(page, "Pause cleanup", reason="ticket 4711", until=f"{end:%Y-%m-%dT%H:%M}")
    expect(page.get_by_text("Paused: nothing of this job starts any more.")).to_be_visible()
    expect(page.get_by_text("ticket 4711").first).to_be_visible()
    paused = the(connection, "SELECT paused_by, pause_reason, resume_at FROM lamplighter.job WHERE id = 'cleanup'")
    assert paused[:2] == ("ada", "ticket 4711")
    assert isinstance(paused[2], datetime)
    assert timedelta(hours=1) <= end - paused[2] <= timedelta(hours=2)  # Prague is ahead of UTC

    page.get_by_role("link", name="Resume").click()
    fill(page, "Resume cleanup")
    expect(page.get_by_text("Resumed: it runs again at its next occurrence.")).to_be_visible()
    assert the(connection, "SELECT paused_at FROM lamplighter.job WHERE id = 'cleanup'") == (None,)


def test_a_refused_form_says_why_and_loses_nothing(page: Page, connection: Connection, read: Open) -> None:
    del page
    asker = read("ada", expected=(400,), java_script_enabled=False)
    asker.goto("/admin/jobs/cleanup/pause")
    fill(asker, "Pause cleanup", reason="we move <b>house</b> & home", until="2001-01-01T00:00")
    expect(asker.get_by_role("alert")).to_be_visible()
    expect(asker.get_by_label("Reason")).to_have_value("we move <b>house</b> & home")
    expect(asker.get_by_label("Until")).to_have_value("2001-01-01T00:00")
    assert the(connection, "SELECT count(paused_at) FROM lamplighter.job") == (0,)


def test_a_job_that_is_triggered_runs(page: Page, connection: Connection, gates: Gates) -> None:
    gates.open("half-way", "end")
    page.goto(f"/admin/jobs/{BACKUP}")
    page.get_by_role("link", name="Trigger now").click()
    fill(page, f"Trigger {BACKUP} now")
    expect(page.get_by_text("Triggered.")).to_be_visible()
    execution_id = page.url.partition("/executions/")[2].partition("?")[0]
    status = "SELECT status, actor FROM lamplighter.execution WHERE id = %s"
    until(lambda: the(connection, status, execution_id) == ("succeeded", "ada"), "the job to have run")


def test_a_job_is_deleted_and_restored(page: Page, connection: Connection) -> None:
    page.goto("/admin/jobs/cleanup")
    page.get_by_role("link", name="Delete").click()
    fill(page, "Delete cleanup")
    expect(page.get_by_text("Removed: its history stays, and Restore brings it back.")).to_be_visible()
    expect(page.get_by_role("link", name="cleanup", exact=True)).to_have_count(0)
    page.get_by_role("link", name="Restore").first.click()
    fill(page, "Restore jobs")
    expect(page.get_by_text("Restored: every definition is back.")).to_be_visible()
    expect(page.get_by_role("link", name="cleanup", exact=True)).to_be_visible()


def test_what_waits_is_cancelled(page: Page, connection: Connection) -> None:
    waiting = later(connection)
    page.goto(f"/admin/executions/{waiting}")
    page.get_by_role("link", name="Cancel it").click()
    fill(page, "Cancel this execution of send-email")
    expect(page.get_by_text("Cancelled: it will not run.")).to_be_visible()
    assert the(connection, "SELECT status FROM lamplighter.execution WHERE id = %s", waiting) == ("cancelled",)


def test_what_waits_is_given_another_time(page: Page, connection: Connection) -> None:
    waiting = later(connection)
    page.goto(f"/admin/executions/{waiting}")
    page.get_by_role("link", name="Reschedule").click()
    form = page.locator("dialog form, main form.gate")
    form.get_by_role("radio", name="in", exact=True).check()
    form.get_by_label("Minutes").fill("90")
    form.get_by_role("button", name="Reschedule").click()
    expect(page.get_by_text("It starts at the new time.")).to_be_visible()
    (due,) = the(connection, "SELECT due_at FROM lamplighter.execution WHERE id = %s", waiting)
    assert isinstance(due, datetime)
    assert abs(due - datetime.now(UTC) - timedelta(minutes=90)) < timedelta(minutes=2)


def test_what_failed_is_run_again(page: Page, connection: Connection) -> None:
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    failed = claimed(connection, IMPORT, at).execution_id
    connection.execute(
        "UPDATE lamplighter.execution SET status = 'failed', finished_at = now(), lease_expires_at = NULL "
        "WHERE id = %s", (failed,)
    )  # fmt: skip
    connection.execute("UPDATE lamplighter.job SET running_execution_id = NULL, running_lease_expires_at = NULL")
    page.goto(f"/admin/executions/{failed}")
    page.get_by_role("link", name="Run again").click()
    fill(page, f"Run {IMPORT} again")
    expect(page.get_by_text("Running again, as a new execution.")).to_be_visible()
    (again,) = the(connection, "SELECT repeated_by FROM lamplighter.execution WHERE id = %s", failed)
    assert str(again) in page.url
    status = "SELECT status FROM lamplighter.execution WHERE id = %s"
    until(lambda: the(connection, status, again) == ("failed",), "the second one to have run")


def test_many_jobs_are_paused_and_resumed_at_once(page: Page, connection: Connection) -> None:
    page.goto("/admin/jobs")
    for action, done, count in (("Pause", "2 jobs paused.", 2), ("Resume", "2 jobs resumed.", 0)):
        for job_id in ("cleanup", "send-email"):
            page.get_by_role("checkbox", name=job_id).check()
        page.get_by_role("form", name="With the chosen jobs").get_by_role("button", name=action).click()
        fill(page, f"{action} 2 jobs")
        expect(page.get_by_text(done)).to_be_visible()
        assert the(connection, "SELECT count(paused_at) FROM lamplighter.job") == (count,)


def test_a_one_time_execution_is_enqueued_from_a_form_of_the_jobs_params(page: Page, connection: Connection) -> None:
    page.goto("/admin/one-time/new?job=send-email")
    page.locator("[name='p.to']").fill("ann@example.com")
    page.locator("[name='p.copies']").fill("3")
    page.get_by_role("radio", name="in", exact=True).check()
    page.get_by_label("Minutes").fill("30")
    page.locator("main form").last.get_by_role("button", name="Enqueue").click()
    expect(page.get_by_text("Enqueued: it is written down and will run.")).to_be_visible()
    status, params = the(connection, "SELECT status, params FROM lamplighter.execution WHERE job_id = 'send-email'")
    assert status == "scheduled"
    assert isinstance(params, dict)
    assert (params["to"], params["copies"]) == ("ann@example.com", 3)


def later(connection: Connection) -> uuid.UUID:
    start_at = datetime.now(UTC) + timedelta(hours=3)
    params = {"to": "team@example.com"}
    return one_time.enqueue(connection, job_id="send-email", params=params, start_at=start_at).execution_id
