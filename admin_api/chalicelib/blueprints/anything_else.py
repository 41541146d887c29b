"""Every other request: a browser's preflight, 405 where another method exists, else 404.

API Gateway matches path and method together: a method a resource does not declare falls through to `{proxy+}` when that
declares it. And `{proxy+}` needs at least one segment, so `/` is registered beside it.
"""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib import cors, outgoing
from chalicelib.endpoint import open_endpoint
from chalicelib.refusals import MethodNotAllowed, RouteNotFound

_CATCH_ALL = ("/", "/{proxy+}")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

anything_else = Blueprint(__name__)


def refuse() -> Response:
    """204 to a preflight of an allowed origin, else raises MethodNotAllowed or RouteNotFound."""
    request = anything_else.current_request
    path = "/" + (request.uri_params or {}).get("proxy", "").rstrip("/")
    allowed = _methods_at(path)
    if allowed and cors.is_preflight(request):
        return outgoing.no_content(**cors.preflight_headers(allowed))
    raise MethodNotAllowed(request.method, allowed) if allowed else RouteNotFound


for _path in _CATCH_ALL:
    open_endpoint(anything_else, _path, methods=_METHODS)(refuse)


def _methods_at(path: str) -> set[str]:
    routes = anything_else.current_app.routes
    if path in routes.keys() - set(_CATCH_ALL):  # and what a parameter there could be, another resource answers
        return set(routes[path])
    return {method for pattern, methods in routes.items() if _matches(pattern, path) for method in methods}


def _matches(pattern: str, path: str) -> bool:
    """Whether this path is one of a route's: a parameter is one segment."""
    wanted, given = pattern.split("/"), path.split("/")
    if pattern == "/" or pattern.endswith("+}") or len(wanted) != len(given):
        return False
    pairs = zip(wanted, given, strict=True)
    return all(part == segment or (part.startswith("{") and segment != "") for part, segment in pairs)
