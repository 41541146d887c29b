"""One page with what guards it: a session, a permission, the origin, the rate limit, its form, the view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from chalice.app import Blueprint, MultiDict, Request, Response

from chalicelib import authentication, patience, problems, same_origin
from chalicelib.endpoint import Contract, GuardedEndpoint, View
from chalicelib.inputs import Input, read_texts
from chalicelib.pages import visit
from chalicelib.pages.forms import read_form, typed
from chalicelib.pages.rendering import redirect, render
from chalicelib.refusals import NotAuthenticated
from functions.errors import JobsError


class Page(GuardedEndpoint):
    """A view that answers with HTML; it gets the Visit first. Who is not logged in is led to the login and back.

    `again`: the page a refused form is shown on, with the reason and all that was typed.
    """

    def __init__(
        self,
        view: View,
        blueprint: Blueprint,
        contract: Contract,
        *,
        form: type[Input] | None,
        again: View | None,
        is_open: bool = False,
    ) -> None:
        super().__init__(view, blueprint, contract)
        self._form = form
        self._again = again
        self._is_open = is_open

    def __call__(self, **parameters: str) -> Response:
        request = self._blueprint.current_request
        headers: dict[str, str] = {}
        try:
            with patience.limited(request):
                return self._answer(request, parameters, headers)
        except NotAuthenticated:
            return _to_login(request)
        except Exception as error:  # noqa: BLE001 - the outermost frame of ours, as of Endpoint
            return _error_page(error, request)

    def _answer(self, request: Request, parameters: dict[str, str], headers: dict[str, str]) -> Response:  # noqa: ARG002
        same_origin.check(request)
        caller = None if self._is_open else authentication.caller(request)
        visited = visit.of(request, caller, now=datetime.now(UTC))
        try:
            if caller is not None:
                self._check(caller)
            return self._view(visited, **parameters, **self._inputs(request))
        except JobsError as refused:
            if self._again is None or isinstance(refused, NotAuthenticated):
                raise
            return self._again(replace(visited, refused=refused, values=typed(request)), **parameters)

    def _inputs(self, request: Request) -> dict[str, Input]:
        inputs: dict[str, Input] = {}
        if self.contract.query is not None:
            inputs["query"] = read_texts(_query(request), self.contract.query)
        if self._form is not None:
            inputs["form"] = read_form(request, self._form)
        return inputs


def page(
    blueprint: Blueprint,
    method: str,
    path: str,
    *,
    permission: str | None,
    query: type[Input] | None = None,
    form: type[Input] | None = None,
    again: View | None = None,
) -> Callable[[View], Any]:
    """Register a page for one method; GET answers HEAD too. POST counts as a change."""
    contract = Contract(permission=permission, query=query, changes=method != "GET")

    def register(view: View) -> View:
        methods = ["GET", "HEAD"] if method == "GET" else [method]
        blueprint.route(path, methods=methods, content_types=[])(
            Page(view, blueprint, contract, form=form, again=again)
        )
        return view  # not the Page: `again` names it

    return register


def open_page(
    blueprint: Blueprint,
    method: str,
    path: str,
    *,
    query: type[Input] | None = None,
    form: type[Input] | None = None,
    again: View | None = None,
) -> Callable[[View], Any]:
    """Register a page for who is not logged in as well."""

    def register(view: View) -> View:
        methods = ["GET", "HEAD"] if method == "GET" else [method]
        guarded = Page(view, blueprint, Contract(query=query), form=form, again=again, is_open=True)
        blueprint.route(path, methods=methods, content_types=[])(guarded)
        return view

    return register


def _query(request: Request) -> dict[str, list[str]]:
    sent = request.query_params or MultiDict(None)
    given = {name: [str(value) for value in sent.getlist(name) if value] for name in sent if name != visit.DONE}
    return {name: values for name, values in given.items() if values}  # a form sends its empty fields too


def _to_login(request: Request) -> Response:
    visited = visit.of(request, None, now=datetime.now(UTC))
    back = "" if request.method != "GET" else f"?next={quote(visited.here(), safe='')}"
    return redirect(visited.link("/login") + back)


def _error_page(error: Exception, request: Request) -> Response:
    problem = problems.described(error, request)
    visited = visit.of(request, None, now=datetime.now(UTC))
    response = render(visited, "error.html", status=problem.status, problem=problem)
    response.headers |= problems.headers_of(error, problem)
    return response
