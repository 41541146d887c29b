"""What API Gateway answers by itself ("Gateway responses", REST APIs): as problem documents, like the function's own.

For each of AWS's response types: on AWS the REST API is given them, and on this machine our gateway answers with them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple


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
# Bytes; below it the headers are most of an answer. ("Enable payload compression for an API in API Gateway".)
MINIMUM_COMPRESSED = 1_000
CODES = frozenset(response.code for response in RESPONSES.values())
# As on the function's own answers: admin_api/chalicelib/outgoing.py.
HEADERS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
}
_NO_SOURCE = " 'none'"
_RETRY = {"Retry-After": "1"}
_RETRIED = (429, 502, 504)


def problem(stated: GatewayResponse, *, instance: str, request_id: str) -> dict[str, Any]:
    """The problem document (RFC 9457) that says it."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(stated.status).phrase,
        "status": stated.status,
        "detail": stated.detail,
        "instance": instance,
        "code": stated.code,
        "requestId": request_id,
    }


def headers(stated: GatewayResponse) -> dict[str, str]:
    """The headers that go with it, beside the request's id."""
    said = {"Content-Type": "application/problem+json", **HEADERS, **(_RETRY if stated.status in _RETRIED else {})}
    if stated.status == HTTPStatus.UNAUTHORIZED:
        said["WWW-Authenticate"] = "Bearer"
    return said


def gateway_responses() -> dict[str, Any]:
    """All of them as API Gateway takes them ("x-amazon-apigateway-gateway-responses"); it fills in `$context`."""
    return {
        kind: {
            "statusCode": str(stated.status),
            "responseParameters": {
                **{f"gatewayresponse.header.{name}": _literal(value) for name, value in headers(stated).items()},
                "gatewayresponse.header.X-Request-Id": "context.requestId",
            },
            # Whatever the request accepts: the header above says what it really is.
            "responseTemplates": {
                "application/json": json.dumps(
                    problem(stated, instance="$context.path", request_id="$context.requestId")
                )
            },
        }
        for kind, stated in RESPONSES.items()
    }


def _literal(value: str) -> str:
    # API Gateway takes a literal in single quotes, and says nothing of quotes within one. In a content security policy,
    # a directive without sources is one with 'none' (CSP Level 3, "Does url match source list?").
    return f"'{value.replace(_NO_SOURCE, '')}'"
