"""Logins and who one is, as the API says them."""

from __future__ import annotations

from typing import Literal

from chalicelib.callers import Caller
from chalicelib.serializers.output import Instant, Output, Seconds, Uuid, instant
from chalicelib.services.sessions import Tokens
from functions.db.sessions import LiveSession


class TokenPair(Output, kw_only=True):
    """`accessToken` goes into the Authorization header, for `expiresIn` seconds; `refreshToken` gets the next pair."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 - RFC 6750's name
    expires_in: Seconds
    refresh_token: str


class Me(Output, kw_only=True):
    """Who the caller is. Without a session, for a token the deployment's key was used for: no id, roles and end."""

    user_id: Uuid | None
    name: str
    roles: list[str]
    permissions: list[str]
    session_expires_at: Instant | None


def token_pair(tokens: Tokens) -> TokenPair:
    """A program's tokens."""
    return TokenPair(
        access_token=tokens.access_token,
        expires_in=tokens.lifetime.total_seconds(),
        refresh_token=tokens.refresh_token,
    )


def me(caller: Caller, session: LiveSession | None) -> Me:
    """The caller, with the session they called with."""
    return Me(
        user_id=None if caller.user_id is None else str(caller.user_id),
        name=caller.actor,
        roles=[] if session is None else list(session.roles),
        permissions=sorted(caller.permissions),
        session_expires_at=None if session is None else instant(session.expires_at),
    )
