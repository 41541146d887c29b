"""What our gateway answers by itself, as API Gateway does with the responses we give it."""

from __future__ import annotations

import json
import uuid

from infra.gateway_problems import RESPONSES, GatewayResponse, headers, problem
from infra.local.gateway_event import HttpResponse


def response(kind: str, path: str = "") -> HttpResponse:
    """The answer of this type to a request for a path, with an id of its own."""
    return _answer(RESPONSES[kind], path)


def no_method(path: str = "") -> HttpResponse:
    """A method no API Gateway knows."""
    stated = GatewayResponse(405, "method_not_allowed", "use DELETE, GET, HEAD, OPTIONS, PATCH, POST or PUT")
    return _answer(stated, path, Allow="DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT")


def length_required(path: str = "") -> HttpResponse:
    """A body whose length is not said, which AWS does not pass on."""
    return _answer(GatewayResponse(411, "gateway_request_refused", "say how long the body is: Content-Length"), path)


def headers_too_large(path: str = "") -> HttpResponse:
    """More bytes of headers than AWS takes."""
    return _answer(GatewayResponse(431, "gateway_request_refused", "the headers have more than 10,240 bytes"), path)


def _answer(stated: GatewayResponse, path: str, **more: str) -> HttpResponse:
    request_id = str(uuid.uuid4())
    said = {**headers(stated), "X-Request-Id": request_id, **more}
    body = json.dumps(problem(stated, instance=path, request_id=request_id)).encode()
    return HttpResponse(status=stated.status, headers=[*said.items()], body=body)
