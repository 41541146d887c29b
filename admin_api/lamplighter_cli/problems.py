"""What an answer that is no success means: its problem document in a line, and an exit code by its status or code."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import requests

from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure, NotLoggedIn, Unavailable

_BY_STATUS: Mapping[int, ExitCode] = {
    400: ExitCode.USAGE,
    403: ExitCode.NOT_PERMITTED,
    404: ExitCode.NOT_FOUND,
    409: ExitCode.REFUSED,
    412: ExitCode.REFUSED,
    413: ExitCode.USAGE,
    415: ExitCode.USAGE,
    422: ExitCode.USAGE,
    428: ExitCode.REFUSED,
    429: ExitCode.RATE_LIMITED,
}
# 400 as the contract has it, and nothing that was asked for in a wrong way.
_BY_CODE: Mapping[str, ExitCode] = {
    "jobs_trigger_failed": ExitCode.REFUSED,
    "jobs_restore_failed": ExitCode.REFUSED,
}
_AWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)


def failure(response: requests.Response, *, is_change: bool) -> Failure:
    """What this answer means. is_change: whether the request may have changed something."""
    problem = document(response)
    code, request_id = problem.get("code"), problem.get("requestId") or response.headers.get("X-Request-Id")
    said = {"code": str(code) if code else None, "request_id": str(request_id) if request_id else None}
    message = _message(response, problem, is_change=is_change)
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        return NotLoggedIn(message, **said)
    if response.status_code in _AWAY:
        return Unavailable(message, **said)
    exit_code = _BY_CODE.get(str(code)) or _BY_STATUS.get(response.status_code, ExitCode.UNEXPECTED)
    if code is None and exit_code in (ExitCode.NOT_FOUND, ExitCode.NOT_PERMITTED):
        # API Gateway's own words for a path it has no route for, or another server's: nothing of ours.
        exit_code = ExitCode.UNEXPECTED
    return Failure(exit_code, message, **said)


def retry_after_s(response: requests.Response) -> float | None:
    """How long the answer asks to wait (RFC 9110 §10.2.3, in seconds); None when it does not say."""
    try:
        return max(0.0, float(response.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


def document(response: requests.Response) -> dict[str, Any]:
    """The problem document of this answer; empty when it has none."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _message(response: requests.Response, problem: Mapping[str, Any], *, is_change: bool) -> str:
    if "code" not in problem:
        said = str(problem.get("message") or response.reason or "")[:200]
        where = f"{response.request.method} {response.request.path_url.partition('?')[0]}"
        return f"{where} answered {response.status_code} {said}: is this the address of an admin API?"
    detail = str(problem.get("detail") or problem.get("title") or problem["code"])
    wait_s = retry_after_s(response)
    if not is_change or wait_s is None:
        return detail
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return f"{detail}; nothing was changed"
    return f"{detail}; look before you repeat it, not before {wait_s:.0f} s"
