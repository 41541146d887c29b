"""Who a request comes from: the bearer token it carries, else the browser session its cookie stands for."""

from __future__ import annotations

from datetime import UTC, datetime

from chalice.app import Request

from chalicelib import cookies, incoming, same_origin, signing_keys, tokens
from chalicelib.callers import Caller
from chalicelib.database import connection
from chalicelib.refusals import NotAuthenticated
from chalicelib.tokens import Identity, SessionToken
from functions.db import sessions
from functions.db.sessions import LiveSession
from functions.settings import settings


def caller(request: Request) -> Caller:
    """Who it is and what they may do now.

    Raises NotAuthenticated, CrossSite, IssuerUnavailable, SecretUnavailable, DatabaseUnavailable.
    A header counts before a cookie, and other sites cannot make a browser send one.
    """
    if request.headers.get("authorization") is None and cookies.session(request) is not None:
        same_origin.check(request)
        return _of_cookie(request, str(cookies.session(request)))
    return _of_token(request, incoming.bearer_token(request))


def _of_token(request: Request, token: str) -> Caller:
    # Who says to have made the token decides by whose keys it is checked, and nothing else. Without an issuer there is
    # nothing to decide: only a token of ours passes, and reading what it says takes nearly half as long as checking it.
    if settings().has_oidc and tokens.issuer(token) != tokens.ISSUER:
        return _of_issuers_token(request, token)
    kid = tokens.key_of(token)
    keys = signing_keys.fitting(lambda keys: keys.named(kid) is not None, now=datetime.now(UTC))
    meant = tokens.verify(keys, token)
    return _of_identity(request, meant) if isinstance(meant, Identity) else _of_session_token(request, meant)


def _of_issuers_token(request: Request, token: str) -> Caller:
    oidc = settings().oidc
    if oidc is None or tokens.issuer(token) != oidc.issuer:
        raise NotAuthenticated
    from chalicelib.oidc import issuer, verification  # late: not for deployments without an issuer
    from chalicelib.services import oidc_sessions

    ours = issuer.of(settings())
    person = verification.of_access_token(token, ours, now=datetime.now(UTC))
    with connection() as opened:
        speaker = oidc_sessions.speaker(opened, person, issuer=ours.url)
    request_id = incoming.request_id(request)
    return Caller(actor=speaker.actor, request_id=request_id, permissions=speaker.permissions)


def _of_identity(request: Request, identity: Identity) -> Caller:
    return Caller(actor=identity.actor, request_id=incoming.request_id(request), permissions=identity.permissions)


def _of_session_token(request: Request, token: SessionToken) -> Caller:
    with connection() as opened:
        session = sessions.live(opened, token.session_id)
    if session is None or session.user_id != token.user_id:
        raise NotAuthenticated
    return _of_session(request, session)


def _of_cookie(request: Request, cookie: str) -> Caller:
    from chalicelib.services import sessions as session_service  # late: a program's request needs none of it

    with connection() as opened:
        session = session_service.by_cookie(opened, cookie)
    if session is None:
        raise NotAuthenticated
    return _of_session(request, session)


def _of_session(request: Request, session: LiveSession) -> Caller:
    return Caller(
        actor=session.user_name,
        request_id=incoming.request_id(request),
        permissions=session.permissions,
        user_id=session.user_id,
        session_id=session.id,
    )
