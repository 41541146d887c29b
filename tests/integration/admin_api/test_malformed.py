"""Requests no well-meaning client sends: each is refused with a problem document, none is a fault of ours."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from functions.db.connection import Connection
from infra.local.gateway_routes import RouteTable, admin_api_routes
from tests.conftest import PROJECT
from tests.integration.admin_api.api import BASE, Api, token
from tests.integration.admin_api.events import rest_event

HALF = "\ud83d"  # half a surrogate pair: JSON can hold it, UTF-8 cannot
EXECUTIONS = f"{BASE}/jobs/cleanup/executions"


def send(method: str, path: str, **changed: Any) -> dict[str, Any]:
    """The answer to an event with these members changed, as Lambda would take it."""
    from app import app

    match = RouteTable(admin_api_routes(PROJECT)).match(method, path.encode("utf-8", "replace").decode())
    assert match is not None
    headers = {"Authorization": f"Bearer {token('*')}", "Content-Type": "application/json"}
    event = rest_event(method, path, match, headers={**headers, **changed.pop("headers", {})})
    answer: dict[str, Any] = json.loads(json.dumps(app(json.loads(json.dumps({**event, **changed})), None)))
    assert answer["headers"]["X-Content-Type-Options"] == "nosniff"
    answer["body"].encode()
    return answer


def refused(answer: dict[str, Any]) -> tuple[int, str]:
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    problem = json.loads(answer["body"])
    assert problem["requestId"]
    assert problem["detail"]
    return answer["statusCode"], problem["code"]


@pytest.mark.parametrize(
    "body",
    ["{", "[]", '"text"', "nope", '{"delay": NaN}', '{"delay": 1, "delay": 2}', "[" * 100_000, '{"key": "\\ud83d"}',
     '{"key": "a\\u0000"}', '{"nothing": 1}', '{"delay": "1"}', '{"delay": 1e999}', "9" * 5_000, HALF],
)  # fmt: skip
def test_a_body_that_is_not_what_is_read(api: Api, deployed: Connection, body: str) -> None:
    assert refused(send("POST", EXECUTIONS, body=body)) == (400, "validation_failed")


@pytest.mark.parametrize("body", ["not base64!", base64.b64encode(b'{"key": "\xff"}').decode()])
def test_a_body_that_is_no_utf_8(api: Api, deployed: Connection, body: str) -> None:
    answer = send("POST", EXECUTIONS, body=body, isBase64Encoded=True)
    assert refused(answer) == (400, "validation_failed")


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/json5", HALF])
def test_a_body_of_another_content_type(api: Api, deployed: Connection, kind: str) -> None:
    answer = send("POST", EXECUTIONS, body="{}", headers={"Content-Type": kind})
    assert refused(answer) == (415, "content_type_unsupported")


def test_a_body_too_large(api: Api, deployed: Connection) -> None:
    answer = send("POST", EXECUTIONS, body='{"key": "' + "x" * 300_000 + '"}')
    assert refused(answer) == (413, "body_too_large")


@pytest.mark.parametrize("value", [HALF, "a\x00", "\ufffd"])
@pytest.mark.parametrize("name", ["jobId", "status", "cursor", "limit", HALF])
def test_a_query_that_cannot_be_stored(api: Api, deployed: Connection, name: str, value: str) -> None:
    query = {"queryStringParameters": {name: value}, "multiValueQueryStringParameters": {name: [value]}}
    status, code = refused(send("GET", f"{BASE}/executions", **query))
    assert (status, code) in ((400, "validation_failed"), (404, "jobs_not_found"))


@pytest.mark.parametrize("sent", [HALF, "%FF", "%00", "%ED%A0%80", "a%2Fb", "\x00", "é", "%", "%zz"])
def test_a_path_that_is_no_id(api: Api, deployed: Connection, sent: str) -> None:
    answer = send("GET", f"{BASE}/jobs/x", pathParameters={"job_id": sent})
    assert refused(answer) == (404, "jobs_not_found")
    answer = send("GET", f"{BASE}/executions/x", pathParameters={"execution_id": sent})
    assert refused(answer) == (404, "executions_not_found")


@pytest.mark.parametrize(
    "sent", [HALF, "é", "\x00", "Bearer " + HALF, "Bearer é", "Bearer " + "a" * 9_000, "Bearer a.b.c"]
)
def test_a_header_that_is_no_token(api: Api, deployed: Connection, sent: str) -> None:
    assert refused(send("GET", f"{BASE}/jobs", headers={"Authorization": sent})) == (401, "auth_not_authenticated")


def test_a_path_that_is_no_utf_8_is_answered_in_utf_8(api: Api) -> None:
    answer = send("GET", "/nothing", requestContext={**context("/nothing"), "path": f"/{HALF}"})
    assert refused(answer) == (404, "not_found")


@pytest.mark.parametrize("missing", ["multiValueHeaders", "multiValueQueryStringParameters", "pathParameters", "body"])
def test_what_api_gateway_sends_as_null(api: Api, deployed: Connection, missing: str) -> None:
    assert send("GET", f"{BASE}/jobs", **{missing: None})["statusCode"] == 200


def context(path: str) -> dict[str, Any]:
    match = RouteTable(admin_api_routes(PROJECT)).match("GET", path)
    assert match is not None
    made: dict[str, Any] = rest_event("GET", path, match, headers={})["requestContext"]
    return made


@pytest.mark.parametrize("event", [{}, {"requestContext": {}}, {"nothing": 1}])
def test_an_event_that_is_no_request_is_a_problem_document_too(offline: Api, event: dict[str, Any]) -> None:
    from app import app

    answer = app(event, None)
    assert (answer["statusCode"], answer["headers"]["Content-Type"]) == (500, "application/problem+json")
    assert "Traceback" not in answer["body"]
