"""Errors as problem documents (RFC 9457), in one place: which status each code has, and what the client is told."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from chalice.app import Request, Response

from chalicelib import incoming
from chalicelib.refusals import MethodNotAllowed, Refusal, RouteNotFound
from chalicelib.serializers.output import Output
from functions.errors import AwsThrottled, JobsError

STATUSES: Mapping[str, HTTPStatus] = {
    "auth_not_authenticated": HTTPStatus.UNAUTHORIZED,
    "auth_login_failed": HTTPStatus.UNAUTHORIZED,
    "auth_too_many_attempts": HTTPStatus.TOO_MANY_REQUESTS,
    "auth_cross_site": HTTPStatus.FORBIDDEN,
    "auth_oidc_not_configured": HTTPStatus.NOT_FOUND,
    "auth_oidc_login_failed": HTTPStatus.BAD_REQUEST,
    "auth_issuer_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "auth_insufficient_permissions": HTTPStatus.FORBIDDEN,
    "server_too_many_requests": HTTPStatus.TOO_MANY_REQUESTS,
    "validation_failed": HTTPStatus.BAD_REQUEST,
    "content_type_unsupported": HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "body_too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "precondition_failed": HTTPStatus.PRECONDITION_FAILED,
    "not_found": HTTPStatus.NOT_FOUND,
    "method_not_allowed": HTTPStatus.METHOD_NOT_ALLOWED,
    "auth_beyond_own_permissions": HTTPStatus.FORBIDDEN,
    "users_not_found": HTTPStatus.NOT_FOUND,
    "users_invalid": HTTPStatus.BAD_REQUEST,
    "users_name_taken": HTTPStatus.CONFLICT,
    "users_password_wrong": HTTPStatus.FORBIDDEN,
    "users_last_administrator": HTTPStatus.CONFLICT,
    "roles_not_found": HTTPStatus.NOT_FOUND,
    "roles_invalid": HTTPStatus.BAD_REQUEST,
    "roles_name_taken": HTTPStatus.CONFLICT,
    "roles_builtin": HTTPStatus.CONFLICT,
    "jobs_not_found": HTTPStatus.NOT_FOUND,
    "executions_not_found": HTTPStatus.NOT_FOUND,
    "executions_already_finished": HTTPStatus.CONFLICT,
    "executions_not_retryable": HTTPStatus.CONFLICT,
    "executions_not_reschedulable": HTTPStatus.CONFLICT,
    "enqueue_invalid": HTTPStatus.BAD_REQUEST,
    "params_invalid": HTTPStatus.BAD_REQUEST,
    "jobs_disabled": HTTPStatus.CONFLICT,
    "jobs_trigger_failed": HTTPStatus.BAD_REQUEST,
    "jobs_restore_failed": HTTPStatus.BAD_REQUEST,
    "database_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "secret_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
    "reconcile_running": HTTPStatus.CONFLICT,
    "aws_limit_exceeded": HTTPStatus.CONFLICT,
    "database_busy": HTTPStatus.SERVICE_UNAVAILABLE,
    "aws_throttled": HTTPStatus.SERVICE_UNAVAILABLE,
    "aws_unavailable": HTTPStatus.SERVICE_UNAVAILABLE,
}
_UNEXPECTED = "server_error"
# What is said instead of the error's own words, which name hosts and variables.
_DETAILS: Mapping[str, str] = {
    "database_unavailable": "PostgreSQL cannot be reached: try again in a moment",
    "database_busy": "PostgreSQL did not do this in time, and nothing of its last step was kept: try again in a moment",
    "secret_unavailable": "a secret of this deployment cannot be read: try again in a moment; the log has the reason",
    _UNEXPECTED: "something went wrong on our side: the log has the rest under this request id",
}


# What has no better answer to when: AWS's and PostgreSQL's short troubles are over by then.
_RETRY_AFTER: Mapping[HTTPStatus, Mapping[str, str]] = {HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "5"}}


class Problem(Output, kw_only=True):
    """An error: `code` is for programs and never changes, `detail` for people, `requestId` is in log and audit."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str


_log = logging.getLogger(__name__)


def of(error: Exception, request: Request) -> Response:
    """The answer to this error."""
    problem = described(error, request)
    headers: dict[str, str | list[str]] = {"Content-Type": "application/problem+json", **headers_of(error, problem)}
    return Response(msgspec.json.encode(problem).decode(), status_code=problem.status, headers=headers)


def described(error: Exception, request: Request) -> Problem:
    """What the client is told of this error. What is our fault is also logged, one line with the request id."""
    code = _code(error)
    status = STATUSES.get(code, HTTPStatus.INTERNAL_SERVER_ERROR)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request %s ended as %s", incoming.request_id(request), code, exc_info=error)
    return Problem(
        title=status.phrase,
        status=status.value,
        detail=_storable(_DETAILS.get(code) or str(error)),
        instance=_storable(incoming.path(request)),
        code=code,
        request_id=incoming.request_id(request),
    )


def headers_of(error: Exception, problem: Problem) -> Mapping[str, str]:
    """The headers that go with the answer to this error."""
    return error.headers if isinstance(error, Refusal) else _RETRY_AFTER.get(HTTPStatus(problem.status), {})


def of_chalice(response: Response, request: Request) -> Response:
    """The answer in place of one Chalice made itself: a method its route table lacks, or an event it cannot read."""
    allowed = response.headers.get("Allow")
    if isinstance(allowed, str) and allowed:
        return of(MethodNotAllowed(request.method, allowed.split(", ")), request)
    if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return of(RouteNotFound(), request)
    return of(RuntimeError(f"Chalice answered {response.body}"), request)


def _code(error: Exception) -> str:
    if _was_throttled(error):
        return AwsThrottled.code
    return error.code if isinstance(error, JobsError) and error.code in STATUSES else _UNEXPECTED


def _was_throttled(error: BaseException | None) -> bool:
    """Whether this failed because AWS took no more calls, whatever what failed is called."""
    while error is not None:
        if isinstance(error, AwsThrottled):
            return True
        error = error.__cause__
    return False


def _storable(text: str) -> str:
    """The text without half surrogate pairs, which JSON in an event can hold and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()
