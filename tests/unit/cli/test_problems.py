"""What an answer that is no success means: a line and an exit code."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
import requests

from chalicelib import problems as served
from lamplighter_cli import problems
from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import NotLoggedIn, Unavailable


def answer(status: int, body: object, headers: Mapping[str, str] | None = None) -> requests.Response:
    response = requests.Response()
    response.status_code = status
    response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response.headers.update(headers or {})
    response.reason = "Said"
    response.request = requests.Request("GET", "https://jobs.example.com/api/v1/admin/jobs?cursor=x").prepare()
    return response


def problem(code: str) -> dict[str, object]:
    return {"code": code, "detail": "this\nis why", "status": 0, "requestId": "r-1"}


EXPECTED = {
    400: ExitCode.USAGE, 401: ExitCode.NOT_LOGGED_IN, 403: ExitCode.NOT_PERMITTED, 404: ExitCode.NOT_FOUND,
    405: ExitCode.UNEXPECTED, 409: ExitCode.REFUSED, 412: ExitCode.REFUSED, 413: ExitCode.USAGE, 415: ExitCode.USAGE,
    422: ExitCode.USAGE, 429: ExitCode.RATE_LIMITED, 500: ExitCode.UNEXPECTED, 503: ExitCode.UNAVAILABLE,
}  # fmt: skip


@pytest.mark.parametrize(("code", "status"), [(code, int(status)) for code, status in served.STATUSES.items()])
def test_every_code_of_the_api_has_the_exit_code_of_its_kind(code: str, status: int) -> None:
    by_code = {"jobs_trigger_failed": ExitCode.REFUSED, "jobs_restore_failed": ExitCode.REFUSED}
    failure = problems.failure(answer(status, problem(code)), is_change=False)
    assert failure.exit_code == by_code.get(code, EXPECTED[status])


def test_a_problem_is_one_line_with_its_code_and_request() -> None:
    failure = problems.failure(answer(404, problem("jobs_not_found")), is_change=False)
    assert failure.line == "this is why (jobs_not_found, request r-1)"
    assert failure.fields == {
        "detail": "this\nis why", "code": "jobs_not_found", "requestId": "r-1", "exitCode": 5,
    }  # fmt: skip


def test_what_is_away_and_who_is_not_logged_in_are_told_apart_by_type() -> None:
    assert isinstance(problems.failure(answer(401, problem("x")), is_change=False), NotLoggedIn)
    for status in (502, 503, 504):
        assert isinstance(problems.failure(answer(status, {"message": "x"}), is_change=False), Unavailable)


@pytest.mark.parametrize("status", [403, 404])
@pytest.mark.parametrize("body", [{"message": "Missing Authentication Token"}, b"<html>", [], b""])
def test_what_no_api_of_ours_has_said_is_nothing_about_permissions_or_jobs(status: int, body: object) -> None:
    failure = problems.failure(answer(status, body), is_change=False)
    assert failure.exit_code == ExitCode.UNEXPECTED
    assert "is this the address of an admin API?" in failure.line
    assert "cursor" not in failure.line


def test_a_change_that_was_too_many_says_that_nothing_was_changed() -> None:
    refused = answer(429, problem("server_too_many_requests"), {"Retry-After": "12"})
    assert "nothing was changed" in problems.failure(refused, is_change=True).line
    away = answer(503, problem("aws_unavailable"), {"Retry-After": "5"})
    assert "look before you repeat it, not before 5 s" in problems.failure(away, is_change=True).line


@pytest.mark.parametrize(
    ("header", "wanted"),
    [("3", 3.0), ("-1", 0.0), ("soon", None), ("Mon, 23 Nov 2026 12:00:00 GMT", None), (None, None)],
)
def test_how_long_to_wait_is_seconds_or_not_said(header: str | None, wanted: float | None) -> None:
    headers = {} if header is None else {"Retry-After": header}
    assert problems.retry_after_s(answer(503, {}, headers)) == wanted
