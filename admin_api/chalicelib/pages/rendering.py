"""Templates become answers."""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.pages.catalogue import LANGUAGES, own_name
from chalicelib.pages.visit import Visit
from chalicelib.version import VERSION
from functions.settings import settings

# Strict: nothing inline, nothing from elsewhere (W3C "Content Security Policy Level 3").
_POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


def render(
    visit: Visit, template: str, *, status: int = 200, cookies: tuple[str, ...] = (), **context: Any
) -> Response:
    """This template as an answer, in the visitor's language."""
    from chalicelib.pages.environment import environment

    body = (
        environment(visit.language)
        .get_template(template)
        .render(
            visit=visit,
            stage=settings().stage,
            version=VERSION,
            languages={each: own_name(each) for each in LANGUAGES},
            **context,
        )
    )
    headers: dict[str, str | list[str]] = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": _POLICY,
        # A page of ours may know which one of ours a form was sent from; nobody else learns it.
        "Referrer-Policy": "same-origin",
        "Vary": "Cookie, Accept-Language",
        "Content-Language": visit.language,
    }
    if cookies:
        headers["Set-Cookie"] = list(cookies)
    return Response(body, status_code=status, headers=headers)


def redirect(target: str, *, cookies: tuple[str, ...] = ()) -> Response:
    """303: look there, with GET (RFC 9110 §15.4.4)."""
    headers: dict[str, str | list[str]] = {"Location": target}
    if cookies:
        headers["Set-Cookie"] = list(cookies)
    return Response("", status_code=303, headers=headers)
