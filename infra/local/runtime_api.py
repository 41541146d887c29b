"""The Lambda Runtime API of one function instance: hands it one invocation at a time and takes the answers.

The four calls and their headers are those of "Using the Lambda runtime API" in the Lambda Developer Guide.
"""

from __future__ import annotations

import logging
import re
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from infra.local.invocation import too_large

logger = logging.getLogger("lamplighter.local")

_PREFIX = "/2018-06-01/runtime"
_ANSWER = re.compile(_PREFIX + r"/invocation/([^/]+)/(response|error)")
# "Lambda quotas": 6 MB for a buffered response, plus the service's own envelope.
_RESPONSE_LIMIT_BYTES = 6_291_556


@dataclass(frozen=True, kw_only=True)
class Invocation:
    """One event for the instance. `deadline_ms` is Unix time in milliseconds."""

    request_id: str
    payload: bytes
    function_arn: str
    deadline_ms: int
    trace_id: str

    def headers(self) -> dict[str, str]:
        """What the runtime puts into the handler's context."""
        return {
            "Content-Type": "application/json",
            "Content-Length": str(len(self.payload)),
            "Lambda-Runtime-Aws-Request-Id": self.request_id,
            "Lambda-Runtime-Deadline-Ms": str(self.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self.function_arn,
            "Lambda-Runtime-Trace-Id": self.trace_id,
        }


@dataclass(frozen=True)
class Reply:
    """What the function answered; `failed` when the runtime reported an error."""

    payload: bytes
    failed: bool


class RuntimeApi:
    """The server of one instance, on 127.0.0.1 and a port of its own, from construction until `close`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._initialised = False
        self._closed = False
        self._init_error: bytes | None = None
        self._offered: Invocation | None = None
        self._running_id: str | None = None
        self._reply: Reply | None = None
        self._server = _Server(self)
        threading.Thread(target=self._serve, name=f"runtime-api-{self.address}", daemon=True).start()

    @property
    def address(self) -> str:
        """What AWS_LAMBDA_RUNTIME_API must say."""
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def closed(self) -> bool:
        """Whether the instance is over."""
        return self._closed

    @property
    def init_error(self) -> bytes | None:
        """What the runtime reported when it could not load the function, as JSON."""
        return self._init_error

    def wait_initialised(self, timeout: timedelta) -> bool:
        """Whether the runtime asked for its first event in time; False also on an error or an exit before that."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._initialised or self._init_error is not None or self._closed, timeout.total_seconds()
            )
            return self._initialised

    def run(self, invocation: Invocation, timeout: timedelta) -> Reply | None:
        """The function's reply; None when it gave none in time or the instance ended first."""
        with self._changed:
            self._offered, self._reply = invocation, None
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._reply is not None or self._closed, timeout.total_seconds())
            return self._reply

    def close(self) -> None:
        """End the server and wake whoever waits; may be called twice."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        # The accept loop blocks without a poll interval: idle instances cost no wake-ups. One connection ends it,
        # if the loop has not just ended by itself, on a request that came in at this moment.
        with suppress(ConnectionError), socket.create_connection(("127.0.0.1", self._server.server_port)):
            pass

    def next_invocation(self) -> Invocation | None:
        """Blocks until there is an event for the runtime; None when the instance is over."""
        with self._changed:
            self._initialised = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._offered is not None or self._closed)
            if self._closed or self._offered is None:
                return None
            invocation, self._offered = self._offered, None
            self._running_id = invocation.request_id
            return invocation

    def take_reply(self, request_id: str, reply: Reply) -> bool:
        """Keeps the reply; False when it answers anything but the event that is running."""
        with self._changed:
            if request_id != self._running_id:
                return False
            self._reply, self._running_id = reply, None
            self._changed.notify_all()
            return True

    def take_init_error(self, error: bytes) -> None:
        """Keeps what the runtime says about a function it could not load."""
        with self._changed:
            self._init_error = error
            self._changed.notify_all()

    def _serve(self) -> None:
        while not self._closed:
            self._server.handle_request()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api

    def handle_error(self, *_: object) -> None:
        """A killed process resets its connection; what its end means is said where it is noticed."""
        logger.debug("connection of a function process ended", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # without this a warm invocation waits 40 ms for a delayed ACK, twice
    wbufsize = -1
    server: _Server

    def do_GET(self) -> None:
        if self.path != f"{_PREFIX}/invocation/next":
            self._answer(HTTPStatus.NOT_FOUND)
            return
        invocation = self.server.api.next_invocation()
        if invocation is None:
            self.close_connection = True
            return
        self.send_response(HTTPStatus.OK)
        for name, value in invocation.headers().items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(invocation.payload)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == f"{_PREFIX}/init/error":
            self.server.api.take_init_error(body)
            self._answer(HTTPStatus.ACCEPTED)
        elif match := _ANSWER.fullmatch(self.path):
            self._answer(self._take(match[1], body, failed=match[2] == "error"))
        else:
            self._answer(HTTPStatus.NOT_FOUND)

    def _take(self, request_id: str, body: bytes, *, failed: bool) -> HTTPStatus:
        # Lambda says 413 to an answer that is too large; the runtime then exits, maybe with the next event in hand.
        fits = len(body) <= _RESPONSE_LIMIT_BYTES
        reply = Reply(body, failed) if fits else Reply(too_large(_RESPONSE_LIMIT_BYTES), failed=True)
        return HTTPStatus.ACCEPTED if self.server.api.take_reply(request_id, reply) else HTTPStatus.BAD_REQUEST

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the function's own log says what happened."""
