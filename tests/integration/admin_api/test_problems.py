"""What goes wrong on our side, and what the client is told of it."""

from __future__ import annotations

import logging

import pytest

from functions.db.connection import Connection
from functions.errors import JobsError
from tests.integration.admin_api.api import BASE, Api


def test_an_unexpected_fault_is_500_with_one_log_line_and_no_stack_for_the_client(
    api: Api, deployed: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    deployed.execute("ALTER TABLE lamplighter.execution RENAME TO gone")
    with caplog.at_level(logging.WARNING):
        answer = api("GET", f"{BASE}/jobs/cleanup")
    assert (answer.status, answer.code) == (500, "server_error")
    assert "execution" not in answer.json["detail"]
    (record,) = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert answer.request_id in record.getMessage()
    assert record.exc_info is not None
    assert "UndefinedTable" in str(record.exc_info[0])


def test_after_a_fault_the_next_request_is_served(api: Api, deployed: Connection) -> None:
    deployed.execute("ALTER TABLE lamplighter.execution RENAME TO gone")
    assert api("GET", f"{BASE}/jobs/cleanup").status == 500
    deployed.execute("ALTER TABLE lamplighter.gone RENAME TO execution")
    assert api("GET", f"{BASE}/jobs/cleanup").status == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/jobs"), ("GET", "/jobs/cleanup"), ("POST", "/jobs/x/pause")])
def test_postgresql_away_is_503(offline: Api, method: str, path: str) -> None:
    answer = offline(method, BASE + path)
    assert (answer.status, answer.code) == (503, "database_unavailable")
    assert "127.0.0.1" not in answer.body


def test_a_token_is_refused_before_postgresql_is_asked(offline: Api) -> None:
    assert offline("GET", f"{BASE}/jobs", headers={}).status == 401
    assert offline("POST", f"{BASE}/jobs/x/pause", permissions=()).status == 403


def test_a_connection_that_dies_is_503_at_worst_and_opened_again(api: Api, deployed: Connection) -> None:
    assert api("GET", f"{BASE}/jobs").status == 200
    deployed.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    first, second = api("GET", f"{BASE}/jobs"), api("GET", f"{BASE}/jobs")
    assert (first.code, first.status) in (("database_unavailable", 503), (None, 200))
    assert second.status == 200


def test_every_code_with_a_status_is_one_of_the_error_tree() -> None:
    from chalicelib import problems

    known = {error.code for error in _tree(JobsError)}
    assert problems.STATUSES.keys() <= known


def _tree(error: type[JobsError]) -> list[type[JobsError]]:
    return [error, *(below for child in error.__subclasses__() for below in _tree(child))]
