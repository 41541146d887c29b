"""What API Gateway answers by itself: the statuses and messages of "Gateway responses", REST APIs."""

from __future__ import annotations

import json

from infra.local.gateway_event import HttpResponse


def _own(status: int, message: str, kind: str, **more: str) -> HttpResponse:
    body = json.dumps({"message": message}).encode()
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", kind), *more.items()]
    return HttpResponse(status=status, headers=headers, body=body)


BAD_REQUEST = _own(400, "Bad Request", "BadRequestException")
FORBIDDEN = _own(403, "Forbidden", "ForbiddenException")
NO_ROUTE = _own(403, "Missing Authentication Token", "MissingAuthenticationTokenException")
NO_METHOD = _own(
    405, "Method Not Allowed", "MethodNotAllowedException", Allow="DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
)
LENGTH_REQUIRED = _own(411, "Length Required", "BadRequestException")
TOO_LARGE = _own(413, "Request Too Long", "RequestTooLargeException")
HEADERS_TOO_LARGE = _own(431, "Request Header Fields Too Large", "BadRequestException")
FAILED = _own(502, "Internal server error", "InternalServerErrorException")
TIMED_OUT = _own(504, "Endpoint request timed out", "InternalServerErrorException")
