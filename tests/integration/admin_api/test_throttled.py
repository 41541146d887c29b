"""AWS that takes no more calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from functions import invoker
from functions.db.connection import Connection
from tests.integration.admin_api.api import BASE, Api


class _Throttling(BaseHTTPRequestHandler):
    """Every service's way of saying that it is one call too many."""

    code = "ThrottlingException"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps({"__type": self.code, "message": "Rate exceeded"}).encode()
        self.send_response(400 if "Amz-Target" in str(self.headers) else 429)
        self.send_header("x-amzn-ErrorType", self.code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_DELETE = do_PUT = do_POST

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def throttling(api: Api, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    handler = type("Handler", (_Throttling,), {"code": request.param})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    invoker._client.cache_clear()
    yield
    server.shutdown()
    server.server_close()
    invoker._client.cache_clear()


@pytest.mark.parametrize(
    ("throttling", "path"),
    [
        ("ThrottlingException", "/jobs/cleanup/resume"),
        ("TooManyRequestsException", "/jobs/cleanup/trigger"),
        ("RequestLimitExceeded", "/jobs/restore"),
    ],
    indirect=["throttling"],
)
def test_is_503_with_retry_after_whatever_was_asked_for(
    api: Api, deployed: Connection, throttling: None, path: str
) -> None:
    deployed.execute("UPDATE lamplighter.job SET paused_at = now(), paused_by = 'ada' WHERE id = 'cleanup'")
    answer = api("POST", BASE + path)
    assert (answer.status, answer.code) == (503, "aws_throttled")
    assert int(answer.headers["Retry-After"]) > 0
