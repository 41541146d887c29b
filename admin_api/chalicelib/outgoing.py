"""Every answer that leaves: JSON, nothing, and the headers all of them carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from chalice.app import Request, Response

from chalicelib import cors, incoming, problems
from functions.text import Text

# OWASP "REST Security Cheat Sheet", security headers: an API that is never a page and never to be kept.
_ALWAYS: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000",
    "X-Content-Type-Options": "nosniff",
}
_NO_REQUEST = Request(
    {
        "requestContext": {"httpMethod": "", "resourcePath": ""},
        "headers": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
        "path": "",
    },
    None,
)


def as_json(body: object, *, status: int = 200, **headers: str) -> Response:
    """An answer with this body; msgspec writes it, ten times faster than Chalice would."""
    sent = {"Content-Type": "application/json", **_named(headers)}
    return Response(msgspec.json.encode(body, enc_hook=_plain).decode(), status_code=status, headers=sent)


def _plain(value: object) -> str:
    """A sentence as what it says: msgspec takes no subclass of str by itself."""
    if isinstance(value, Text):
        return str(value)
    raise NotImplementedError(f"an answer holds {type(value).__qualname__}, which JSON has not")


def no_content(**headers: str) -> Response:
    """204: it is done, and there is nothing to say."""
    return Response("", status_code=204, headers=_named(headers))


def created(**headers: str) -> Response:
    """201: Location is what there is now. No body: who may change may not always see."""
    return Response("", status_code=201, headers=_named(headers))


def accepted(**headers: str) -> Response:
    """202: it was asked for, and Location shows what becomes of it. No body: who may change may not always see."""
    return Response("", status_code=202, headers=_named(headers))


def found(location: str, **headers: str | list[str]) -> Response:
    """302: the browser goes there."""
    return Response("", status_code=302, headers={"Location": location, **_named(headers)})


def finish(request: Request | None, respond: Callable[[Request | None], Response]) -> Response:
    """Chalice's outermost step: its own refusals become problem documents, and every answer gets the headers.

    Chalice gives no request for an event that is none of API Gateway's.
    """
    response = respond(request)
    request = request or _NO_REQUEST
    if _is_chalices_own(response.body):
        response = problems.of_chalice(response, request)
    shared = cors.headers(request)
    response.headers = {**_ALWAYS, **shared, **response.headers, "X-Request-Id": incoming.request_id(request)}
    return response


def _named(headers: Mapping[str, str | list[str]]) -> dict[str, str | list[str]]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _is_chalices_own(body: Any) -> bool:
    return isinstance(body, dict) and body.keys() == {"Code", "Message"}
