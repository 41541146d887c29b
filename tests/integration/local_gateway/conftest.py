"""A gateway in front of a function of the test's own."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.local.gateway import Gateway

ROUTES = [
    ("/", ["GET"]),
    ("/jobs", ["GET"]),
    ("/jobs/restore", ["POST"]),
    ("/jobs/{job_id}", ["GET", "DELETE"]),
    ("/jobs/{job_id}/pause", ["POST"]),
    ("/files/{proxy+}", ["ANY"]),
]

Answer = Callable[[dict[str, Any]], Any]


class Function:
    """Stands where Lambda is: keeps the events, answers what the test says."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.answer: Answer = lambda event: {"statusCode": 200, "body": "{}"}

    def invoke(self, event: bytes) -> bytes:
        self.events.append(json.loads(event))
        return json.dumps(self.answer(self.events[-1])).encode()


@pytest.fixture
def function() -> Function:
    return Function()


@pytest.fixture
def reported() -> list[str]:
    return []


@pytest.fixture
def gateway(function: Function, reported: list[str]) -> Iterator[Gateway]:
    gateway = Gateway(routes=ROUTES, invoke=function.invoke, report=reported.append)
    yield gateway
    gateway.stop()


@pytest.fixture
def client(gateway: Gateway) -> Iterator[http.client.HTTPConnection]:
    address = urlsplit(gateway.start())
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
    yield connection
    connection.close()


def read_problem(response: http.client.HTTPResponse) -> dict[str, Any]:
    """The gateway's own answer: a problem document with the headers every answer has."""
    assert response.getheader("Content-Type") == "application/problem+json"
    assert response.getheader("X-Content-Type-Options") == "nosniff"
    assert str(response.getheader("Content-Security-Policy")).startswith("default-src 'none'")
    problem: dict[str, Any] = json.loads(response.read())
    assert problem.keys() == {"type", "title", "status", "detail", "instance", "code", "requestId"}
    assert problem["status"] == response.status
    assert problem["requestId"] == response.getheader("X-Request-Id")
    return problem
