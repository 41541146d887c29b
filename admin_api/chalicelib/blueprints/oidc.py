"""/api/v1/auth/oidc: log in at the OIDC issuer, with a browser."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from chalice.app import Blueprint, MultiDict, Request, Response
from msgspec import Meta

from chalicelib import cookies, incoming, outgoing, signing_keys
from chalicelib.database import connection
from chalicelib.endpoint import open_endpoint
from chalicelib.inputs import Input
from chalicelib.pages.visit import BASE_PATH as PAGES
from chalicelib.refusals import NotValid, OidcLoginFailed
from functions.errors import JobsError
from functions.settings import settings

oidc = Blueprint(__name__)

_AUTH_PATH = "/api/v1/auth/"
_log = logging.getLogger(__name__)

# A path of this origin: `//host` and `/\host` lead elsewhere, and browsers drop tabs and line ends from within.
_PATH = r"^/([A-Za-z0-9._~!$&'()*+,;=:@%?-][A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?$"


class StartQuery(Input, kw_only=True):
    """Where the browser goes after the login: a path of this origin."""

    return_to: Annotated[str, Meta(min_length=1, max_length=500, pattern=_PATH)] = "/"


@open_endpoint(
    oidc,
    "/start",
    methods=("GET",),
    query=StartQuery,
    answers={302: None},
    refusals=("auth_oidc_not_configured", "auth_issuer_unavailable", "secret_unavailable"),
)
def start_oidc_login(query: StartQuery) -> Response:
    """302 to the issuer, where the browser logs in; it comes back to the callback."""
    return _or_to_the_login(lambda: _start(query))


def _start(query: StartQuery) -> Response:
    from chalicelib.oidc import attempt, code_flow, issuer  # late, as in the callback: cryptography, TLS

    if not query.return_to.isprintable():  # `$` lets a line end pass, which a header must not have
        raise NotValid("returnTo is invalid: it has a line end")
    ours, now = issuer.of(settings()), datetime.now(UTC)
    begun = attempt.begin(signing_keys.known(now=now).current, return_to=query.return_to, now=now)
    address = code_flow.address(ours, begun, now=now)
    return outgoing.found(address, Set_Cookie=cookies.set_oidc_login(begun.sealed(), lifetime=attempt.LIFETIME))


@open_endpoint(
    oidc,
    "/callback",
    methods=("GET",),
    answers={302: None},
    refusals=(
        "auth_oidc_not_configured", "auth_oidc_login_failed", "auth_issuer_unavailable", "secret_unavailable",
        "database_unavailable",
    ),
)  # fmt: skip
def end_oidc_login() -> Response:
    """302 to where the login was begun from, with a session's cookie.

    The issuer sends browsers here, with `state` and either `code` or `error`, maybe `iss`, and whatever else it likes.
    """
    return _or_to_the_login(_end)


def _end() -> Response:
    from chalicelib.oidc import attempt, code_flow, issuer
    from chalicelib.services import oidc_sessions

    request, ours, now = oidc.current_request, issuer.of(settings()), datetime.now(UTC)
    cookie = cookies.oidc_login(request)
    keys = signing_keys.fitting(lambda keys: attempt.sealing_key(cookie, keys) is not None, now=now)
    begun = attempt.unsealed(cookie, keys, now=now)
    callback = code_flow.Callback(
        state=_said(request, "state"),
        code=_said(request, "code"),
        error=_said(request, "error"),
        issuer=_said(request, "iss"),
    )
    person = code_flow.complete(ours, begun, callback, now=now)
    with connection() as opened:
        session = oidc_sessions.open_session(
            opened,
            person,
            issuer=ours.url,
            login_hash=begun.hash,
            source_ip=incoming.source_ip(request),
            request_id=incoming.request_id(request),
        )
    return outgoing.found(
        begun.return_to,
        Set_Cookie=[cookies.set_session(session, lifetime=oidc_sessions.LIFETIME), cookies.drop_oidc_login()],
    )


def _or_to_the_login(answer: Callable[[], Response]) -> Response:
    """The answer; for people in front of a browser the login page says what went wrong, programs get the problem."""
    try:
        return answer()
    except JobsError as error:
        if "text/html" not in str(oidc.current_request.headers.get("accept", "")):
            raise
        before = incoming.path(oidc.current_request).partition(_AUTH_PATH)[0]
        _log.warning(
            "request %s: a login at the issuer ended as %s: %s",
            incoming.request_id(oidc.current_request), error.code, error,
        )  # fmt: skip
        return outgoing.found(f"{before}{PAGES}/login?failed={error.code}")


def _said(request: Request, name: str) -> str | None:
    """This parameter; others are not for us (RFC 6749 §4.1.2). Raises OidcLoginFailed for one that is there twice."""
    sent = request.query_params or MultiDict(None)
    values = sent.getlist(name) if name in sent else []
    if len(values) > 1:
        raise OidcLoginFailed(f"the issuer's answer has {name} {len(values)} times: log in again")
    return str(values[0]) if values else None
