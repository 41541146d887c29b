"""GET /executions/{executionId}/logs."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from datetime import timedelta
from itertools import cycle

import pytest

from functions.db.claims import claim
from functions.db.connection import Connection
from functions.db.outcomes import Outcome, finish
from functions.log_lines import LogLine
from tests.integration.admin_api.api import BASE, Answer, Api
from tests.integration.admin_api.cases import assert_needs, assert_needs_a_token
from tests.integration.admin_api.runs import FIRST, run

LONG = "\x01" * 16_000  # six characters each in JSON


def ran(connection: Connection, job_id: str, *said: str, levels: Sequence[str] = ("INFO",)) -> uuid.UUID:
    """An execution that said this, with the levels in turn."""
    execution_id, token = uuid.uuid4(), uuid.uuid4()
    whose = {"execution_id": execution_id, "scheduled_at": FIRST, "token": token}
    claim(connection, job_id=job_id, cause="schedule", overlap="allow", lease=timedelta(minutes=5), **whose)  # type: ignore[arg-type]
    lines = [
        LogLine(logged_at=FIRST, level=level, message=text, fields={"n": 1})
        for text, level in zip(said, cycle(levels), strict=False)
    ]
    assert finish(connection, Outcome(status="succeeded"), lines=lines, **whose)  # type: ignore[arg-type]
    return execution_id


def said(answer: Answer) -> list[tuple[int, str]]:
    assert answer.status == 200
    return [(line["line"], line["message"]) for line in answer.json["lines"]]


def test_the_newest_lines_come_in_order_and_those_after_a_line_on_demand(api: Api, deployed: Connection) -> None:
    path = f"{BASE}/executions/{ran(deployed, 'cleanup', *map(str, range(1, 451)))}/logs"
    every = [(number, str(number)) for number in range(1, 451)]
    assert said(api("GET", path, permissions=("jobs.view",))) == every[250:]
    assert said(api("GET", f"{path}?after=0")) == every[:200]
    assert said(api("GET", f"{path}?after=200")) == every[200:400]
    assert said(api("GET", f"{path}?after=450")) == []


def test_a_line_has_its_instant_level_and_fields(api: Api, deployed: Connection) -> None:
    answer = api("GET", f"{BASE}/executions/{ran(deployed, 'cleanup', 'one')}/logs")
    line = {
        "line": 1, "loggedAt": "2026-11-23T09:00:00+00:00", "level": "INFO", "message": "one", "fields": {"n": 1}
    }  # fmt: skip
    around = {"firstLine": 1, "lastLine": 1, "hasEarlier": False, "hasLater": False}
    assert answer.json == {"attempt": 1, "lines": [line], **around}


def around(answer: Answer) -> tuple[int | None, int | None, bool, bool]:
    """First and last line, and whether there are more on either side."""
    page = answer.json
    return page["firstLine"], page["lastLine"], page["hasEarlier"], page["hasLater"]


def test_from_the_end_it_pages_upwards_and_down_again_with_every_line_once(api: Api, deployed: Connection) -> None:
    path = f"{BASE}/executions/{ran(deployed, 'cleanup', *map(str, range(1, 26)))}/logs?limit=10"
    assert around(api("GET", path)) == (16, 25, True, False)
    assert around(api("GET", f"{path}&before=16")) == (6, 15, True, True)
    assert around(api("GET", f"{path}&before=6")) == (1, 5, False, True)
    assert around(api("GET", f"{path}&before=1")) == (None, None, False, True)
    assert around(api("GET", f"{path}&after=5")) == (6, 15, True, True)
    assert around(api("GET", f"{path}&after=15")) == (16, 25, True, False)
    assert around(api("GET", f"{path}&after=25")) == (None, None, True, False)


def test_a_level_is_asked_for_with_all_above_it_and_what_is_no_level_is_always_there(
    api: Api, deployed: Connection
) -> None:
    levels = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", "NOTICE")
    path = f"{BASE}/executions/{ran(deployed, 'cleanup', *levels, levels=levels)}/logs"
    assert [text for _, text in said(api("GET", f"{path}?level=WARNING"))] == [*levels[2:5], "NOTICE"]
    assert len(said(api("GET", f"{path}?level=DEBUG"))) == 6
    assert around(api("GET", f"{path}?level=ERROR&limit=1")) == (6, 6, True, False)
    assert around(api("GET", f"{path}?level=ERROR&before=4")) == (None, None, False, True)


def test_a_text_is_found_upper_case_or_lower_and_means_only_itself(api: Api, deployed: Connection) -> None:
    path = f"{BASE}/executions/{ran(deployed, 'cleanup', 'Žluť 100%', 'zlut', '100', 'a_b', 'aXb')}/logs"
    assert [line for line, _ in said(api("GET", f"{path}?q=%C5%BDLu%C5%A5"))] == [1]
    assert [line for line, _ in said(api("GET", f"{path}?q=100%25"))] == [1]
    assert [line for line, _ in said(api("GET", f"{path}?q=A_B"))] == [4]
    assert [line for line, _ in said(api("GET", f"{path}?q=b&after=4"))] == [5]
    assert len(said(api("GET", f"{path}?q="))) == 5


def test_the_newest_attempt_is_shown_unless_another_one_is_asked_for(api: Api, deployed: Connection) -> None:
    execution_id = ran(deployed, "cleanup", "first")
    deployed.execute("UPDATE lamplighter.execution SET attempt = 2")
    deployed.execute(
        "INSERT INTO lamplighter.job_log SELECT execution_id, scheduled_at, 2, 1, logged_at, level, 'second', NULL"
        " FROM lamplighter.job_log"
    )
    path = f"{BASE}/executions/{execution_id}/logs"
    assert said(api("GET", path)) == [(1, "second")]
    assert said(api("GET", f"{path}?attempt=1")) == [(1, "first")]
    assert api("GET", f"{path}?attempt=9").json["lines"] == []


def test_long_lines_make_a_page_that_lambda_can_answer_with_and_paging_goes_on(api: Api, deployed: Connection) -> None:
    path = f"{BASE}/executions/{ran(deployed, 'cleanup', *[LONG] * 99)}/logs?limit=1000"
    newest = api("GET", path)
    assert len(json.dumps(newest.body)) < 6_000_000
    first, last, has_earlier, _ = around(newest)
    assert (last, has_earlier, first is not None and 1 < first < 90) == (99, True, True)
    first, last, _, has_later = around(api("GET", f"{path}&after=0"))
    assert (first, has_later, last is not None and 10 < last < 99) == (1, True, True)


def test_thirty_thousand_lines_open_at_their_end_and_page_upwards_in_well_under_a_second(
    api: Api, deployed: Connection
) -> None:
    execution_id = ran(deployed, "cleanup", "one")
    deployed.execute(
        "INSERT INTO lamplighter.job_log SELECT execution_id, scheduled_at, 1, n, logged_at, level, 'line ' || n, NULL"
        " FROM lamplighter.job_log, generate_series(2, 30000) n"
    )
    path = f"{BASE}/executions/{execution_id}/logs?limit=1000"
    for query, first in (("", 29_001), ("&before=15000", 14_000), ("&q=line%2017", 17_000)):
        begun = time.perf_counter()
        answer = api("GET", path + query)
        assert time.perf_counter() - begun < 1
        assert answer.json["firstLine"] == first


@pytest.mark.parametrize(
    "query",
    [
        "after=1&before=9", "before=-1", "before=x", "level=TRACE", "level=info", "attempt=0", "attempt=", "limit=0",
        "limit=1001", "q=%00", f"q={'x' * 201}", "tail=1",
    ],
)  # fmt: skip
def test_a_query_nobody_can_mean_is_400(api: Api, deployed: Connection, query: str) -> None:
    answer = api("GET", f"{BASE}/executions/{uuid.uuid4()}/logs?{query}")
    assert (answer.status, answer.code) == (400, "validation_failed")


def test_lines_of_another_execution_are_not_among_them(api: Api, deployed: Connection) -> None:
    ran(deployed, "cleanup", "theirs")
    assert said(api("GET", f"{BASE}/executions/{ran(deployed, 'by-hand', 'mine')}/logs")) == [(1, "mine")]


def test_an_execution_without_lines_has_none(api: Api, deployed: Connection) -> None:
    assert said(api("GET", f"{BASE}/executions/{run(deployed, 'cleanup', FIRST, None)}/logs")) == []


@pytest.mark.parametrize("after", ["-1", "1.5", "x", "", "2147483648", "9" * 400, "²", "1%27"])
def test_what_is_no_line_number_is_refused_with_the_rule(api: Api, deployed: Connection, after: str) -> None:
    answer = api("GET", f"{BASE}/executions/{uuid.uuid4()}/logs?after={after}")
    assert (answer.status, answer.code) == (400, "validation_failed")
    assert "a whole number" in answer.json["detail"]


@pytest.mark.parametrize("execution_id", [str(uuid.UUID(int=1)), "1", "%00", "a" * 300])
def test_an_unknown_or_impossible_id_is_404(api: Api, execution_id: str) -> None:
    answer = api("GET", f"{BASE}/executions/{execution_id}/logs")
    assert (answer.status, answer.code) == (404, "executions_not_found")


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "GET", f"/executions/{uuid.uuid4()}/logs")


def test_managing_does_not_include_seeing(api: Api) -> None:
    assert_needs("jobs.view", api, "GET", f"/executions/{uuid.uuid4()}/logs")
