"""Whatever somebody writes is text: in a description, an error, a stack, a line, a reason, params, a name, a URL."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import expect

from functions.db import one_time
from functions.db.connection import Connection
from functions.definition import JobDefinition
from tests.browser import history
from tests.browser.conftest import Open
from tests.browser.site import Site

_NASTY = "\"'></textarea></title><script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>{{7*7}}"
_FOREIGN = "document.querySelectorAll('main script, main img, [onerror], [onload], iframe').length"


@pytest.fixture
def execution(site: Site, connection: Connection) -> uuid.UUID:
    """An execution of a job with all of it in everything that people and code write."""
    site.deploy([*history.FEW, JobDefinition(id="nasty", description=_NASTY, params=history.EmailParams)])
    params = {"to": _NASTY, "subject": _NASTY}
    made = one_time.enqueue(connection, job_id="nasty", params=params, key=_NASTY[:200], actor=_NASTY)
    execute = connection.execute
    execute(
        "UPDATE lamplighter.execution SET status = 'failed', attempt = 1, started_at = now(), finished_at = now(), "
        "error_type = %(x)s, error_message = %(x)s, error_stack = %(x)s, reason = %(x)s, "
        "progress = jsonb_build_array(jsonb_build_object('label', %(x)s::text, 'done', 1, 'total', 2)) "
        "WHERE id = %(id)s",
        {"x": _NASTY, "id": made.execution_id},
    )
    execute(
        "INSERT INTO lamplighter.job_log SELECT id, scheduled_at, 1, 1, now(), 'INFO', %(x)s, "
        "jsonb_build_object(%(x)s::text, %(x)s::text) FROM lamplighter.execution WHERE id = %(id)s",
        {"x": _NASTY, "id": made.execution_id},
    )
    execute(
        "UPDATE lamplighter.job SET paused_at = now(), paused_by = %(x)s, pause_reason = %(x)s, "
        "last_status = 'failed', "
        "last_execution_id = %(id)s, last_started_at = now() WHERE id = 'nasty'",
        {"x": _NASTY, "id": made.execution_id},
    )
    execute(
        "INSERT INTO lamplighter.audit (actor, action, job_id, before, after, reason) "
        "VALUES (%(x)s, 'jobs.pause', 'nasty', jsonb_build_object('a', %(x)s::text), NULL, %(x)s)", {"x": _NASTY},
    )  # fmt: skip
    execute("UPDATE lamplighter.user SET name = %s WHERE name = 'vera'", (_NASTY[:100],))
    return made.execution_id


_PAGES = {
    "/admin/": False, "/admin/jobs": True, "/admin/jobs/nasty": True, "/admin/jobs/nasty/pause": True,
    "/admin/executions": True, "/admin/executions/{id}": True, "/admin/executions/{id}/retry": False,
    "/admin/one-time": False, "/admin/one-time/new?job=nasty": False, "/admin/audit": True, "/admin/users": True,
}  # fmt: skip
_ADDRESSES = (
    "jobs?search={x}", "jobs?tag={x}", "executions?status={x}", "audit?actor={x}", "schedule?expression={x}&zone={x}",
    "login?next={x}", "jobs?done={x}", "jobs/{x}", "executions/{x}", "one-time/new?job={x}", "{x}",
)  # fmt: skip


def test_nothing_of_it_runs_on_any_page_and_all_of_it_is_shown(read: Open, execution: uuid.UUID) -> None:
    page = read("ada")
    for path, is_shown in _PAGES.items():
        page.goto(path.format(id=execution))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate(_FOREIGN) == 0, path
        said = page.locator("main").inner_text() + "".join(
            field.input_value() for field in page.locator("main input:not([type=checkbox])").all()
        )
        assert not is_shown or "<script>alert(1)</script>" in said, path


def test_an_address_is_text_too(read: Open, connection: Connection) -> None:
    page = read("ada", expected=(400, 404))
    for path in _ADDRESSES:
        page.goto("/admin/" + path.format(x=_NASTY.replace("/", "%2F").replace("#", "%23")))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate(_FOREIGN) == 0, path
