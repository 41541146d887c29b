"""The event the function gets."""

from __future__ import annotations

import base64
import http.client

from tests.integration.local_gateway.conftest import Function


def test_a_request_becomes_a_rest_proxy_event(client: http.client.HTTPConnection, function: Function) -> None:
    client.request(
        "POST", "/jobs/a%20b/pause?x=1&x=2&y=%C3%A9&z", body='{"reason": "é"}'.encode(), headers={"User-Agent": "me"}
    )
    assert client.getresponse().status == 200
    (event,) = function.events
    assert event["resource"] == "/jobs/{job_id}/pause"
    assert event["path"] == "/jobs/a%20b/pause"
    assert event["httpMethod"] == "POST"
    assert event["pathParameters"] == {"job_id": "a%20b"}
    assert event["queryStringParameters"] == {"x": "2", "y": "é", "z": ""}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": ["é"], "z": [""]}
    assert (event["body"], event["isBase64Encoded"]) == ('{"reason": "é"}', False)
    assert event["headers"]["User-Agent"] == "me"
    assert event["headers"]["X-Forwarded-For"] == "127.0.0.1"
    assert event["stageVariables"] is None


def test_the_request_context_says_who_asks_for_what(client: http.client.HTTPConnection, function: Function) -> None:
    for _ in range(2):
        client.request("GET", "/jobs", headers={"User-Agent": "me"})
        client.getresponse().read()
    first, second = (event["requestContext"] for event in function.events)
    assert first["requestId"] != second["requestId"]
    assert (first["resourcePath"], first["path"], first["httpMethod"]) == ("/jobs", "/jobs", "GET")
    assert (first["identity"]["sourceIp"], first["identity"]["userAgent"]) == ("127.0.0.1", "me")
    assert (first["domainName"], first["stage"], first["protocol"]) == ("127.0.0.1", "local", "HTTP/1.1")


def test_what_is_not_there_is_null(client: http.client.HTTPConnection, function: Function) -> None:
    client.request("GET", "/jobs")
    client.getresponse().read()
    (event,) = function.events
    names = ("body", "pathParameters", "queryStringParameters", "multiValueQueryStringParameters")
    assert [event[name] for name in names] == [None] * 4


def test_a_repeated_header_keeps_all_its_values(client: http.client.HTTPConnection, function: Function) -> None:
    client.putrequest("GET", "/jobs")
    client.putheader("X-Tag", "one")
    client.putheader("X-Tag", "two")
    client.endheaders()
    client.getresponse().read()
    (event,) = function.events
    assert event["headers"]["X-Tag"] == "two"
    assert event["multiValueHeaders"]["X-Tag"] == ["one", "two"]


def test_a_body_that_is_not_text_travels_as_base64(client: http.client.HTTPConnection, function: Function) -> None:
    client.request("POST", "/files/x", body=b"\xff\x00")
    client.getresponse().read()
    (event,) = function.events
    assert event["isBase64Encoded"] is True
    assert base64.b64decode(event["body"]) == b"\xff\x00"
