"""Every other request: a browser's preflight, 405 where another method exists, else 404.

API Gateway matches path and method together: a method a resource does not declare falls through to `{proxy+}` when that
declares it. And `{proxy+}` needs at least one segment, so `/` is registered beside it.
"""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib import cors, outgoing
from chalicelib.endpoint import open_endpoint
from chalicelib.refusals import MethodNotAllowed, RouteNotFound
from chalicelib.routes import CATCH_ALL, methods_at

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

anything_else = Blueprint(__name__)


def refuse() -> Response:
    """204 to a preflight of an allowed origin, else raises MethodNotAllowed or RouteNotFound."""
    request = anything_else.current_request
    path = "/" + (request.uri_params or {}).get("proxy", "").rstrip("/")
    allowed = methods_at(path, anything_else.current_app.routes)
    if allowed and cors.is_preflight(request):
        return outgoing.no_content(**cors.preflight_headers(allowed))
    raise MethodNotAllowed(request.method, allowed) if allowed else RouteNotFound


for _path in CATCH_ALL:
    open_endpoint(anything_else, _path, methods=_METHODS)(refuse)
