"""API Gateway on this machine: HTTP requests on 127.0.0.1 become proxy events for the API's Lambda function."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from functions.errors import JobsError
from infra.local.gateway_compression import compressed
from infra.local.gateway_event import HttpRequest, HttpResponse, MalformedAnswer, http_response, proxy_event
from infra.local.gateway_responses import response
from infra.local.gateway_routes import Routes, RouteTable
from infra.local.gateway_server import GatewayServer, listen

Invoke = Callable[[bytes], bytes]

# "Amazon API Gateway quotas", REST APIs: integration timeout.
_TIMEOUT_S = 29
# How soon stop() is noticed; the standard library polls for it.
_POLL_S = 0.05


class FunctionFailed(JobsError):
    """The API's function raised, crashed, or could not be invoked."""

    code = "gateway_function_failed"


class FunctionTimedOut(JobsError):
    """The API's function did not answer in time."""

    code = "gateway_function_timed_out"


def lambda_invoke(*, endpoint_url: str, region: str, function_name: str, timeout_s: float = _TIMEOUT_S) -> Invoke:
    """Invokes a Lambda function and waits for its answer, as API Gateway does. FunctionFailed, FunctionTimedOut."""
    config = Config(
        connect_timeout=2, read_timeout=timeout_s, retries={"total_max_attempts": 1}, max_pool_connections=64
    )
    client = boto3.client("lambda", endpoint_url=endpoint_url, region_name=region, config=config)

    def invoke(event: bytes) -> bytes:
        try:
            answer = client.invoke(FunctionName=function_name, InvocationType="RequestResponse", Payload=event)
            payload = answer["Payload"].read()
        except ReadTimeoutError as error:
            raise FunctionTimedOut(f"function {function_name} did not answer in {timeout_s:g} s") from error
        except (BotoCoreError, ClientError) as error:
            raise FunctionFailed(f"function {function_name} could not be invoked: {error}") from error
        if answer.get("FunctionError"):
            raise FunctionFailed(f"function {function_name} failed: {payload[:2000].decode(errors='replace')}")
        return bytes(payload)

    return invoke


class Gateway:
    """Serves from `start` to `stop`. `report` gets one line for every request the function failed to answer."""

    def __init__(self, *, routes: Routes, invoke: Invoke, port: int = 0, report: Callable[[str], None] = print) -> None:
        self._routes = RouteTable(routes)
        self._invoke = invoke
        self._port = port
        self._report = report
        self._server: GatewayServer | None = None

    def start(self) -> str:
        """The URL; on the given port, or the next free one when it is taken. Raises JobsError when 20 are taken."""
        self._server = listen(self._port, self.respond)
        threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), name="gateway", daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """Stop serving and close every connection. May be called twice."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.close_connections()
            self._server = None

    def respond(self, request: HttpRequest) -> HttpResponse:
        """What API Gateway would answer."""
        match = self._routes.match(request.method, request.path)
        if match is None:
            return response("MISSING_AUTHENTICATION_TOKEN", request.path)
        try:
            answer = http_response(self._invoke(json.dumps(proxy_event(request, match)).encode()))
            return compressed(answer, request.headers)
        except (FunctionFailed, FunctionTimedOut, MalformedAnswer) as error:
            self._report(f"{request.method} {request.path}: {error}")
            kind = "INTEGRATION_TIMEOUT" if isinstance(error, FunctionTimedOut) else "INTEGRATION_FAILURE"
            return response(kind, request.path)
