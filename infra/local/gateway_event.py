"""API Gateway's two formats: the proxy event it makes of an HTTP request, and the HTTP response it makes of an answer.

Source: Amazon API Gateway Developer Guide, "Set up Lambda proxy integrations in API Gateway" (REST APIs).
"""

from __future__ import annotations

import base64
import json
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from infra.local.gateway_routes import Match

# What concerns only this one connection (RFC 9110 §7.6.1), and what the receiving side counts again.
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection"}
_HOP_BY_HOP |= {"te", "trailer", "transfer-encoding", "upgrade"}
_NOT_RETURNED = _HOP_BY_HOP | {"content-length", "date"}
_STAGE = "local"
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class MalformedAnswer(Exception):
    """The function's answer is not one API Gateway understands; the client gets a 502."""


@dataclass(frozen=True, kw_only=True)
class HttpRequest:
    """What arrived: raw path and query as sent, headers in order."""

    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    source_ip: str
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class HttpResponse:
    """What goes back."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""


def proxy_event(request: HttpRequest, match: Match) -> dict[str, Any]:
    """The event of a REST API behind a custom domain: the path has no stage in front. Encoding of the path is kept."""
    headers = _grouped((name, value) for name, value in _forwarded(request) if name.lower() not in _HOP_BY_HOP)
    query = _grouped(parse_qsl(request.query, keep_blank_values=True))
    body, is_base64 = _text(request.body)
    return {
        "resource": match.resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": _last(headers),
        "multiValueHeaders": headers,
        "queryStringParameters": _last(query) or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": match.parameters or None,
        "stageVariables": None,
        "requestContext": _context(request, match, _last(headers)),
        "body": body,
        "isBase64Encoded": is_base64,
    }


def http_response(payload: bytes) -> HttpResponse:
    """The response a function's answer stands for. Raises MalformedAnswer."""
    try:
        answer = json.loads(payload)
        status = int(answer["statusCode"])
        body = _bytes(answer.get("body"), is_base64=bool(answer.get("isBase64Encoded")))
        headers = _returned(answer.get("headers") or {}, answer.get("multiValueHeaders") or {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MalformedAnswer(f"the function's answer is not a proxy response: {error!r}") from error
    if not 200 <= status <= 599:
        raise MalformedAnswer(f"the function's answer has the status {status}")
    if body and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", "application/json"))
    return HttpResponse(status=status, headers=headers, body=body)


def _forwarded(request: HttpRequest) -> list[tuple[str, str]]:
    before = [value for name, value in request.headers if name.lower() == "x-forwarded-for"]
    kept = [(name, value) for name, value in request.headers if not name.lower().startswith("x-forwarded-")]
    return [*kept, ("X-Forwarded-For", ", ".join([*before, request.source_ip])), ("X-Forwarded-Proto", "http")]


def _context(request: HttpRequest, match: Match, headers: Mapping[str, str]) -> dict[str, Any]:
    agent = next((value for name, value in headers.items() if name.lower() == "user-agent"), None)
    host = next((value for name, value in headers.items() if name.lower() == "host"), "")
    return {
        "accountId": "000000000000",
        "apiId": "local",
        "domainName": host.rpartition(":")[0] or host,
        "httpMethod": request.method,
        "identity": {"sourceIp": request.source_ip, "userAgent": agent},
        "path": request.path,
        "protocol": "HTTP/1.1",
        "requestId": str(uuid.uuid4()),
        "requestTime": request.received_at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "requestTimeEpoch": int(request.received_at.timestamp() * 1000),
        "resourceId": "local",
        "resourcePath": match.resource,
        "stage": _STAGE,
    }


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return groups


def _last(groups: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: values[-1] for name, values in groups.items()}


def _text(body: bytes) -> tuple[str | None, bool]:
    try:
        return body.decode() or None, False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _bytes(body: object, *, is_base64: bool) -> bytes:
    if body is None:
        return b""
    if not isinstance(body, str):
        raise TypeError(f"body is {type(body).__name__}, not text")
    return base64.b64decode(body, validate=True) if is_base64 else body.encode()


def _returned(single: Mapping[str, Any], multi: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Both header maps as one list; where both have a name, the values of the multi-value map count."""
    several = {name.lower() for name in multi}
    pairs = [(name, value) for name, value in single.items() if name.lower() not in several]
    pairs += [(name, value) for name, values in multi.items() for value in values]
    return [(name, _value(name, value)) for name, value in pairs if name.lower() not in _NOT_RETURNED]


def _value(name: str, value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not _HEADER_NAME.fullmatch(name) or not text.isprintable() or not text.isascii():
        raise ValueError(f"header {name!r} cannot be sent as {text!r}")
    return text
