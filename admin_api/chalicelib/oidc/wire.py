"""HTTP to the issuer: JSON back, bounded in time and size, over TLS, with no redirect followed and no proxy asked."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from time import monotonic
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalicelib.refusals import IssuerUnavailable
from functions.deadline import is_over
from functions.oidc_settings import is_secure

# For connecting and for each piece; for all of it. None begins once the request's 15 s are over (patience.py), so that
# three in a row (discovery, keys, code) end before the 25 s after which a client must have heard from us.
_PATIENCE_S = 3.0
_WHOLE_ANSWER_S = 6.0
# Discovery documents have 2 to 10 KB, key sets less.
_LARGEST = 256 * 1024
_FAULTS = (OSError, http.client.HTTPException, ValueError, RecursionError)


@dataclass(frozen=True)
class Answer:
    """What the issuer answered: an object, empty where it sent something else."""

    status: int
    body: Mapping[str, Any]


def get(url: str) -> Mapping[str, Any]:
    """The JSON object at this URL. Raises IssuerUnavailable when it is not to be had now."""
    answer = _exchange("GET", url, None, {})
    if answer.status != http.HTTPStatus.OK:
        raise IssuerUnavailable(f"{url} answered {answer.status}")
    return answer.body


def post(url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
    """What the issuer says to this form, whatever that is. Raises IssuerUnavailable when it says nothing of use."""
    sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    answer = _exchange("POST", url, urlencode(form), sent)
    if answer.status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
        raise IssuerUnavailable(f"{url} answered {answer.status}")
    return answer


def _exchange(method: str, url: str, body: str | None, headers: Mapping[str, str]) -> Answer:
    if not is_secure(url):
        raise IssuerUnavailable(f"{url[:200]!r} is no https:// URL")
    if is_over():
        raise IssuerUnavailable(f"{url} was not asked: the time this request has is over")
    parts, begun = urlsplit(url), monotonic()
    connection = _connection(parts.scheme, str(parts.hostname), parts.port)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body, {"Accept": "application/json", **headers})
        response = connection.getresponse()
        return Answer(response.status, _parsed(_read(response, begun)))
    except _FAULTS as error:
        raise IssuerUnavailable(f"{url}: {type(error).__name__}: {error}") from error
    finally:
        connection.close()


def _connection(scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=_PATIENCE_S)
    return http.client.HTTPSConnection(host, port, timeout=_PATIENCE_S, context=_trust())


@cache
def _trust() -> ssl.SSLContext:
    return ssl.create_default_context()


def _read(response: http.client.HTTPResponse, begun: float) -> bytes:
    """The body. A socket's timeout is for each piece: one byte a second would otherwise be read for ever."""
    content = b""
    while piece := response.read1(65_536):
        content += piece
        if len(content) > _LARGEST or monotonic() - begun > _WHOLE_ANSWER_S:
            raise ValueError("the answer is too long, or takes too long")
    return content


def _parsed(content: bytes) -> Mapping[str, Any]:
    value = json.loads(content or b"{}")
    return value if isinstance(value, dict) else {}
