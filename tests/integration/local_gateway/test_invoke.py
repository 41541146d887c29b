"""Invoking the function through the Lambda API."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from infra.local.gateway import Gateway, lambda_invoke


class _Lambda(BaseHTTPRequestHandler):
    """Lambda's Invoke, as far as its response goes: the function's name says how it ends."""

    protocol_version = "HTTP/1.1"
    never = threading.Event()

    def do_POST(self) -> None:
        event = self.rfile.read(int(self.headers["Content-Length"]))
        assert json.loads(event)["httpMethod"] == "GET"
        assert self.headers["X-Amz-Invocation-Type"] == "RequestResponse"
        name = self.path.split("/")[-2]
        if name == "hangs":
            self.never.wait()
        body = json.dumps({"statusCode": 200, "body": '"fine"'} if name == "works" else {"errorMessage": "boom"})
        self.send_response(404 if name == "missing" else 200)
        if name == "fails":
            self.send_header("X-Amz-Function-Error", "Unhandled")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def endpoint_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    _Lambda.never.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Lambda)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    _Lambda.never.set()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("function_name", "status", "body"),
    [
        ("works", 200, "fine"),
        ("fails", 502, "gateway_function_failed"),
        ("missing", 502, "gateway_function_failed"),
        ("hangs", 504, "gateway_function_timed_out"),
    ],
)
def test_how_the_function_ends_decides_the_status(
    endpoint_url: str, function_name: str, status: int, body: object
) -> None:
    lines: list[str] = []
    invoke = lambda_invoke(endpoint_url=endpoint_url, region="eu-central-1", function_name=function_name, timeout_s=0.5)
    gateway = Gateway(routes=[("/jobs", ["GET"])], invoke=invoke, report=lines.append)
    url = gateway.start()
    try:
        assert _get(f"{url}/jobs") == (status, body)
    finally:
        gateway.stop()
    assert [function_name in line for line in lines] == ([] if status == 200 else [True])


def _get(url: str) -> tuple[int, object]:
    try:
        with urlopen(url, timeout=10) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        return error.code, json.load(error)["code"]
