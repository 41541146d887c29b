"""Requests no endpoint is for."""

from __future__ import annotations

import json

import pytest

from infra.local.gateway_routes import Match
from tests.integration.admin_api.api import BASE, Api, token
from tests.integration.admin_api.events import rest_event


@pytest.mark.parametrize("path", ["/", "/nothing", BASE, f"{BASE}/nothing", f"{BASE}/jobs/a/b/c", "/%2e%2e/x", "/*"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_an_unknown_path_is_404_for_everybody(offline: Api, method: str, path: str) -> None:
    answer = offline(method, path, headers={})
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/jobs", "GET, HEAD"),
        ("OPTIONS", "/jobs/", "GET, HEAD"),
        ("PUT", "/jobs/cleanup", "DELETE, GET, HEAD"),
        ("PUT", "/jobs/restore", "POST"),
        ("GET", "/jobs/cleanup/pause", "POST"),
        ("DELETE", "/executions/1", "GET, HEAD"),
    ],
)
def test_another_method_is_405_and_names_those_there_are(offline: Api, method: str, path: str, allowed: str) -> None:
    answer = offline(method, BASE + path, headers={})
    assert (answer.status, answer.code, answer.headers["Allow"]) == (405, "method_not_allowed", allowed)


def test_head_answers_where_get_does(api: Api) -> None:
    assert api("HEAD", f"{BASE}/jobs").status == 200
    assert api("HEAD", f"{BASE}/jobs/nope").status == 404


@pytest.mark.parametrize(
    ("resource", "status", "code"), [(f"{BASE}/jobs", 405, "method_not_allowed"), ("/unheard-of", 404, "not_found")]
)
def test_chalices_own_refusals_are_problem_documents_too(offline: Api, resource: str, status: int, code: str) -> None:
    from app import app

    match = Match(resource=resource, parameters={})
    event = rest_event("PATCH", resource, match, headers={"Authorization": f"Bearer {token('*')}"})
    answer = app(event, None)
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (status, code)
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert answer["headers"]["X-Request-Id"] == event["requestContext"]["requestId"]
