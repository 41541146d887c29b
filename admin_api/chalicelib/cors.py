"""Which pages of other origins may read our answers: none but those of CORS_ALLOWED_ORIGINS (fetch.spec.whatwg.org).

No credentials: such a page sends its own bearer token, and a browser's cookie never comes along.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalice.app import Request

from functions.errors import SettingsError
from functions.settings import settings

_EXPOSED = (
    "ETag", "Link", "Location", "Retry-After", "WWW-Authenticate", "X-RateLimit-Limit", "X-RateLimit-Remaining",
    "X-RateLimit-Reset", "X-Request-Id",
)  # fmt: skip
_SENDABLE = ("Authorization", "Content-Type", "If-Match", "If-None-Match")
# What browsers keep a preflight's answer for at most is less (Chromium: two hours).
_KEPT_S = 3600


def headers(request: Request) -> Mapping[str, str]:
    """What goes with every answer: nothing while no origin is allowed, and to others only that it depends on them."""
    allowed = _allowed()
    if not allowed:
        return {}
    origin = _origin(request)
    if origin not in allowed:
        return {"Vary": "Origin"}
    return {
        "Vary": "Origin",
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Expose-Headers": ", ".join(_EXPOSED),
    }


def is_preflight(request: Request) -> bool:
    """Whether a browser asks for an allowed origin if a page may send a request."""
    asks = request.method == "OPTIONS" and "access-control-request-method" in request.headers
    return asks and _origin(request) in _allowed()


def preflight_headers(methods: Iterable[str]) -> Mapping[str, str]:
    """The answer to a preflight, for a path with these methods."""
    return {
        "Access-Control-Allow-Methods": ", ".join(sorted(methods)),
        "Access-Control-Allow-Headers": ", ".join(_SENDABLE),
        "Access-Control-Max-Age": str(_KEPT_S),
    }


def _allowed() -> tuple[str, ...]:
    try:
        return settings().cors_allowed_origins
    except SettingsError:
        return ()  # the answer this goes with says so


def _origin(request: Request) -> str:
    return str(request.headers.get("origin", ""))
