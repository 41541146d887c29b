"""The audit as a page: filtered, page by page, with what changed folded."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from functions.db import audit
from functions.db.audit import Author
from functions.db.connection import Connection
from tests.integration.admin_api.pages.browser import Browser

EVIL = "<script>alert(1)</script>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"


def changed(connection: Connection, actor: str = "grace", action: str = "jobs.pause", **more: object) -> None:
    author = Author(actor=actor, request_id="r-1", reason=str(more.pop("reason", "")) or None)
    audit.record(connection, author, action, **more)  # type: ignore[arg-type]


def test_a_change_says_who_what_why_and_from_what_to_what(ada: Browser, connection: Connection) -> None:
    execution_id = str(uuid.uuid4())
    changed(
        connection, actor=EVIL, reason=EVIL, job_id="cleanup", before={"x": EVIL}, after={"execution_id": execution_id}
    )
    shown = ada.get("/admin/audit")
    assert EVIL not in shown.body
    assert shown.body.count(ESCAPED) >= 3
    assert "paused the job" in shown.text
    assert 'href="/prod/admin/jobs/cleanup"' in shown.body
    assert f'href="/prod/admin/executions/{execution_id}"' in shown.body
    assert "r-1" in shown.part("main")


def test_filters_ask_for_what_get_audit_knows(ada: Browser, connection: Connection) -> None:
    changed(connection, job_id="a")
    changed(connection, actor="bob", action="jobs.resume", job_id="b")
    for query, there, not_there in (
        ("actor=bob", "resumed the job</span>", "paused the job</span>"),
        ("action=jobs.pause", "paused the job</span>", "resumed the job</span>"),
        ("jobId=b", "resumed the job</span>", "paused the job</span>"),
        ("actor=bob&action=&jobId=&from=&to=", "resumed the job</span>", "paused the job</span>"),
    ):
        body = ada.get(f"/admin/audit?{query}").body
        assert there in body
        assert not_there not in body
    assert "No change is like that." in ada.get("/admin/audit?to=2020-01-01T00:00").text
    assert "paused the job</span>" in ada.get("/admin/audit?from=2020-01-01T00:00").body
    assert ada.get("/admin/audit?from=yesterday").status == 400


def test_pages_lead_back_in_time(ada: Browser, connection: Connection) -> None:
    for number in range(60):
        changed(connection, reason=f"number {number:02}", job_id="a")
    first = ada.get("/admin/audit?jobId=a")
    assert "number 59" in first.text
    assert "number 09" not in first.text
    older = first.body.rpartition('" rel="next">')[0].rpartition('href="/prod')[2].replace("&amp;", "&")
    second = ada.get(older)
    assert "number 09" in second.text
    assert "number 59" not in second.text


def test_nobody_without_the_permission_sees_it(browser_of: Callable[..., Browser]) -> None:
    vera = browser_of("vera", "viewer")
    assert 'href="/prod/admin/audit"' not in vera.get("/admin").body
    assert vera.get("/admin/audit").status == 403
