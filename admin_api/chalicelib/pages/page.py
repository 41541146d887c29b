"""One page with what guards it: a session, a permission, the origin, the rate limit, its form, the view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from chalice.app import Blueprint, MultiDict, Request, Response

from chalicelib import authentication, cookies, patience, problems, same_origin
from chalicelib.callers import Caller
from chalicelib.endpoint import Contract, GuardedEndpoint, View
from chalicelib.inputs import Input, read_texts
from chalicelib.pages import visit
from chalicelib.pages.forms import read_form, typed
from chalicelib.pages.rendering import redirect, render
from chalicelib.permissions import grants
from chalicelib.refusals import NotAuthenticated, NotPermitted
from functions.errors import JobsError

_LOOKS = ("GET", "HEAD")
# What each page needs, also where it is shown again for a form that was refused.
_NEEDED: dict[View, str | None] = {}


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
            return _error_page(error, request)  # of the form's page, or nobody is known yet

    def _answer(self, request: Request, parameters: dict[str, str], headers: dict[str, str]) -> Response:  # noqa: ARG002
        same_origin.check(request)
        caller = _known(request) if self._is_open else authentication.caller(request)
        visited = visit.of(request, caller, now=datetime.now(UTC))
        try:
            if caller is not None and not self._is_open:
                self._check(caller)
            return self._view(visited, **parameters, **self._inputs(request))
        except NotAuthenticated:
            raise
        except JobsError as refused:
            if self._again is None or not self._may_see_again(refused, caller):
                return _error_page(refused, request, caller)
            shown = self._again(replace(visited, refused=refused, values=typed(request)), **parameters)
            return _with_status_of(refused, shown, request)

    def _may_see_again(self, refused: JobsError, caller: Caller | None) -> bool:
        # Who may do something may not always see what it is done to.
        needed = None if self._again is None else _NEEDED.get(self._again)
        may = needed is None or (caller is not None and grants(caller.permissions, needed))
        return may and not isinstance(refused, NotPermitted)

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
    is_change: bool | None = None,
) -> Callable[[View], Any]:
    """Register a page for one method; GET answers HEAD too. POST counts as a change, unless its view counts itself."""
    changes = method != "GET" if is_change is None else is_change
    contract = Contract(permission=permission, query=query, changes=changes)

    def register(view: View) -> View:
        _NEEDED[view] = permission
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
    methods: tuple[str, ...] | None = None,
    query: type[Input] | None = None,
    form: type[Input] | None = None,
    again: View | None = None,
) -> Callable[[View], Any]:
    """Register a page for who is not logged in as well; `methods`: for more of them than this one."""

    def register(view: View) -> View:
        answered = methods or (("GET", "HEAD") if method == "GET" else (method,))
        guarded = Page(view, blueprint, Contract(query=query), form=form, again=again, is_open=True)
        blueprint.route(path, methods=list(answered), content_types=[])(guarded)
        return view

    return register


def _query(request: Request) -> dict[str, list[str]]:
    """What is asked for; a field of a form that was left empty asks for nothing."""
    sent = request.query_params or MultiDict(None)
    found = {name: [str(value) for value in sent.getlist(name) if value] for name in sent if name not in visit.SAID}
    return {name: values for name, values in found.items() if values}


def _known(request: Request) -> Caller | None:
    """Who looks at a page that is there for everybody, where that is known."""
    if request.method not in _LOOKS:
        return None
    try:
        return authentication.caller(request)
    except JobsError:
        return None


def _to_login(request: Request) -> Response:
    """There, and from there back: for a form to the page it stood on, when the browser says which."""
    visited = visit.of(request, None, now=datetime.now(UTC))
    back = visited.here() if request.method in _LOOKS else _referring(request)
    ended = "session_ended" if cookies.session(request) is not None else None
    return redirect(visited.link("/login", next=back, **{visit.DONE: ended}))


def _referring(request: Request) -> str | None:
    parts = urlsplit(str(request.headers.get("referer", "")))
    page_of_ours = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return page_of_ours if visit.is_ours(page_of_ours, request) else None


def _with_status_of(refused: JobsError, shown: Response, request: Request) -> Response:
    problem = problems.described(refused, request)
    shown.status_code = problem.status
    shown.headers |= problems.headers_of(refused, problem)
    return shown


def _error_page(error: Exception, request: Request, caller: Caller | None = None) -> Response:
    """Drawn without PostgreSQL: it may be what is away."""
    problem = problems.described(error, request)
    visited = visit.of(request, caller, now=datetime.now(UTC))
    headers = problems.headers_of(error, problem)
    # What only looks can look again by itself; a form is sent again by who filled it in.
    response = render(
        visited, "error.html", status=problem.status, problem=problem, error=error, wait_s=headers.get("Retry-After"),
        looks_again=problem.status == HTTPStatus.SERVICE_UNAVAILABLE and request.method in _LOOKS,
    )  # fmt: skip
    response.headers |= headers
    return response
