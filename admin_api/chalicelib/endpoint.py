"""One route with what guards it: authentication, permission, the deployment's switch, the rate limit, the view."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib import database, incoming, problems, rate_limit, tokens
from chalicelib.permissions import grants
from chalicelib.refusals import NotPermitted
from functions.db.audit import Author
from functions.errors import JobsDisabled
from functions.settings import settings

View = Callable[..., Response]


class Endpoint:
    """A view everybody may call; what it raises becomes a problem document."""

    permission: str | None = None

    def __init__(self, view: View, blueprint: Blueprint) -> None:
        functools.update_wrapper(self, view)
        self._view = view
        self._blueprint = blueprint

    def __call__(self, **parameters: str) -> Response:
        request = self._blueprint.current_request
        try:
            return self._answer(request, parameters)
        except Exception as error:  # noqa: BLE001 - the outermost frame of ours: what it lets out, Chalice would answer
            return problems.of(error, request)

    def _answer(self, request: Request, parameters: dict[str, str]) -> Response:
        del request
        return self._view(**parameters)


class GuardedEndpoint(Endpoint):
    """A view that needs a permission; it gets the Author of the request first. What changes something is counted."""

    def __init__(self, view: View, blueprint: Blueprint, *, permission: str, changes: bool) -> None:
        super().__init__(view, blueprint)
        self.permission = permission
        self._changes = changes

    def __call__(self, **parameters: str) -> Response:
        response = super().__call__(**parameters)
        if self._changes:
            response.headers["X-RateLimit-Limit"] = str(rate_limit.LIMIT)
        return response

    def _answer(self, request: Request, parameters: dict[str, str]) -> Response:
        identity = tokens.verify(settings().auth_signing_key, incoming.bearer_token(request))
        if not grants(identity.permissions, str(self.permission)):
            raise NotPermitted(str(self.permission))
        if self._changes:
            if not settings().jobs_enabled:
                raise JobsDisabled
            with database.connection() as connection:
                rate_limit.count(connection, identity.actor)
        return self._view(Author(actor=identity.actor, request_id=incoming.request_id(request)), **parameters)


def open_endpoint(
    blueprint: Blueprint, path: str, *, methods: tuple[str, ...] = ("GET", "HEAD")
) -> Callable[[View], Any]:
    """Register a view that needs no token."""
    return lambda view: _register(blueprint, path, methods, Endpoint(view, blueprint))


def endpoint(blueprint: Blueprint, method: str, path: str, *, permission: str) -> Callable[[View], Any]:
    """Register a view for one method; GET answers HEAD too (RFC 9110 §9.3.2). Everything but GET counts as a change."""
    methods = ("GET", "HEAD") if method == "GET" else (method,)

    def register(view: View) -> Endpoint:
        guarded = GuardedEndpoint(view, blueprint, permission=permission, changes=method != "GET")
        return _register(blueprint, path, methods, guarded)

    return register


def _register(blueprint: Blueprint, path: str, methods: tuple[str, ...], view: Endpoint) -> Endpoint:
    # No content types: bodies are not read, and Chalice would answer 415 for one it was not told of.
    blueprint.route(path, methods=list(methods), content_types=[])(view)
    return view
