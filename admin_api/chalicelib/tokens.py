"""Bearer tokens: JWTs signed with HS256 and the deployment's key. Needs no Chalice, so scripts can sign one too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import jwt

from chalicelib.refusals import NotAuthenticated

ISSUER = "lamplighter"
AUDIENCE = "lamplighter-admin"
_ALGORITHM = "HS256"
_REQUIRED = ("exp", "iat", "sub", "iss", "aud", "permissions")
# What two clocks may differ by.
_LEEWAY = timedelta(seconds=10)
# No token of ours comes near this; API Gateway itself lets 10,240 bytes of headers through.
_LONGEST_TOKEN = 8 * 1024
_LONGEST_ACTOR = 200


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a valid token speaks for, and what they may do."""

    actor: str
    permissions: frozenset[str]


def sign(key: str, identity: Identity, *, now: datetime, lifetime: timedelta) -> str:
    """A token for this identity, valid from now for `lifetime`. The key is Settings.auth_signing_key."""
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": identity.actor,
        "permissions": sorted(identity.permissions),
        "iat": now,
        "exp": now + lifetime,
    }
    return jwt.encode(claims, key, algorithm=_ALGORITHM)


def verify(key: str, token: str) -> Identity:
    """Who the token speaks for. Raises NotAuthenticated, always the same, whatever is wrong with it."""
    if len(token) > _LONGEST_TOKEN:
        raise NotAuthenticated
    try:
        return _identity(_claims(key, token))
    except Exception as error:  # whatever a hostile token does to the parser, it is not let in
        raise NotAuthenticated from error


def _claims(key: str, token: str) -> dict[str, Any]:
    return jwt.decode(
        token,
        key,
        algorithms=[_ALGORITHM],
        issuer=ISSUER,
        audience=AUDIENCE,
        leeway=_LEEWAY,
        options={"require": list(_REQUIRED)},
    )


def _identity(claims: dict[str, Any]) -> Identity:
    actor, permissions = claims["sub"], claims["permissions"]
    if not isinstance(permissions, list) or not all(isinstance(name, str) for name in permissions):
        raise ValueError("permissions must be a list of strings")
    # The actor goes into PostgreSQL and into lists people read: no control characters, no novels.
    if not (isinstance(actor, str) and actor.isprintable() and 0 < len(actor) <= _LONGEST_ACTOR):
        raise ValueError(f"sub must be 1 to {_LONGEST_ACTOR} printable characters")
    return Identity(actor=actor, permissions=frozenset(permissions))
