"""The log on an execution's page, and as a file."""

from __future__ import annotations

import re
import time
import uuid

import pytest

from chalicelib.pages import logs
from functions.db.connection import Connection
from functions.db.live import flush
from functions.log_lines import LogLine
from tests.integration.admin_api.api import Answer
from tests.integration.admin_api.pages.visiting import Visitor, text
from tests.integration.admin_api.runs import FIRST
from tests.integration.seeds import claimed

XSS = "<script>alert(1)</script>"


class Running:
    """An execution that says things."""

    def __init__(self, connection: Connection) -> None:
        self.id, self._token, self._said, self._connection = uuid.uuid4(), uuid.uuid4(), 0, connection
        claimed(connection, "cleanup", FIRST, execution_id=self.id, token=self._token)

    @property
    def path(self) -> str:
        return f"/executions/{self.id}"

    def say(self, *messages: str, level: str = "INFO") -> None:
        lines = [LogLine(logged_at=FIRST, level=level, message=each, fields={"x": XSS}) for each in messages]
        flush(
            self._connection, execution_id=self.id, scheduled_at=FIRST, token=self._token, lines=lines,
            first_line=self._said + 1,
        )  # fmt: skip
        self._said += len(lines)


@pytest.fixture
def running(deployed: Connection) -> Running:
    return Running(deployed)


def numbers(answer: Answer) -> list[int]:
    assert answer.status == 200
    return [int(each) for each in re.findall(r'<span class="line">(\d+)</span>', answer.body)]


def link(answer: Answer, name: str) -> str:
    found = re.search(rf'{name}[^>]*?(?:href|{name})="/prod/admin([^"#]*)', answer.body)
    assert found is not None
    return found[1].replace("&amp;", "&")


def following(answer: Answer) -> str:
    found = re.search(r'data-next="/prod/admin([^"]*)"', answer.body)
    assert found is not None
    return found[1].replace("&amp;", "&")


def test_it_opens_at_its_end_and_pages_upwards_with_every_line_once(visitor: Visitor, running: Running) -> None:
    running.say(*map(str, range(450)))
    newest = visitor.get(running.path)
    assert numbers(newest) == list(range(251, 451))
    earlier = visitor.get(link(newest, "data-earlier"), **{"X-Fragment": "log"})
    assert numbers(earlier) == list(range(51, 251))
    assert "data-next" not in earlier.body
    first = visitor.get(link(earlier, "data-earlier"))
    assert numbers(first) == list(range(1, 51))
    assert "data-earlier" not in first.body


def test_what_comes_is_fetched_from_where_the_page_ends(visitor: Visitor, running: Running) -> None:
    running.say("one", "two")
    shown = visitor.get(running.path)
    assert numbers(visitor.get(following(shown))) == []
    running.say("three")
    news = visitor.get(following(shown), **{"X-Fragment": "live"})
    assert numbers(news) == [3]
    assert numbers(visitor.get(following(news))) == []


def test_another_attempt_begins_its_log_anew(visitor: Visitor, running: Running, deployed: Connection) -> None:
    running.say("one")
    shown = visitor.get(running.path)
    deployed.execute("UPDATE lamplighter.execution SET attempt = 2 WHERE id = %s", (running.id,))
    running.say("two")
    news = visitor.get(following(shown))
    assert numbers(news) == [2]
    assert 'data-attempt="2"' in news.body
    assert numbers(visitor.get(f"{running.path}?attempt=1")) == [1]


def test_levels_and_a_search_narrow_it_down_also_for_what_comes(visitor: Visitor, running: Running) -> None:
    running.say("Order <1>", "paid")
    running.say("order <2>", level="ERROR")
    assert numbers(visitor.get(f"{running.path}?level=WARNING&q=")) == [3]
    found = visitor.get(f"{running.path}?level=&q=order+%3C")
    assert numbers(found) == [1, 3]
    assert "<mark>Order &lt;</mark>1&gt;" in found.body
    running.say("nothing", "ORDER <3>")
    assert numbers(visitor.get(following(found))) == [5]
    assert "No line is like that." in text(visitor.get(f"{running.path}?q=nowhere"))


def test_no_line_can_be_more_than_text(visitor: Visitor, running: Running) -> None:
    running.say(XSS)
    answer = visitor.get(f"{running.path}?q=%3Cscript%3E")
    assert XSS in text(answer)
    assert f"x={XSS}" in text(answer)


@pytest.mark.parametrize("query", ["before=x", "after=-1", "level=LOUD", "attempt=99999999999", "nothing=1"])
def test_a_query_that_cannot_be_is_refused(visitor: Visitor, running: Running, query: str) -> None:
    assert visitor.get(f"{running.path}?{query}").status == 400


def test_all_of_it_is_a_file(visitor: Visitor, running: Running) -> None:
    running.say(*map(str, range(2_500)))
    answer = visitor.get(f"{running.path}/log.txt", "jobs.view")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="cleanup-{running.id}-1.log"'
    lines = answer.body.splitlines()
    assert len(lines) == 2_500
    assert lines[7] == '2026-11-23T09:00:00.000+00:00 INFO 7 {"x": "<script>alert(1)</script>"}'
    assert visitor.get(f"{running.path}/log.txt", "audit.view").status == 403


def test_a_file_too_large_for_an_answer_says_where_the_rest_is(
    visitor: Visitor, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_LARGEST_FILE", 900)
    running.say(*(f"line {n}" for n in range(30)))
    first = visitor.get(f"{running.path}/log.txt").body.splitlines()
    assert first[-1].startswith("… cut: an answer holds no more.")
    rest = visitor.get(first[-1].partition("/prod/admin")[2]).body.splitlines()
    assert f"line {len(first) - 1}" in rest[0]


def test_thirty_thousand_lines_open_in_under_a_second(visitor: Visitor, running: Running) -> None:
    for start in range(0, 30_000, 5_000):
        running.say(*(f"line {n} of a job that has a lot to say" for n in range(start, start + 5_000)))
    visitor.get(running.path)  # the templates are read once
    began = time.perf_counter()
    opened = visitor.get(running.path)
    took = time.perf_counter() - began
    assert numbers(opened)[-1] == 30_000
    assert took < 1
    assert len(opened.body) < 80_000
