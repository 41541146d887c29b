"""No request hangs: whatever PostgreSQL and AWS do, the answer is there before 25 s, and says when to try again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest

from chalicelib import patience
from functions import invoker
from functions.db.connection import Connection, connect
from functions.settings import settings
from tests.integration.admin_api.api import BASE, Answer, Api
from tests.integration.admin_api.cases import audited
from tests.integration.silent import Way, silent_server

# So that a request may work for one second, where these tests wait for its end.
LEFT_S = 11.0
LONGEST_S = 25.0


def assert_unavailable(answer: Answer, code: str, begun: float, *, within_s: float = LONGEST_S) -> None:
    assert time.monotonic() - begun < within_s
    assert (answer.status, answer.code) == (503, code)
    assert int(answer.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in answer.json["detail"] or code.startswith("aws")


@pytest.fixture
def silent_aws(api: Api, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS accepts and says nothing."""
    with silent_server() as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
        invoker._client.cache_clear()
        yield
    invoker._client.cache_clear()


@pytest.mark.parametrize(("method", "path"), [("POST", "/jobs/cleanup/pause"), ("DELETE", "/jobs/cleanup")])
def test_a_lock_somebody_holds_is_not_waited_for_for_ever(
    api: Api, deployed: Connection, database_url: str, method: str, path: str
) -> None:
    before = audited(deployed)
    with connect(database_url) as other, other.transaction():
        other.execute("SELECT FROM lamplighter.job WHERE id = 'cleanup' FOR UPDATE")
        begun = time.monotonic()
        answer = api(method, BASE + path, left_s=LEFT_S)
        assert_unavailable(answer, "database_busy", begun, within_s=4)
        assert api("GET", f"{BASE}/jobs").status == 200, "the connection is of use again"
    assert audited(deployed) == before
    assert api(method, BASE + path).status == 204


def test_the_counters_row_held_by_somebody_is_no_hang_either(api: Api, deployed: Connection, database_url: str) -> None:
    api("POST", f"{BASE}/jobs/cleanup/pause")
    with connect(database_url) as other, other.transaction():
        other.execute("SELECT FROM lamplighter.mutation_count FOR UPDATE")
        begun = time.monotonic()
        assert_unavailable(api("POST", f"{BASE}/jobs/cleanup/pause", left_s=LEFT_S), "database_busy", begun, within_s=4)


def test_without_a_context_the_longest_is_far_from_the_gateways_29_s() -> None:
    assert patience.LONGEST_S + 10 <= LONGEST_S


def test_a_postgresql_that_accepts_and_never_answers_is_503(offline: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with silent_server() as port:
        monkeypatch.setenv("DATABASE_URL", f"postgresql://u:secret@127.0.0.1:{port}/nothing")
        settings.cache_clear()
        begun = time.monotonic()
        assert_unavailable(offline("GET", f"{BASE}/jobs"), "database_unavailable", begun, within_s=8)


@pytest.mark.parametrize("path", ["/jobs", "/jobs/cleanup"])
def test_a_postgresql_that_falls_silent_is_503_and_forgotten(
    api: Api, deployed: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    parts = urlsplit(database_url)
    assert parts.port is not None
    way = Way(parts.port)
    user = parts.netloc.rpartition("@")[0]
    through = urlunsplit(parts._replace(netloc=f"{user}{'@' if user else ''}127.0.0.1:{way.port}"))
    monkeypatch.setenv("DATABASE_URL", through)
    settings.cache_clear()
    try:
        assert api("GET", BASE + path).status == 200
        way.silent.set()
        begun = time.monotonic()
        assert_unavailable(api("GET", BASE + path, left_s=LEFT_S), "database_unavailable", begun, within_s=12)
        way.silent.clear()
        assert api("GET", BASE + path).status == 200
    finally:
        way.close()


def test_an_aws_that_accepts_and_never_answers_is_503(api: Api, deployed: Connection, silent_aws: None) -> None:
    assert api("POST", f"{BASE}/jobs/cleanup/pause", left_s=LEFT_S).status == 204, "PostgreSQL holds it"
    begun = time.monotonic()
    answer = api("POST", f"{BASE}/jobs/cleanup/resume", left_s=LEFT_S)
    assert_unavailable(answer, "aws_unavailable", begun, within_s=8)


def test_a_restore_of_everything_ends_in_time_with_all_the_time_it_may_have(
    api: Api, deployed: Connection, silent_aws: None
) -> None:
    begun = time.monotonic()
    answer = api("POST", f"{BASE}/jobs/restore")
    assert time.monotonic() - begun < LONGEST_S
    assert (answer.status, answer.code) == (400, "jobs_restore_failed")


def test_a_trigger_that_lambda_never_answers_ends_in_time_and_the_execution_says_so(
    api: Api, deployed: Connection, silent_aws: None
) -> None:
    begun = time.monotonic()
    answer = api("POST", f"{BASE}/jobs/cleanup/trigger", left_s=LEFT_S)
    assert time.monotonic() - begun < 10
    assert (answer.status, answer.code) == (400, "jobs_trigger_failed")
    (row,) = deployed.execute("SELECT status FROM lamplighter.execution WHERE job_id = 'cleanup'").fetchall()
    assert row == ("failed",)
