"""What may not be done, cannot be done now, or was done by somebody else meanwhile."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from chalicelib import rate_limit
from functions.db.connection import Connection
from tests.browser.conftest import Open
from tests.browser.history import Story
from tests.browser.site import Site

_ACTIONS = re.compile("Trigger now|Pause|Resume|Delete|Restore|Enqueue|Run again|Cancel it|Reschedule|Apply", re.I)


_PAGES = (
    "", "jobs", "jobs/sync-crm", "executions", "executions/{running}", "executions/{failed}", "executions/{scheduled}",
    "one-time", "plan",
)  # fmt: skip


def test_who_may_only_look_sees_nothing_to_press(read: Open, story: Story) -> None:
    page = read("vera")
    for path in _PAGES:
        page.goto(f"/admin/{path.format_map(vars(story))}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.locator("main").get_by_role("button", name=_ACTIONS).all_inner_texts() == [], path
        assert page.locator("main a.button").filter(has_text=_ACTIONS).all_inner_texts() == [], path
    nav = page.get_by_role("navigation", name="Main")
    assert nav.get_by_role("link", name=re.compile("Audit|Users|Roles")).all_inner_texts() == []


def test_who_may_only_look_is_refused_what_they_find_by_its_address(read: Open, story: Story) -> None:
    page = read("vera", expected=(403,))
    for path in ("audit", "users", "jobs/sync-crm/pause", "jobs/sync-crm/delete", "users/new"):
        answer = page.goto(f"/admin/{path}")
        assert answer is not None
        assert answer.status == 403, path
        expect(page.get_by_role("heading", name="Not permitted")).to_be_visible()
        expect(page.get_by_role("link", name="Jobs", exact=True)).to_be_visible()


def test_after_too_many_changes_buttons_wait_and_say_how_long(read: Open, connection: Connection) -> None:
    page = read("ada", expected=(429,))
    page.goto("/admin/jobs/cleanup/pause")
    connection.execute(
        "INSERT INTO lamplighter.mutation_count VALUES ('ada', clock_timestamp() - interval '56 seconds', %s)",
        (rate_limit.LIMIT,),
    )
    page.get_by_label("Reason").fill("ticket 4711")
    page.get_by_role("button", name="Pause").click()
    notice = page.locator("[data-cooldown]")
    expect(notice).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_be_disabled()
    expect(page.get_by_label("Reason")).to_have_value("ticket 4711")
    assert 1 <= int(notice.locator("[data-left]").inner_text()) <= 5
    expect(page.get_by_role("button", name="Pause")).to_be_enabled(timeout=8_000)
    expect(notice).to_have_count(0)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("ticket 4711").first).to_be_visible()
    assert connection.execute("SELECT pause_reason FROM lamplighter.job WHERE id = 'cleanup'").fetchone() == (
        "ticket 4711",
    )


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without"])
def test_without_aws_a_pause_counts_and_what_needs_aws_is_refused_in_words(
    script: bool, read: Open, connection: Connection, site: Site
) -> None:
    page = read("ada", expected=(400, 502, 503), java_script_enabled=script)
    with site.without_aws():
        page.goto("/admin/jobs/cleanup/pause")
        page.get_by_label("Reason").fill("the move")
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_text("Paused: nothing of this job starts any more.")).to_be_visible()
        page.goto("/admin/jobs/cleanup/trigger")
        page.get_by_role("button", name="Trigger now").click()
        expect(page.get_by_role("alert")).to_contain_text("job 'cleanup' was not started")
    assert connection.execute("SELECT pause_reason FROM lamplighter.job WHERE id = 'cleanup'").fetchone() == (
        "the move",
    )


def test_without_aws_the_overview_says_what_it_does_not_know(read: Open, story: Story, site: Site) -> None:
    page = read("ada", expected=(503,))
    with site.without_aws():
        page.goto("/admin/")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.locator("main")).to_contain_text("export-to-warehouse")
        expect(page.locator("[aria-busy=true]")).to_have_count(0, timeout=15_000)


def test_without_postgresql_a_page_says_so_and_comes_back_by_itself(
    read: Open, connection: Connection, site: Site
) -> None:
    page = read("ada", expected=(503,))
    page.goto("/admin/jobs")
    with site.without_postgres():
        answer = page.reload()
        assert answer is not None
        assert answer.status == 503
        expect(page.get_by_role("heading", name="Not available at the moment")).to_be_visible()
        assert "secret" not in page.content()
    expect(page.get_by_role("link", name="cleanup", exact=True)).to_be_visible(timeout=15_000)


def test_a_page_that_is_open_outlives_postgresql_and_goes_on(read: Open, connection: Connection, site: Site) -> None:
    page = read("ada", expected=(503,))
    page.goto("/admin/jobs")
    with (
        site.without_postgres(),
        page.expect_response(lambda answer: answer.status == 503),
    ):
        pass
    expect(page.get_by_role("link", name="cleanup", exact=True)).to_be_visible()
    connection.execute("UPDATE lamplighter.job SET paused_at = now(), paused_by = 'ada' WHERE id = 'cleanup'")
    row = page.locator("tr").filter(has=page.get_by_role("link", name="cleanup", exact=True))
    expect(row).to_contain_text("paused", timeout=12_000)


def test_of_two_who_change_the_same_thing_the_second_learns_of_the_first(read: Open, connection: Connection) -> None:
    ada, oto = read("ada", expected=(412, 409)), read("oto")
    for page in (ada, oto):
        page.goto("/admin/jobs/cleanup/pause")
    oto.get_by_label("Reason").fill("oto’s reason")
    oto.get_by_role("button", name="Pause").click()
    expect(oto.get_by_text("Paused: nothing of this job starts any more.")).to_be_visible()
    ada.get_by_label("Reason").fill("ada’s reason")
    ada.get_by_role("button", name="Pause").click()
    expect(ada.get_by_role("alert").first).to_be_visible()
    expect(ada.get_by_label("Reason")).to_have_value("ada’s reason")
    kept = connection.execute("SELECT paused_by, pause_reason FROM lamplighter.job WHERE id = 'cleanup'").fetchone()
    assert kept == ("oto", "oto’s reason")


def test_what_one_deletes_another_no_longer_finds_and_is_told(read: Open, connection: Connection) -> None:
    ada, oto = read("ada", expected=(404,)), read("oto")
    ada.goto("/admin/jobs/cleanup")
    oto.goto("/admin/jobs/cleanup/delete")
    oto.get_by_role("button", name="Delete").click()
    expect(oto.get_by_text("Removed: its history stays, and Restore brings it back.")).to_be_visible()
    ada.goto("/admin/jobs/cleanup/pause")
    expect(ada.get_by_role("heading", level=1)).to_be_visible()
    assert connection.execute("SELECT count(paused_at) FROM lamplighter.job").fetchone() == (0,)
