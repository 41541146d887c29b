"""The HTTP/1.1 side of the local API Gateway: kept connections, limits, and nothing but loopback."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from functions.errors import JobsError
from infra.local.gateway_event import HttpRequest, HttpResponse
from infra.local.gateway_responses import headers_too_large, length_required, no_method, response

Respond = Callable[[HttpRequest], HttpResponse]

# "Amazon API Gateway quotas", REST APIs: payload 10 MB, total size of the headers 10,240 bytes.
_LARGEST_BODY = 10 * 1024 * 1024
_LARGEST_HEADERS = 10_240
# How long a kept connection may say nothing.
_IDLE_S = 60
_NEXT_PORTS = 20
# A page elsewhere can make a browser send requests here under a name of its own (DNS rebinding), but not under these.
_LOOPBACK = re.compile(r"(127\.0\.0\.1|localhost|\[::1\])(:\d*)?", re.IGNORECASE)
_WITHOUT_BODY = (204, 304)


def listen(port: int, respond: Respond) -> GatewayServer:
    """A server on this port of 127.0.0.1, or the next free one. Raises JobsError when 20 in a row are taken."""
    candidates = [0] if port == 0 else range(port, min(port + _NEXT_PORTS, 65_536))
    reason = "no such port"
    for candidate in candidates:
        try:
            return GatewayServer(candidate, respond)
        except OSError as error:
            reason = str(error.strerror)
    raise JobsError(f"port {port} and those after it cannot be used for the API ({reason}): choose another, or 0")


class GatewayServer(ThreadingHTTPServer):
    """Remembers its connections: one kept by a client would outlive the listener."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, respond: Respond) -> None:
        self.respond = respond
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a connection."""
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """End a connection."""
        self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """End every connection."""
        for connection in list(self._connections):
            self.shutdown_request(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: a client that went away is its own business."""


class _Handler(BaseHTTPRequestHandler):
    """One connection: its requests, one after the other."""

    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    disable_nagle_algorithm = True  # with it, an answer on a kept connection waits 40 ms for a delayed ACK
    wbufsize = -1  # headers and body leave together
    server: GatewayServer

    def _serve(self) -> None:
        received_at = datetime.now(UTC)
        refusal = self._refusal()
        if refusal is not None:
            self._discard_body()
            self.close_connection = True
            return self._send(refusal)
        body = self.rfile.read(self._length() or 0)
        if len(body) < (self._length() or 0):
            self.close_connection = True
            return None  # the client went away in the middle of its request
        path, _, query = self.path.partition("?")
        request = HttpRequest(
            method=self.command,
            path=path,
            query=query,
            headers=list(self.headers.items()),
            body=body,
            source_ip=self.client_address[0],
            received_at=received_at,
        )
        return self._send(self.server.respond(request))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("do_"):
            raise AttributeError(name)
        return self._refuse_method  # TRACE, which would send a token back to whoever reads the answer, and the unknown

    def _refuse_method(self) -> None:
        self._discard_body()
        self.close_connection = True
        self._send(no_method(self.path.partition("?")[0]))

    def _refusal(self) -> HttpResponse | None:
        """What is answered without asking the function, if anything."""
        length, path = self._length(), self.path.partition("?")[0]
        if "Transfer-Encoding" in self.headers:
            return length_required(path)
        if length is None or not self.path.startswith("/"):
            return response("BAD_REQUEST_BODY", path)
        if not self._is_for_loopback():
            return response("WAF_FILTERED", path)
        if sum(len(name) + len(value) for name, value in self.headers.items()) > _LARGEST_HEADERS:
            return headers_too_large(path)
        return response("REQUEST_TOO_LARGE", path) if length > _LARGEST_BODY else None

    def _is_for_loopback(self) -> bool:
        hosts = self.headers.get_all("Host", [])
        return len(hosts) == 1 and _LOOPBACK.fullmatch(hosts[0].strip()) is not None

    def _length(self) -> int | None:
        """The body's length; None when what the client says of it makes no sense."""
        lengths = self.headers.get_all("Content-Length", ["0"])
        length = lengths[0].strip()
        return int(length) if len(lengths) == 1 and re.fullmatch(r"[0-9]{1,15}", length) else None

    def _discard_body(self) -> None:
        # Closing with unread bytes would reset the connection, and the client would never see why.
        left = min(self._length() or 0, 4 * _LARGEST_BODY)
        while left > 0 and (chunk := self.rfile.read(min(left, 65_536))):
            left -= len(chunk)

    def _send(self, answer: HttpResponse) -> None:
        self.send_response_only(answer.status)
        self.send_header("Date", self.date_time_string())
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status not in _WITHOUT_BODY:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and answer.status not in _WITHOUT_BODY:
            self.wfile.write(answer.body)
        self.wfile.flush()

    def handle_expect_100(self) -> bool:
        """Tell a waiting client to send its body: now, not when the buffer is full."""
        proceed = super().handle_expect_100()
        self.wfile.flush()
        return proceed

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What the standard library refuses before we see it: its own words are HTML."""
        self.close_connection, self.request_version = True, self.protocol_version
        self._send(response("BAD_REQUEST_BODY"))

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: scripts/dev says what is worth saying."""
