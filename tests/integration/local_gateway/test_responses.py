"""What goes back over HTTP."""

from __future__ import annotations

import base64
import gzip
import http.client
from typing import Any

import pytest

from tests.integration.local_gateway.conftest import Function, read_problem


def test_status_headers_and_body_are_the_functions(client: http.client.HTTPConnection, function: Function) -> None:
    function.answer = lambda event: {
        "statusCode": 418,
        "headers": {"X-One": "1", "X-Both": "no"},
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"], "X-Both": ["yes"]},
        "body": '{"é":1}',
    }
    client.request("GET", "/jobs")
    response = client.getresponse()
    assert (response.status, response.getheader("X-One")) == (418, "1")
    assert response.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert response.headers.get_all("X-Both") == ["yes"]
    assert response.getheader("Content-Type") == "application/json"
    assert response.read().decode() == '{"é":1}'


def test_a_base64_body_is_decoded(client: http.client.HTTPConnection, function: Function) -> None:
    encoded = base64.b64encode(b"\x89PNG").decode()
    function.answer = lambda event: {"statusCode": 200, "body": encoded, "isBase64Encoded": True}
    client.request("GET", "/jobs")
    assert client.getresponse().read() == b"\x89PNG"


@pytest.mark.parametrize(
    ("accepted", "size", "encoding"),
    [
        ("gzip, deflate, br", 1_000, "gzip"),
        ("br;q=1.0, gzip;q=0.5", 1_000, "gzip"),
        ("gzip", 999, None),
        ("gzip;q=0", 1_000, None),
        ("br", 1_000, None),
        ("", 1_000, None),
    ],
)
def test_a_large_answer_is_compressed_for_who_takes_that(
    client: http.client.HTTPConnection, function: Function, accepted: str, size: int, encoding: str | None
) -> None:
    function.answer = lambda event: {"statusCode": 200, "body": "x" * size}
    client.request("GET", "/jobs", headers={"Accept-Encoding": accepted})
    response = client.getresponse()
    body = response.read()
    assert response.getheader("Content-Encoding") == encoding
    assert response.getheader("Content-Length") == str(len(body))
    assert (gzip.decompress(body) if encoding else body) == b"x" * size


def test_no_content_has_neither_body_nor_length(client: http.client.HTTPConnection, function: Function) -> None:
    function.answer = lambda event: {"statusCode": 204, "body": ""}
    client.request("POST", "/jobs/restore")
    response = client.getresponse()
    assert (response.status, response.read()) == (204, b"")
    assert response.getheader("Content-Length") is None


def test_head_answers_with_the_headers_of_get_and_no_body(
    client: http.client.HTTPConnection, function: Function
) -> None:
    client.request("HEAD", "/files/x")
    response = client.getresponse()
    assert (response.getheader("Content-Length"), response.read()) == ("2", b"")
    client.request("GET", "/jobs")  # the connection is in step
    assert client.getresponse().read() == b"{}"


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        {},
        {"statusCode": "many"},
        {"statusCode": 99},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "body": "*", "isBase64Encoded": True},
        {"statusCode": 200, "headers": {"X-Bad": "a\r\nSet-Cookie: b=1"}},
        {"statusCode": 200, "headers": {"Bad Name": "1"}},
        {"statusCode": 200, "headers": ["X"]},
    ],
)
def test_an_answer_that_is_no_proxy_response_is_502(
    client: http.client.HTTPConnection, function: Function, reported: list[str], answer: Any
) -> None:
    function.answer = lambda event: answer
    client.request("GET", "/jobs")
    response = client.getresponse()
    assert (response.status, read_problem(response)["code"]) == (502, "gateway_function_failed")
    assert response.getheader("Set-Cookie") is None
    assert [line.split(":")[0] for line in reported] == ["GET /jobs"]


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("POST", "/jobs")])
def test_without_a_route_the_answer_is_the_one_the_api_gives(
    client: http.client.HTTPConnection, function: Function, method: str, path: str
) -> None:
    client.request(method, path)
    response = client.getresponse()
    assert (response.status, read_problem(response)["code"]) == (404, "not_found")
    assert function.events == []
