"""Logging in with name and password, staying logged in, logging out: programs get tokens, browsers a cookie."""

from __future__ import annotations

import hashlib
import logging
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib import login_throttle, passwords, tokens
from chalicelib.refusals import LoginFailed, NotAuthenticated
from functions.db import credentials, sessions, token_families
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.credentials import Credentials
from functions.db.sessions import LiveSession

# A session ends so long after the login, whatever happens, and so long after it was last used.
LIFETIME = timedelta(days=7)
IDLE = timedelta(days=3)
# A second click, or a client that did not get the answer: refused, but no theft.
_GRACE = timedelta(seconds=10)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class LogIn:
    """Who wants in: what they typed, where the request comes from, and its id."""

    name: str
    password: str = field(repr=False)
    source_ip: str
    request_id: str


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What a program gets: an access token for a while, and a refresh token for one more pair."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    lifetime: timedelta = tokens.ACCESS_LIFETIME


def log_in(connection: Connection, asked: LogIn, *, key: str, now: datetime) -> Tokens:
    """A new session with tokens. Raises LoginFailed, whatever is wrong, and TooManyLogins."""
    user = _admitted(connection, asked)
    author = _author(user, asked)
    with connection.transaction():
        _hold(connection, user)
        return open_with_tokens(connection, user.user_id, author, source_ip=asked.source_ip, key=key, now=now)


def log_in_browser(connection: Connection, asked: LogIn) -> str:
    """A new session with a cookie; the cookie's value. Raises LoginFailed, whatever is wrong, and TooManyLogins."""
    user = _admitted(connection, asked)
    with connection.transaction():
        _hold(connection, user)
        _, cookie = open_with_cookie(connection, user.user_id, _author(user, asked), source_ip=asked.source_ip)
    return cookie


def open_with_tokens(
    connection: Connection, user_id: uuid.UUID, author: Author, *, source_ip: str, key: str, now: datetime
) -> Tokens:
    """A new session of somebody whose login has been checked, for a program."""
    family_id, secret = uuid.uuid4(), _secret()
    with connection.transaction():
        session_id = sessions.open_session(
            connection,
            user_id,
            author,
            address=login_throttle.network(source_ip),
            lifetime=LIFETIME,
            family_id=family_id,
        )
        token_families.add_first(connection, session_id, _hashed(secret), idle=IDLE)
    return _tokens(user_id, session_id, f"{family_id}.{secret}", key=key, now=now)


def open_with_cookie(
    connection: Connection, user_id: uuid.UUID, author: Author, *, source_ip: str, lifetime: timedelta = LIFETIME
) -> tuple[uuid.UUID, str]:
    """A new session of somebody whose login has been checked, for a browser: its id and the cookie's value."""
    secret = _secret()
    session_id = sessions.open_session(
        connection,
        user_id,
        author,
        address=login_throttle.network(source_ip),
        lifetime=lifetime,
        cookie_hash=_hashed(secret),
    )
    return session_id, secret


def refresh(connection: Connection, refresh_token: str, *, key: str, request_id: str, now: datetime) -> Tokens:
    """The next pair of tokens. Raises NotAuthenticated; one that was used before ends its session with that."""
    family_id, secret = _parts(refresh_token)
    new_secret = _secret()
    rotation = token_families.rotate(
        connection,
        family_id,
        Author(actor="unknown", request_id=request_id),
        old_hash=_hashed(secret),
        new_hash=_hashed(new_secret),
        idle=IDLE,
        grace=_GRACE,
    )
    if rotation.is_reuse:
        _log.warning("request %s: a used refresh token came back, so its session was revoked", request_id)
    if rotation.session is None:
        raise NotAuthenticated
    return _tokens(rotation.session.user_id, rotation.session.id, f"{family_id}.{new_secret}", key=key, now=now)


def by_cookie(connection: Connection, cookie: str) -> LiveSession | None:
    """The session of this cookie, None when it has ended."""
    return sessions.live_by_cookie(connection, _hashed(cookie), idle=IDLE)


def log_out(connection: Connection, session_id: uuid.UUID, author: Author) -> None:
    """End the session; nothing when it has ended."""
    sessions.revoke(connection, session_id, author, reason=sessions.LOGOUT)


def log_out_family(connection: Connection, refresh_token: str, author: Author) -> None:
    """End the session this refresh token is or was one of; nothing for what is none (RFC 7009 §2.2).

    Who can name a family has seen a token of it, which is enough to end it.
    """
    try:
        found = sessions.of_family(connection, _parts(refresh_token)[0])
    except NotAuthenticated:
        return
    if found is not None:
        session_id, user_name = found
        log_out(connection, session_id, Author(actor=user_name, request_id=author.request_id))


def _admitted(connection: Connection, asked: LogIn) -> Credentials:
    """The user whose name and password these are.

    Where there is no such user, no password, or the user is disabled, the same is done, takes as long, and is answered.
    """
    name, address = credentials.folded(asked.name), login_throttle.network(asked.source_ip)
    found = credentials.find(connection, name, address=address)
    attempt = login_throttle.attempt(name, address, is_known_here=found is not None and found.is_known_here)
    login_throttle.count(connection, attempt)
    is_right = passwords.verify(found.password_hash if found else None, asked.password)
    if found is None or found.is_disabled or not is_right:
        _log.warning("request %s: a login from %s failed", asked.request_id, address)
        raise LoginFailed
    login_throttle.take_back(connection, attempt)
    _renew_hash(connection, found, asked.password)
    return found


def _hold(connection: Connection, user: Credentials) -> None:
    # Checking a password takes a while, in which they may have been given another one or been disabled.
    if not credentials.hold(connection, user):
        raise LoginFailed


def _renew_hash(connection: Connection, user: Credentials, password: str) -> None:
    if user.password_hash is not None and passwords.needs_rehash(user.password_hash):
        renewed = passwords.hash(password)
        credentials.replace_hash(connection, user.user_id, old=user.password_hash, new=renewed)


def _author(user: Credentials, asked: LogIn) -> Author:
    return Author(actor=user.user_name, request_id=asked.request_id)


def _tokens(user_id: uuid.UUID, session_id: uuid.UUID, refresh_token: str, *, key: str, now: datetime) -> Tokens:
    stands_for = tokens.SessionToken(user_id=user_id, session_id=session_id)
    return Tokens(access_token=tokens.sign_for_session(key, stands_for, now=now), refresh_token=refresh_token)


def _parts(refresh_token: str) -> tuple[uuid.UUID, str]:
    family, _, secret = refresh_token.partition(".")
    try:
        return uuid.UUID(family), secret
    except ValueError:
        raise NotAuthenticated from None


def _secret() -> str:
    return secrets.token_urlsafe(32)


def _hashed(secret: str) -> bytes:
    # One SHA-256 is enough: 256 random bits cannot be guessed from their hash.
    return hashlib.sha256(secret.encode()).digest()
