"""The HTTP side: connections, limits, names it answers to."""

from __future__ import annotations

import http.client
import json
import socket
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from infra.local.gateway import Gateway
from tests.integration.local_gateway.conftest import ROUTES, Function


def _raw(gateway_url: str, request: bytes) -> bytes:
    address = urlsplit(gateway_url)
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as client:
        client.sendall(request)
        client.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: client.recv(65_536), b""))


def test_requests_share_a_connection_and_none_waits_for_a_delayed_ack(client: http.client.HTTPConnection) -> None:
    times = []
    sockets = set()
    for _ in range(100):
        started = time.perf_counter()
        client.request("POST", "/jobs/restore", body=b"x" * 100)
        client.getresponse().read()
        times.append(time.perf_counter() - started)
        sockets.add(client.sock)
    assert len(sockets) == 1
    assert statistics.median(times[50:]) < 0.03, "40 ms is Nagle's algorithm waiting for a delayed ACK"


def test_requests_are_served_at_the_same_time(gateway: Gateway, function: Function) -> None:
    together = threading.Barrier(3, timeout=10)

    def answer(event: dict[str, Any]) -> dict[str, Any]:
        together.wait()  # breaks, and the answer is none, unless three are here at once
        return {"statusCode": 200, "body": "{}"}

    function.answer = answer
    url = gateway.start()
    with ThreadPoolExecutor(3) as pool:
        statuses = list(pool.map(lambda _: urlopen(f"{url}/jobs", timeout=15).status, range(3)))
    assert statuses == [200, 200, 200]


def test_a_taken_port_is_answered_with_the_next_free_one(function: Function) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        gateway = Gateway(routes=ROUTES, invoke=function.invoke, port=port)
        url = gateway.start()
        try:
            assert urlsplit(url).port != port
            assert urlopen(f"{url}/jobs", timeout=10).status == 200
        finally:
            gateway.stop()


def test_stop_ends_kept_connections_too(client: http.client.HTTPConnection, gateway: Gateway) -> None:
    client.request("GET", "/jobs")
    client.getresponse().read()
    gateway.stop()
    gateway.stop()
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        _again(client)


def _again(client: http.client.HTTPConnection) -> None:
    client.auto_open = 0
    client.request("GET", "/jobs")
    client.getresponse()


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "[::2]"])
def test_a_host_that_is_not_loopback_is_refused(gateway: Gateway, function: Function, host: str) -> None:
    answer = _raw(gateway.start(), f"GET /jobs HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert function.events == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:80", "LOCALHOST", "[::1]:8080"])
def test_loopback_under_each_of_its_names_is_served(gateway: Gateway, host: str) -> None:
    answer = _raw(gateway.start(), f"GET /jobs HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /jobs HTTP/1.1\r\n\r\n", b"403"),
        (b"GET http://127.0.0.1/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"400"),
        (b"GET /jobs HTTP/1.1\r\nHost: a\r\nHost: 127.0.0.1\r\n\r\n", b"403"),
        (b"POST /jobs/restore HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"POST /jobs/restore HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", b"400"),
        (b"POST /jobs/restore HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"GET /jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 11_000 + b"\r\n\r\n", b"431"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_requests_that_make_no_sense_are_refused_without_asking_the_function(
    gateway: Gateway, function: Function, request_head: bytes, status: bytes
) -> None:
    answer = _raw(gateway.start(), request_head)
    assert status in answer.split(b"\r\n")[0] or b'"status": 400' in answer
    assert function.events == []


def test_half_a_body_is_not_a_request(gateway: Gateway, function: Function) -> None:
    answer = _raw(gateway.start(), b"POST /jobs/restore HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf")
    assert answer == b""
    assert function.events == []


def test_ten_megabytes_pass_and_one_byte_more_does_not(gateway: Gateway, function: Function) -> None:
    address = urlsplit(gateway.start())
    limit = 10 * 1024 * 1024
    for size, status in ((limit, 200), (limit + 1, 413)):
        client = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
        client.request("POST", "/files/big", body=b"x" * size)
        response = client.getresponse()
        assert response.status == status
        message = json.loads(response.read())
        client.close()
    assert message["code"] == "body_too_large"
    assert [len(event["body"]) for event in function.events] == [limit]


def test_a_client_that_asks_first_is_told_to_continue(gateway: Gateway) -> None:
    address = urlsplit(gateway.start())
    with socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=10) as client:
        head = b"POST /jobs/restore HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        client.sendall(head)
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"{}")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
