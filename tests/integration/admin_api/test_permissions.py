"""Every route of the app against every set of permissions, generated from the app itself."""

from __future__ import annotations

import re
import uuid
from itertools import chain, combinations

import pytest

from app import app
from chalicelib import permissions
from chalicelib.endpoint import Endpoint, GuardedEndpoint
from tests.integration.admin_api.api import BASE, Api


def _permission(view: object) -> str | None:
    assert isinstance(view, Endpoint), f"{view} was registered without endpoint() or open_endpoint()"
    return view.contract.permission


ROUTES = {
    (method, path): _permission(entry.view_function)
    for path, methods in app.routes.items()
    if not path.startswith("/admin")  # pages: pages/test_permissions.py
    for method, entry in methods.items()
}
NAMES = sorted(permissions.DESCRIPTIONS)
# None, one, two, all but one, all: what decides is one name, and no pair of names makes a third.
SIZES = (0, 1, 2, len(NAMES) - 1, len(NAMES))
SETS = list(chain.from_iterable(combinations(NAMES, size) for size in SIZES))
NEAR_MISSES = [("jobs",), ("jobs.",), ("jobs.*",), ("jobs.view ",), ("JOBS.VIEW", "JOBS.MANAGE"), ("**",), ("",)]
VIEW, MANAGE, TRIGGER, PAUSE, DELETE = "jobs.view", "jobs.manage", "jobs.trigger", "jobs.pause", "jobs.delete"
USERS, ROLES = "users.manage", "roles.manage"
CONTRACT = {
    ("GET", f"{BASE}/jobs"): VIEW,
    ("GET", f"{BASE}/version"): VIEW,
    ("GET", f"{BASE}/jobs/{{job_id}}"): VIEW,
    ("GET", f"{BASE}/jobs/{{job_id}}/occurrences"): VIEW,
    ("GET", f"{BASE}/plan"): VIEW,
    ("POST", f"{BASE}/plan/apply"): MANAGE,
    ("GET", f"{BASE}/quota"): VIEW,
    ("GET", f"{BASE}/executions"): VIEW,
    ("GET", f"{BASE}/executions/{{execution_id}}"): VIEW,
    ("GET", f"{BASE}/executions/{{execution_id}}/logs"): VIEW,
    ("GET", f"{BASE}/jobs/{{job_id}}/executions"): VIEW,
    ("GET", f"{BASE}/stats"): VIEW,
    ("GET", f"{BASE}/jobs/{{job_id}}/stats"): VIEW,
    ("GET", f"{BASE}/audit"): "audit.view",
    ("POST", f"{BASE}/executions/retry"): TRIGGER,
    ("POST", f"{BASE}/executions/{{execution_id}}/cancel"): MANAGE,
    ("POST", f"{BASE}/executions/{{execution_id}}/retry"): TRIGGER,
    ("POST", f"{BASE}/executions/{{execution_id}}/reschedule"): MANAGE,
    ("POST", f"{BASE}/jobs/{{job_id}}/executions"): TRIGGER,
    ("POST", f"{BASE}/jobs/{{job_id}}/trigger"): TRIGGER,
    ("POST", f"{BASE}/jobs/{{job_id}}/pause"): PAUSE,
    ("POST", f"{BASE}/jobs/{{job_id}}/resume"): PAUSE,
    ("DELETE", f"{BASE}/jobs/{{job_id}}"): DELETE,
    ("POST", f"{BASE}/jobs/restore"): MANAGE,
    ("GET", f"{BASE}/users"): USERS,
    ("POST", f"{BASE}/users"): USERS,
    ("GET", f"{BASE}/users/{{user_id}}"): USERS,
    ("PATCH", f"{BASE}/users/{{user_id}}"): USERS,
    ("DELETE", f"{BASE}/users/{{user_id}}"): USERS,
    ("POST", f"{BASE}/roles"): ROLES,
    ("PUT", f"{BASE}/roles/{{role_name}}"): ROLES,
    ("DELETE", f"{BASE}/roles/{{role_name}}"): ROLES,
}
OPEN = {"/", "/{proxy+}", "/health/live", "/health/ready", "/openapi.json"}
OPEN |= {"/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/logout"}
OPEN |= {"/api/v1/auth/oidc/start", "/api/v1/auth/oidc/callback"}
# Whoever is logged in, whatever they may do; of passwords this is one's own, and the view asks who it is.
FOR_ALL = {
    ("GET", "/api/v1/auth/me"),
    ("GET", f"{BASE}/roles"),
    ("GET", f"{BASE}/roles/{{role_name}}"),
    ("GET", f"{BASE}/permissions"),
    ("PUT", f"{BASE}/users/{{user_id}}/password"),
}
_SENT = {"execution_id": str(uuid.UUID(int=1)), "user_id": str(uuid.UUID(int=2))}


def _path(route: str) -> str:
    """A path of this route to something there is not."""
    return re.sub(r"{(\w+)}", lambda found: _SENT.get(found[1], "nope"), route)


def test_every_route_needs_what_the_contract_says_and_only_these_need_nothing() -> None:
    served = {route: needed for route, needed in ROUTES.items() if route[0] != "HEAD"}
    assert {route: needed for route, needed in served.items() if needed is not None} == CONTRACT
    free = {route for route, needed in served.items() if needed is None}
    guarded = {(method, path) for method, path in free if _is_guarded(method, path)}
    assert guarded == FOR_ALL
    assert {path for _, path in free - guarded} == OPEN


def _is_guarded(method: str, path: str) -> bool:
    return isinstance(app.routes[path][method].view_function, GuardedEndpoint)


@pytest.mark.parametrize(("method", "path"), sorted(FOR_ALL))
def test_a_route_for_all_who_are_logged_in_is_for_nobody_else(api: Api, method: str, path: str) -> None:
    for number, held in enumerate([*SETS, *NEAR_MISSES]):
        assert api(method, _path(path), permissions=held, actor=f"actor-{number}").status not in (401, 403)
    assert api(method, _path(path), headers={}).code == "auth_not_authenticated"


@pytest.mark.parametrize(("method", "path"), sorted(route for route, needed in ROUTES.items() if needed))
def test_a_route_lets_in_who_holds_its_permission_or_all_and_nobody_else(api: Api, method: str, path: str) -> None:
    needed = ROUTES[method, path]
    for number, held in enumerate([*SETS, *NEAR_MISSES]):
        status = api(method, _path(path), permissions=held, actor=f"actor-{number}").status
        is_allowed = needed in held or "*" in held or ("jobs.manage" in held and needed in (TRIGGER, PAUSE, DELETE))
        assert (status not in (401, 403)) if is_allowed else status == 403, f"{method} {path} with {held}: {status}"
    assert api(method, _path(path), headers={}).status == 401
