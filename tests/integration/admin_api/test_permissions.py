"""Every route of the app against every set of permissions, generated from the app itself."""

from __future__ import annotations

import uuid
from itertools import chain, combinations

import pytest

from app import app
from chalicelib import permissions
from chalicelib.endpoint import Endpoint
from tests.integration.admin_api.api import BASE, Api


def _permission(view: object) -> str | None:
    assert isinstance(view, Endpoint), f"{view} was registered without endpoint() or open_endpoint()"
    return view.contract.permission


ROUTES = {
    (method, path): _permission(entry.view_function)
    for path, methods in app.routes.items()
    for method, entry in methods.items()
}
NAMES = sorted(permissions.DESCRIPTIONS)
# None, one, two, all but one, all: what decides is one name, and no pair of names makes a third.
SIZES = (0, 1, 2, len(NAMES) - 1, len(NAMES))
SETS = list(chain.from_iterable(combinations(NAMES, size) for size in SIZES))
NEAR_MISSES = [("jobs",), ("jobs.",), ("jobs.*",), ("jobs.view ",), ("JOBS.VIEW", "JOBS.MANAGE"), ("**",), ("",)]
VIEW, MANAGE, TRIGGER, PAUSE, DELETE = "jobs.view", "jobs.manage", "jobs.trigger", "jobs.pause", "jobs.delete"
CONTRACT = {
    ("GET", f"{BASE}/jobs"): VIEW,
    ("GET", f"{BASE}/jobs/{{job_id}}"): VIEW,
    ("GET", f"{BASE}/executions"): VIEW,
    ("GET", f"{BASE}/executions/{{execution_id}}"): VIEW,
    ("GET", f"{BASE}/executions/{{execution_id}}/logs"): VIEW,
    ("POST", f"{BASE}/executions/{{execution_id}}/cancel"): MANAGE,
    ("POST", f"{BASE}/executions/{{execution_id}}/retry"): TRIGGER,
    ("POST", f"{BASE}/executions/{{execution_id}}/reschedule"): MANAGE,
    ("POST", f"{BASE}/jobs/{{job_id}}/executions"): TRIGGER,
    ("POST", f"{BASE}/jobs/{{job_id}}/trigger"): TRIGGER,
    ("POST", f"{BASE}/jobs/{{job_id}}/pause"): PAUSE,
    ("POST", f"{BASE}/jobs/{{job_id}}/resume"): PAUSE,
    ("DELETE", f"{BASE}/jobs/{{job_id}}"): DELETE,
    ("POST", f"{BASE}/jobs/restore"): MANAGE,
}
OPEN = {"/", "/{proxy+}", "/health/live", "/health/ready", "/openapi.json"}
OPEN |= {"/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/logout"}
# Whoever is logged in, whatever they may do.
FOR_ALL = {"/api/v1/auth/me"}


def test_every_route_needs_what_the_contract_says_and_only_these_need_nothing() -> None:
    guarded = {route: needed for route, needed in ROUTES.items() if needed is not None and route[0] != "HEAD"}
    assert guarded == CONTRACT
    assert {path for (_, path), needed in ROUTES.items() if needed is None} == OPEN | FOR_ALL


@pytest.mark.parametrize("path", sorted(FOR_ALL))
def test_a_route_for_all_who_are_logged_in_is_for_nobody_else(api: Api, path: str) -> None:
    assert api("GET", path, permissions=()).status == 200
    assert api("GET", path, headers={}).code == "auth_not_authenticated"


@pytest.mark.parametrize(("method", "path"), sorted(route for route, needed in ROUTES.items() if needed))
def test_a_route_lets_in_who_holds_its_permission_or_all_and_nobody_else(api: Api, method: str, path: str) -> None:
    needed = ROUTES[method, path]
    sent = path.replace("{job_id}", "nope").replace("{execution_id}", str(uuid.uuid4()))
    for number, held in enumerate([*SETS, *NEAR_MISSES]):
        status = api(method, sent, permissions=held, actor=f"actor-{number}").status
        is_allowed = needed in held or "*" in held or ("jobs.manage" in held and needed in (TRIGGER, PAUSE, DELETE))
        assert (status not in (401, 403)) if is_allowed else status == 403, f"{method} {path} with {held}: {status}"
    assert api(method, sent, headers={}).status == 401
