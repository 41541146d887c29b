"""What API Gateway answers by itself ("Gateway responses", REST APIs): as problem documents, like the function's own.

For each of AWS's response types, so that a REST API in front of a deployment can be given the same.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from infra.local.gateway_event import HttpResponse


class GatewayResponse(NamedTuple):
    """One of AWS's response types as we have it answered."""

    status: int
    code: str
    detail: str


_FAILED = GatewayResponse(502, "gateway_function_failed", "the API's function did not answer this: try again")
_TIMED_OUT = GatewayResponse(504, "gateway_function_timed_out", "the API's function did not answer in time: try again")
_BAD_REQUEST = GatewayResponse(400, "gateway_request_refused", "this is no request that can be passed on: see RFC 9110")
_REFUSED = GatewayResponse(403, "gateway_request_refused", "this request is refused before it reaches the API")
_NO_ROUTE = GatewayResponse(404, "not_found", "nothing is at this path: see /openapi.json")
_TOO_LARGE = GatewayResponse(413, "body_too_large", "the body is larger than anything that can be sent: at most 10 MB")
# By type as AWS names them; what is not here has DEFAULT_4XX or DEFAULT_5XX.
RESPONSES: Mapping[str, GatewayResponse] = {
    "ACCESS_DENIED": GatewayResponse(403, "auth_insufficient_permissions", "your token does not permit this"),
    "BAD_REQUEST_BODY": _BAD_REQUEST,
    "BAD_REQUEST_PARAMETERS": _BAD_REQUEST,
    "DEFAULT_4XX": _REFUSED,
    "DEFAULT_5XX": _FAILED,
    "EXPIRED_TOKEN": GatewayResponse(401, "auth_not_authenticated", "send a valid token"),
    "INTEGRATION_FAILURE": _FAILED,
    "INTEGRATION_TIMEOUT": _TIMED_OUT,
    "MISSING_AUTHENTICATION_TOKEN": _NO_ROUTE,  # AWS's name for a path it has no route for
    "QUOTA_EXCEEDED": GatewayResponse(429, "server_too_many_requests", "more requests than this API takes: slow down"),
    "REQUEST_TOO_LARGE": _TOO_LARGE,
    "RESOURCE_NOT_FOUND": _NO_ROUTE,
    "THROTTLED": GatewayResponse(429, "server_too_many_requests", "more requests than this API takes: slow down"),
    "UNAUTHORIZED": GatewayResponse(401, "auth_not_authenticated", "send a valid token"),
    "WAF_FILTERED": _REFUSED,
}
CODES = frozenset(response.code for response in RESPONSES.values())
# As on the function's own answers: admin_api/chalicelib/outgoing.py.
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
}
_RETRY = {"Retry-After": "1"}
_RETRIED = (429, 502, 504)


def response(kind: str, path: str = "") -> HttpResponse:
    """The answer of this type to a request for a path, with an id of its own."""
    return _answer(RESPONSES[kind], path)


def no_method(path: str = "") -> HttpResponse:
    """A method no API Gateway knows."""
    stated = GatewayResponse(405, "method_not_allowed", "use DELETE, GET, HEAD, OPTIONS, PATCH, POST or PUT")
    return _answer(stated, path, Allow="DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")


def length_required(path: str = "") -> HttpResponse:
    """A body whose length is not said, which AWS does not pass on."""
    return _answer(GatewayResponse(411, "gateway_request_refused", "say how long the body is: Content-Length"), path)


def headers_too_large(path: str = "") -> HttpResponse:
    """More bytes of headers than AWS takes."""
    return _answer(GatewayResponse(431, "gateway_request_refused", "the headers have more than 10,240 bytes"), path)


def _answer(stated: GatewayResponse, path: str, **more: str) -> HttpResponse:
    request_id = str(uuid.uuid4())
    problem = {
        "type": "about:blank",
        "title": HTTPStatus(stated.status).phrase,
        "status": stated.status,
        "detail": stated.detail,
        "instance": path,
        "code": stated.code,
        "requestId": request_id,
    }
    headers = {
        "Content-Type": "application/problem+json", **HEADERS, **(_RETRY if stated.status in _RETRIED else {}),
        "X-Request-Id": request_id, **more,
    }  # fmt: skip
    if stated.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return HttpResponse(status=stated.status, headers=[*headers.items()], body=json.dumps(problem).encode())
