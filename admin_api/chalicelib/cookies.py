"""The session cookie of browsers: how it is read, set and taken away."""

from __future__ import annotations

from datetime import timedelta

from chalice.app import Request

# RFC 6265bis §4.1.3: browsers take a name with this prefix only from a secure origin, for this host and all its paths.
NAME = "__Host-lamplighter-session"
# Lax, not Strict: a link to a page in a chat is to open the page. What changes something must be of the same origin.
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"


def session(request: Request) -> str | None:
    """The cookie's value, None without it."""
    for pair in str(request.headers.get("cookie", "")).split(";"):
        name, _, value = pair.strip().partition("=")
        if name == NAME:
            return value or None
    return None


def set_session(value: str, *, lifetime: timedelta) -> str:
    """The Set-Cookie header that sets it."""
    return f"{NAME}={value}; Max-Age={int(lifetime.total_seconds())}; {_ATTRIBUTES}"


def drop_session() -> str:
    """The Set-Cookie header that takes it away."""
    return f"{NAME}=; Max-Age=0; {_ATTRIBUTES}"
