"""/api/v1/auth: log in, stay logged in, log out, and who one is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import authentication, cookies, incoming, outgoing, passwords, same_origin, signing_keys
from chalicelib.callers import Caller
from chalicelib.database import connection
from chalicelib.endpoint import endpoint, open_endpoint
from chalicelib.inputs import Input
from chalicelib.refusals import NotAuthenticated
from chalicelib.serializers import sessions as serializers
from chalicelib.serializers.sessions import Me, TokenPair
from chalicelib.services import sessions as session_service
from chalicelib.services.sessions import LogIn
from functions.db import sessions

BASE_PATH = "/api/v1/auth"

auth = Blueprint(__name__)

RefreshToken = Annotated[str, Meta(min_length=1, max_length=200)]


class LogInBody(Input, kw_only=True):
    """Name and password; `cookie`: for a browser, which gets a cookie and no tokens."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    password: Annotated[str, Meta(min_length=1, max_length=passwords.LONGEST)]
    cookie: bool = False


class RefreshBody(Input, kw_only=True):
    """The refresh token, which this uses up."""

    refresh_token: RefreshToken


class LogOutBody(Input, kw_only=True):
    """Any refresh token of the session, where the access token has expired."""

    refresh_token: RefreshToken | None = None


@open_endpoint(
    auth,
    "/login",
    methods=("POST",),
    body=LogInBody,
    answers={200: TokenPair, 204: None},
    refusals=(
        "auth_login_failed",
        "auth_too_many_attempts",
        "auth_cross_site",
        "secret_unavailable",
        "database_unavailable",
    ),
)
def log_in(body: LogInBody) -> Response:
    """200 with tokens; 204 with a cookie, where one is asked for, which pages of this origin may do."""
    request = auth.current_request
    asked = LogIn(
        name=body.name,
        password=body.password,
        source_ip=incoming.source_ip(request),
        request_id=incoming.request_id(request),
    )
    if body.cookie:
        same_origin.check(request)  # or another site could log its visitors in as somebody of its own
        with connection() as opened:
            value = session_service.log_in_browser(opened, asked)
        return outgoing.no_content(Set_Cookie=cookies.set_session(value, lifetime=session_service.LIFETIME))
    now = datetime.now(UTC)
    key = signing_keys.known(now=now).current
    with connection() as opened:
        pair = session_service.log_in(opened, asked, key=key, now=now)
    return outgoing.as_json(serializers.token_pair(pair))


@open_endpoint(
    auth,
    "/refresh",
    methods=("POST",),
    body=RefreshBody,
    answers={200: TokenPair},
    refusals=("auth_not_authenticated", "secret_unavailable", "database_unavailable"),
)
def refresh(body: RefreshBody) -> Response:
    """200 with the next tokens; the refresh token sent is used up. One that was used before ends its session."""
    now = datetime.now(UTC)
    key = signing_keys.known(now=now).current  # first: a refresh token is used up only for a pair that can be signed
    with connection() as opened:
        pair = session_service.refresh(
            opened, body.refresh_token, key=key, request_id=incoming.request_id(auth.current_request), now=now
        )
    return outgoing.as_json(serializers.token_pair(pair))


@open_endpoint(
    auth,
    "/logout",
    methods=("POST",),
    body=LogOutBody,
    answers={204: None},
    refusals=("auth_cross_site", "secret_unavailable", "database_unavailable"),
)
def log_out(body: LogOutBody) -> Response:
    """204: the session of this access token, cookie or refresh token has ended, wherever it is looked at.

    Also when it had ended before, or there was none.
    """
    try:
        caller = authentication.caller(auth.current_request)
    except NotAuthenticated:
        caller = Caller(actor="unknown", request_id=incoming.request_id(auth.current_request))
    with connection() as opened:
        if caller.session_id is not None:
            session_service.log_out(opened, caller.session_id, caller)
        if body.refresh_token is not None:
            session_service.log_out_family(opened, body.refresh_token, caller)
    return outgoing.no_content(Set_Cookie=cookies.drop_session())


@endpoint(auth, "GET", "/me", permission=None, answers={200: Me})
def me(caller: Caller) -> Response:
    """200 with the caller's name, permissions, roles, and when their session ends."""
    session = None
    if caller.session_id is not None:
        with connection() as opened:
            session = sessions.live(opened, caller.session_id)
    return outgoing.as_json(serializers.me(caller, session))
