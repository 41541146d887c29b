"""One route with what guards it: authentication, permission, the deployment's switch, the limit, its input, the view.

What a route takes and answers is declared where it is registered; openapi.py writes it down for clients.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalice.app import Blueprint, Request, Response

from chalicelib import authentication, database, patience, problems, rate_limit
from chalicelib.callers import Caller
from chalicelib.inputs import Input, read_body, read_query
from chalicelib.permissions import grants
from chalicelib.refusals import NotPermitted
from functions.errors import JobsDisabled
from functions.settings import settings

View = Callable[..., Response]
# The type of each answer's body by its status; None: it has no body.
Answers = Mapping[int, Any]


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What a route promises. `refusals`: codes beside those that guards and inputs bring along."""

    permission: str | None = None
    query: type[Input] | None = None
    body: type[Input] | None = None
    answers: Answers = field(default_factory=dict)
    refusals: tuple[str, ...] = ()
    # Whether it changes something, which is counted; of jobs, which a deployment can switch off.
    changes: bool = False

    @property
    def changes_jobs(self) -> bool:
        """Whether JOBS_ENABLED=false refuses it: users, roles and logins are changed all the same."""
        return self.changes and str(self.permission).startswith("jobs.")


class Endpoint:
    """A view everybody may call; what it raises becomes a problem document."""

    def __init__(self, view: View, blueprint: Blueprint, contract: Contract) -> None:
        functools.update_wrapper(self, view)
        self.contract = contract
        self._view = view
        self._blueprint = blueprint

    def __call__(self, **parameters: str) -> Response:
        request = self._blueprint.current_request
        headers: dict[str, str] = {}
        try:
            with patience.limited(request):
                response = self._answer(request, parameters, headers)
        except Exception as error:  # noqa: BLE001 - the outermost frame of ours: what it lets out, Chalice would answer
            response = problems.of(error, request)
        response.headers = {**headers, **response.headers}
        return response

    def _answer(self, request: Request, parameters: dict[str, str], headers: dict[str, str]) -> Response:  # noqa: ARG002
        """The view's answer; what is put into `headers` goes with it, or with the refusal this raises."""
        return self._view(**parameters, **self._inputs(request))

    def _inputs(self, request: Request) -> dict[str, Input]:
        inputs: dict[str, Input] = {}
        if self.contract.query is not None:
            inputs["query"] = read_query(request, self.contract.query)
        if self.contract.body is not None:
            inputs["body"] = read_body(request, self.contract.body)
        return inputs


class GuardedEndpoint(Endpoint):
    """A view for who is logged in, or holds a permission; it gets the Caller first. Changes are counted."""

    def _answer(self, request: Request, parameters: dict[str, str], headers: dict[str, str]) -> Response:
        if self.contract.changes:
            headers["X-RateLimit-Limit"] = str(rate_limit.LIMIT)
        caller = authentication.caller(request)
        headers.update(self._check(caller))
        return self._view(caller, **parameters, **self._inputs(request))

    def _check(self, caller: Caller) -> dict[str, str]:
        permission = self.contract.permission
        if permission is not None and not grants(caller.permissions, permission):
            raise NotPermitted(permission)
        if self.contract.changes_jobs and not settings().jobs_enabled:
            raise JobsDisabled
        if not self.contract.changes:
            return {}
        with database.connection() as connection:
            return rate_limit.count(connection, caller.actor)


def open_endpoint(
    blueprint: Blueprint,
    path: str,
    *,
    methods: tuple[str, ...] = ("GET", "HEAD"),
    query: type[Input] | None = None,
    body: type[Input] | None = None,
    answers: Answers | None = None,
    refusals: tuple[str, ...] = (),
) -> Callable[[View], Any]:
    """Register a view that needs no token; it gets `query` and `body` as keywords where they are declared."""
    contract = Contract(query=query, body=body, answers=answers or {}, refusals=refusals)
    return lambda view: _register(blueprint, path, methods, Endpoint(view, blueprint, contract))


def endpoint(
    blueprint: Blueprint,
    method: str,
    path: str,
    *,
    permission: str | None,
    answers: Answers,
    query: type[Input] | None = None,
    body: type[Input] | None = None,
    refusals: tuple[str, ...] = (),
) -> Callable[[View], Any]:
    """Register a view for one method; it gets the Caller, then `query` and `body` as keywords where they are declared.

    permission None: whoever is logged in. GET answers HEAD too (RFC 9110 §9.3.2). All but GET counts as a change.
    """
    methods = ("GET", "HEAD") if method == "GET" else (method,)
    contract = Contract(
        permission=permission, query=query, body=body, answers=answers, refusals=refusals, changes=method != "GET"
    )

    def register(view: View) -> Endpoint:
        return _register(blueprint, path, methods, GuardedEndpoint(view, blueprint, contract))

    return register


def _register(blueprint: Blueprint, path: str, methods: tuple[str, ...], view: Endpoint) -> Endpoint:
    # No content types: Chalice would answer 415 for one it was not told of, also where no body is read.
    blueprint.route(path, methods=list(methods), content_types=[])(view)
    return view
