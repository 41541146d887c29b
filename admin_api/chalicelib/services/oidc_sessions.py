"""Sessions of people the OIDC issuer vouches for, and what its tokens are good for here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from chalicelib.oidc.claims import Person
from chalicelib.refusals import NotAuthenticated, OidcLoginFailed
from chalicelib.services import sessions
from functions.db import oidc_users
from functions.db.audit import Author
from functions.db.connection import Connection

# Nobody tells us when the issuer takes a right away: after a day's work it is asked again.
LIFETIME = timedelta(hours=8)


@dataclass(frozen=True, kw_only=True)
class Speaker:
    """Whom an access token speaks for: what they are called here, and what they may do now."""

    actor: str
    permissions: frozenset[str]


def speaker(connection: Connection, person: Person, *, issuer: str) -> Speaker:
    """Whom this token speaks for. Raises NotAuthenticated for somebody who has been disabled here."""
    known = oidc_users.look_up(connection, issuer=issuer, subject=person.subject, claimed_roles=person.roles)
    if known.is_disabled:
        raise NotAuthenticated
    return Speaker(actor=known.name or person.name, permissions=person.permissions | known.permissions)


def open_session(
    connection: Connection, person: Person, *, issuer: str, login_hash: bytes, source_ip: str, request_id: str
) -> str:
    """A new session with a cookie; the cookie's value. Raises OidcLoginFailed, also for a login that has opened one."""
    author = Author(actor=person.name, request_id=request_id)
    with connection.transaction():
        user = oidc_users.store(connection, author, issuer=issuer, subject=person.subject)
        if user is None:
            raise OidcLoginFailed(f"{person.name!r} is taken by a user of another issuer: have that one deleted")
        if user.is_disabled:
            raise OidcLoginFailed("this user may not log in here")
        session_id, cookie = sessions.open_with_cookie(
            connection, user.id, author, source_ip=source_ip, lifetime=LIFETIME
        )
        granted: Mapping[str, frozenset[str]] = {"roles": person.roles, "permissions": person.permissions}
        if not oidc_users.claim(connection, session_id, **granted, login_hash=login_hash):
            raise OidcLoginFailed("this login has been used: log in again")
    return cookie
