"""Bearer tokens: JWTs signed with HS256 and the deployment's keys. Needs no Chalice, so scripts can sign one too.

PyJWT is imported late: with the `cryptography` it brings it is a fifth of the API's start, and cookies need neither.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from chalicelib.refusals import NotAuthenticated

T = TypeVar("T")

ISSUER = "lamplighter"
AUDIENCE = "lamplighter-admin"
# How long a token that stands for a session is good for; its session is looked at by every request all the same.
ACCESS_LIFETIME = timedelta(minutes=15)
_ALGORITHM = "HS256"
_REQUIRED = ("exp", "iat", "sub", "iss", "aud")
# What two clocks may differ by.
_LEEWAY = timedelta(seconds=10)
# No token of ours comes near this; API Gateway itself lets 10,240 bytes of headers through.
_LONGEST_TOKEN = 8 * 1024
_LONGEST_ACTOR = 200


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who a token speaks for that says itself what they may do; the holder of the deployment's key signed it."""

    actor: str
    permissions: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class SessionToken:
    """A token that stands for a local user's session; what the user may do is in PostgreSQL."""

    user_id: uuid.UUID
    session_id: uuid.UUID


@dataclass(frozen=True)
class SigningKeys:
    """The key that signs, and those before it, whose tokens are still good."""

    current: str = field(repr=False)
    previous: tuple[str, ...] = field(default=(), repr=False)

    def named(self, kid: str | None) -> str | None:
        """The key of this id, the current one for a token that names none; None when we have no such key."""
        if kid is None:
            return self.current
        return next((key for key in self.all if key_id(key) == kid), None)

    @property
    def all(self) -> tuple[str, ...]:
        """Each of them, the current one first."""
        return (self.current, *self.previous)


def key_id(key: str) -> str:
    """What a token names this key by (`kid`, RFC 7515 §4.1.4): a digest's beginning, so nobody has to name it."""
    return hashlib.sha256(f"lamplighter signing key {key}".encode()).hexdigest()[:16]


def sign(key: str, identity: Identity, *, now: datetime, lifetime: timedelta) -> str:
    """A token for this identity, valid from now for `lifetime`. The key is the deployment's."""
    claims = {"sub": identity.actor, "permissions": sorted(identity.permissions)}
    return _signed(key, claims, now=now, lifetime=lifetime)


def sign_for_session(key: str, token: SessionToken, *, now: datetime) -> str:
    """A token that stands for this session for ACCESS_LIFETIME."""
    claims = {"sub": str(token.user_id), "sid": str(token.session_id), "jti": uuid.uuid4().hex}
    return _signed(key, claims, now=now, lifetime=ACCESS_LIFETIME)


def issuer(token: str) -> str:
    """Who the token says has made it, which nobody has checked yet. Raises NotAuthenticated for what is no token."""
    return _guarded(_said_issuer, token)


def key_of(token: str) -> str | None:
    """The id of the key that is said to have signed it, which nobody has checked yet. Raises NotAuthenticated."""
    return _guarded(_said_key, token)


def verify(keys: SigningKeys, token: str) -> Identity | SessionToken:
    """What a token of ours stands for. Raises NotAuthenticated, always the same, whatever is wrong with it."""
    return _guarded(lambda token: _meaning(_claims(keys, token)), token)


def _signed(key: str, claims: Mapping[str, Any], *, now: datetime, lifetime: timedelta) -> str:
    always = {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + lifetime}
    import jwt

    return jwt.encode({**always, **claims}, key, algorithm=_ALGORITHM, headers={"kid": key_id(key)})


def _guarded(read: Callable[[str], T], token: str) -> T:
    if len(token) > _LONGEST_TOKEN:
        raise NotAuthenticated
    try:
        return read(token)
    except Exception as error:  # whatever a hostile token does to the parser, it is not let in
        raise NotAuthenticated from error


def _said_issuer(token: str) -> str:
    import jwt

    said = jwt.decode(token, options={"verify_signature": False})["iss"]
    if not isinstance(said, str):
        raise ValueError("iss must be a text")
    return said


def _said_key(token: str) -> str | None:
    import jwt

    said: str | None = jwt.get_unverified_header(token).get("kid")
    return said


def _claims(keys: SigningKeys, token: str) -> dict[str, Any]:
    import jwt

    key = keys.named(_said_key(token))
    if key is None:
        raise ValueError("kid names no key of ours")
    return jwt.decode(
        token,
        key,
        algorithms=[_ALGORITHM],
        issuer=ISSUER,
        audience=AUDIENCE,
        leeway=_LEEWAY,
        options={"require": list(_REQUIRED)},
    )


def _meaning(claims: Mapping[str, Any]) -> Identity | SessionToken:
    if ("sid" in claims) == ("permissions" in claims):
        raise ValueError("either sid or permissions must say what the token is for")
    return _session_token(claims) if "sid" in claims else _identity(claims)


def _session_token(claims: Mapping[str, Any]) -> SessionToken:
    if not claims.get("jti"):
        raise ValueError("jti is missing")
    return SessionToken(user_id=uuid.UUID(claims["sub"]), session_id=uuid.UUID(claims["sid"]))


def _identity(claims: Mapping[str, Any]) -> Identity:
    actor, permissions = claims["sub"], claims["permissions"]
    if not isinstance(permissions, list) or not all(isinstance(name, str) for name in permissions):
        raise ValueError("permissions must be a list of strings")
    # The actor goes into PostgreSQL and into lists people read: no control characters, no novels.
    if not (isinstance(actor, str) and actor.isprintable() and 0 < len(actor) <= _LONGEST_ACTOR):
        raise ValueError(f"sub must be 1 to {_LONGEST_ACTOR} printable characters")
    return Identity(actor=actor, permissions=frozenset(permissions))
