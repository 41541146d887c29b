"""/admin/one-time: what waits, and the form that enqueues."""

from __future__ import annotations

import pytest

from functions.db import one_time
from functions.db.connection import Connection
from tests.integration.admin_api.pages.visiting import Visitor, location, text

XSS = "<script>alert(1)</script>"
NEW = "/one-time/new"


@pytest.fixture
def jobs(reporting: Connection) -> Connection:
    return reporting


def test_with_nothing_waiting_it_says_how_to_enqueue(visitor: Visitor, jobs: Connection) -> None:
    answer = visitor.get("/one-time", "jobs.view")
    assert "Nothing waits." in text(answer)
    assert "from functions.job import enqueue" in text(answer)
    assert NEW not in answer.body


def test_what_waits_is_listed_with_what_for(visitor: Visitor, jobs: Connection) -> None:
    first = one_time.enqueue(jobs, job_id="report", params={"to": "a"}, key=XSS)
    one_time.enqueue(jobs, job_id="plain", after=first.execution_id)
    answer = visitor.get("/one-time", "jobs.view")
    assert XSS in text(answer)
    assert "waits for the end of another execution" in text(answer)
    assert "Cancel it" not in text(answer)
    assert f"/executions/{first.execution_id}/reschedule" in visitor.get("/one-time", "jobs.view", "jobs.manage").body


def test_a_job_is_chosen_first(visitor: Visitor, jobs: Connection) -> None:
    assert "report" in text(visitor.get(NEW))
    found = visitor.get(f"{NEW}?search=plai")
    assert "plain" in text(found)
    assert "report" not in text(found)
    assert visitor.get(NEW, "jobs.view").status == 403
    assert visitor.get(f"{NEW}?job=nobody").status == 404


def test_the_form_has_a_field_for_each_param(visitor: Visitor, jobs: Connection) -> None:
    answer = visitor.get(f"{NEW}?job=report")
    for field in (
        'name="p.to" required', 'name="p.pages"', 'name="p.day"', 'name="p.pin"', '<textarea id="p-headers"',
        'type="date"', 'type="password"',
    ):  # fmt: skip
        assert field in answer.body
    assert "takes no params" in text(visitor.get(f"{NEW}?job=cleanup"))


def test_what_is_typed_is_enqueued(visitor: Visitor, jobs: Connection) -> None:
    fields = [
        ("job", "report"), ("p.to", XSS), ("p.pages", "3"), ("p.day", "2026-12-24"), ("p.pin", "hunter2"),
        ("p.headers", '{"a": "b"}'), ("when", "in"), ("minutes", "5"), ("key", "k"),
    ]  # fmt: skip
    target = location(visitor.post(NEW, fields, "jobs.trigger"))
    assert target.endswith("?done=enqueued")
    row = jobs.execute("SELECT params, key, status, due_at > now() + interval '4 minutes' FROM lamplighter.execution")
    params = {"to": XSS, "pages": 3, "day": "2026-12-24", "pin": "hunter2", "headers": {"a": "b"}}
    assert row.fetchone() == (params, "k", "scheduled", True)
    shown = visitor.get(target)
    assert XSS in text(shown)
    assert "hunter2" not in shown.body
    assert location(visitor.post(NEW, fields)) == target.replace("enqueued", "known")


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(visitor: Visitor, jobs: Connection) -> None:
    fields = [
        ("job", "report"), ("p.pages", "many"), ("p.day", "soon"), ("p.pin", "hunter2"), ("p.headers", '{"<b>"'),
        ("when", "at"), ("key", XSS),
    ]  # fmt: skip
    answer = visitor.post(NEW, fields)
    assert answer.status == 400
    assert "5 fields are not right" in text(answer)
    for name, said in (
        ("to", "it is missing"), ("pages", "Use a whole number."), ("day", "date"), ("headers", "This is no JSON"),
    ):  # fmt: skip
        assert said in answer.body.partition(f'id="wrong-p-{name}">')[2].partition("</p>")[0]
    assert "the time is missing" in answer.body.partition('id="wrong-when">')[2]
    for kept in ('value="many"', 'value="soon"', "{&#34;&lt;b&gt;&#34;", 'value="&lt;script&gt;'):
        assert kept in answer.body
    assert "hunter2" not in answer.body
    assert jobs.execute("SELECT count(*) FROM lamplighter.execution").fetchone() == (0,)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ([("job", "nobody")], 404), ([("job", "removed")], 404), ([], 400), ([("job", "report"), ("p.nope", "1")], 400),
        ([("job", "cleanup"), ("when", "in"), ("minutes", "99999999")], 400),
        ([("job", "cleanup"), ("after", "x")], 404),
        ([("job", "cleanup"), ("when", "at"), ("at", "2036-01-01T00:00")], 400),
        ([("job", "cleanup"), ("unknown", "1")], 400),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_nothing_is_written(
    visitor: Visitor, jobs: Connection, fields: list[tuple[str, str]], status: int
) -> None:
    answer = visitor.post(NEW, fields)
    assert answer.status == status, text(answer)
    assert jobs.execute("SELECT count(*) FROM lamplighter.execution").fetchone() == (0,)


def test_who_may_only_look_enqueues_nothing(visitor: Visitor, jobs: Connection) -> None:
    assert visitor.post(NEW, [("job", "cleanup")], "jobs.view").status == 403
