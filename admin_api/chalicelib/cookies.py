"""The cookies of browsers, of a session and of a login at the issuer: how they are read, set and taken away."""

from __future__ import annotations

from datetime import timedelta

from chalice.app import Request

# RFC 6265bis §4.1.3: browsers take a name with this prefix only from a secure origin, for this host and all its paths.
NAME = "__Host-lamplighter-session"
OIDC_LOGIN = "__Host-lamplighter-oidc-login"
# Lax, not Strict: a link to a page in a chat is to open the page, and the issuer sends the browser back by one. What
# changes something must be of the same origin.
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"


def session(request: Request) -> str | None:
    """The session cookie's value, None without it."""
    return _value(request, NAME)


def set_session(value: str, *, lifetime: timedelta) -> str:
    """The Set-Cookie header that sets it."""
    return _set(NAME, value, lifetime)


def drop_session() -> str:
    """The Set-Cookie header that takes it away."""
    return _set(NAME, "", timedelta())


def oidc_login(request: Request) -> str | None:
    """What a login at the issuer was begun with, None where none was."""
    return _value(request, OIDC_LOGIN)


def set_oidc_login(value: str, *, lifetime: timedelta) -> str:
    """The Set-Cookie header that keeps it for the callback."""
    return _set(OIDC_LOGIN, value, lifetime)


def drop_oidc_login() -> str:
    """The Set-Cookie header that takes it away."""
    return _set(OIDC_LOGIN, "", timedelta())


def _value(request: Request, cookie: str) -> str | None:
    for pair in str(request.headers.get("cookie", "")).split(";"):
        name, _, value = pair.strip().partition("=")
        if name == cookie:
            return value or None
    return None


def _set(name: str, value: str, lifetime: timedelta) -> str:
    return f"{name}={value}; Max-Age={int(lifetime.total_seconds())}; {_ATTRIBUTES}"
