"""Log in, log out, how one wants to read; and that nothing is at any other address below /admin."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlencode

from chalice.app import Blueprint, Response
from msgspec import Meta

from chalicelib import cookies, incoming, passwords
from chalicelib.database import connection
from chalicelib.inputs import Input
from chalicelib.pages import preferences
from chalicelib.pages.catalogue import LANGUAGES
from chalicelib.pages.page import open_page, page
from chalicelib.pages.rendering import redirect, render
from chalicelib.pages.visit import BASE_PATH, Visit, is_ours
from chalicelib.refusals import MethodNotAllowed, RouteNotFound
from chalicelib.routes import methods_at
from chalicelib.services import sessions as session_service
from chalicelib.services.sessions import LogIn
from functions.settings import settings

session = Blueprint(__name__)

OIDC_START = "/api/v1/auth/oidc/start"
# As blueprints/oidc.py takes it.
_RETURN_PATH = re.compile(r"/([A-Za-z0-9._~!$&'()*+,;=:@%?-][A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?")
Next = Annotated[str, Meta(max_length=2000)]


class LoginQuery(Input):
    """Where to go once logged in; failed: the code of what a login at the issuer ended with."""

    next: Next = ""
    failed: Annotated[str, Meta(max_length=100)] | None = None


class LoginForm(Input, kw_only=True):
    """Name and password, and where to go then."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    password: Annotated[str, Meta(min_length=1, max_length=passwords.LONGEST)]
    next: Next = ""


class PreferencesForm(Input):
    """One of these, and where it was chosen."""

    language: Annotated[str, Meta(max_length=20)] | None = None
    theme: Literal["light", "dark", "system"] | None = None
    next: Next = ""


def _login_again(visit: Visit) -> Response:
    return _login(visit, visit.values.get("next", ""))


@open_page(session, "GET", "/login", query=LoginQuery)
def show_login(visit: Visit, query: LoginQuery) -> Response:
    """The form; who is logged in goes on to where they wanted to."""
    if visit.caller is not None:
        return redirect(_target(visit, query.next))
    return _login(visit, query.next, failed=query.failed)


def _login(visit: Visit, wanted: str, *, failed: str | None = None) -> Response:
    return render(visit, "login.html", next=wanted, oidc=_at_the_issuer(visit, wanted), failed=failed)


def _at_the_issuer(visit: Visit, wanted: str) -> str | None:
    """Where a login at the OIDC issuer begins; None where browsers cannot log in at one."""
    oidc = settings().oidc
    if oidc is None or oidc.client is None:
        return None
    target = _target(visit, wanted)
    return_to = target if len(target) <= 500 and _RETURN_PATH.fullmatch(target) else visit.link()
    return f"{visit.prefix}{OIDC_START}?{urlencode({'returnTo': return_to})}"


def _target(visit: Visit, wanted: str) -> str:
    return wanted if is_ours(wanted, visit.request) else visit.link()


@open_page(session, "POST", "/login", form=LoginForm, again=_login_again)
def log_in(visit: Visit, form: LoginForm) -> Response:
    """On to where one wanted to go, with a session."""
    asked = LogIn(
        name=form.name,
        password=form.password,
        source_ip=incoming.source_ip(visit.request),
        request_id=incoming.request_id(visit.request),
    )
    with connection() as opened:
        value = session_service.log_in_browser(opened, asked)
    return redirect(_target(visit, form.next), cookies=(cookies.set_session(value, lifetime=session_service.LIFETIME),))


@page(session, "POST", "/logout", permission=None)
def log_out(visit: Visit) -> Response:
    """To the login, without a session."""
    assert visit.caller is not None
    if visit.caller.session_id is not None:
        with connection() as opened:
            session_service.log_out(opened, visit.caller.session_id, visit.caller)
    return redirect(visit.link("/login", done="logged_out"), cookies=(cookies.drop_session(),))


@open_page(session, "POST", "/preferences", form=PreferencesForm)
def choose(visit: Visit, form: PreferencesForm) -> Response:
    """Back to where it was chosen."""
    chosen = []
    if form.language in LANGUAGES:
        chosen.append(preferences.remember("language", form.language))
    if form.theme is not None:
        chosen.append(preferences.remember("theme", "" if form.theme == "system" else form.theme))
    return redirect(_target(visit, form.next), cookies=tuple(chosen))


@open_page(session, "GET", "/{proxy+}", methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
def refuse(visit: Visit) -> Response:
    """Never answers: raises MethodNotAllowed where a page has another method, else RouteNotFound."""
    request = visit.request
    path = f"{BASE_PATH}/{(request.uri_params or {}).get('proxy', '').rstrip('/')}"
    allowed = methods_at(path, session.current_app.routes)
    raise MethodNotAllowed(request.method, allowed) if allowed else RouteNotFound
