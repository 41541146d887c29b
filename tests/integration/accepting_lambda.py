"""A stand-in for Lambda's API on its other side: accepts asynchronous invocations over HTTP, or refuses them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from functions import database, invoker
from functions.scheduling import one_shot
from functions.settings import settings

_CACHED = (settings, invoker._client, one_shot._client, database._warm)


@dataclass
class Lambda:
    """What was asked of it. status: what it answers; `deliver` is given each event it accepts."""

    url: str
    events: list[dict[str, Any]] = field(default_factory=list)
    status: int = 202
    deliver: Callable[[dict[str, Any]], object] | None = None
    refused_functions: set[str] = field(default_factory=set)

    def environment(self, database_url: str) -> dict[str, str]:
        """The environment of a process that uses this Lambda and this database."""
        keys = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "testing")
        return keys | {"AWS_ENDPOINT_URL_LAMBDA": self.url, "DATABASE_URL": database_url}


@contextmanager
def accepting_lambda() -> Iterator[Lambda]:
    """A server of this test's own on 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            is_refused = any(f"/{name}/" in self.path for name in there.refused_functions)
            status = 404 if is_refused else there.status
            if status == 202:
                there.events.append(event)
                if there.deliver is not None:
                    there.deliver(event)
            self.send_response(status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # the default of 5 has the kernel reset what comes at once

    server = Server(("127.0.0.1", 0), Handler)
    there = Lambda(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def used_by_this_process(there: Lambda, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process's settings and clients lead there."""
    for name, value in there.environment(database_url).items():
        monkeypatch.setenv(name, value)
    _forget()
    yield
    database.process_database().close()
    _forget()


def _forget() -> None:
    for cached in _CACHED:
        cached.cache_clear()
