"""A client of the real app: a request becomes an API Gateway event, the app's answer is checked and read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib import tokens
from infra.local.gateway_routes import RouteTable
from tests.integration.admin_api.events import rest_event

KEY = "an admin api test's signing key long enough"
ACTOR = "ada"
BASE = "/api/v1/admin"


@dataclass(frozen=True)
class Answer:
    """What the app answered."""

    status: int
    headers: dict[str, str]
    body: str
    request_id: str
    cookies: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def code(self) -> str | None:
        """A problem document's code; None for every other answer."""
        return self.json["code"] if self.headers.get("Content-Type") == "application/problem+json" else None


def token(*permissions: str, actor: str = ACTOR) -> str:
    """A valid token with exactly these permissions."""
    identity = tokens.Identity(actor=actor, permissions=frozenset(permissions))
    return tokens.sign(KEY, identity, now=datetime.now(UTC), lifetime=timedelta(minutes=5))


@dataclass(frozen=True)
class Context:
    """What Lambda hands a function beside the event, as far as we read it."""

    left_s: float

    def get_remaining_time_in_millis(self) -> int:
        """How long until Lambda ends the function."""
        return int(self.left_s * 1000)


class Api:
    """Calls the app as Lambda would; every answer must have what all answers have."""

    def __init__(self, app: Callable[[Any, Any], Any], routes: RouteTable) -> None:
        self._app = app
        self._routes = routes

    def __call__(
        self,
        method: str,
        path: str,
        *,
        permissions: tuple[str, ...] = ("*",),
        actor: str = ACTOR,
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
        json_body: object = None,
        source_ip: str = "192.0.2.1",
        left_s: float | None = None,
    ) -> Answer:
        """Send one request; with `headers` it carries these instead of a token with the permissions.

        `json_body` is sent as a JSON client sends it. `left_s`: how long Lambda lets it work, 29 s when None.
        """
        sent = {"Authorization": f"Bearer {token(*permissions, actor=actor)}"} if headers is None else headers
        if json_body is not None:
            sent, body = {**sent, "Content-Type": "application/json"}, json.dumps(json_body)
        path, _, query = path.partition("?")
        match = self._routes.match(method, path)
        assert match is not None, f"API Gateway has no route for {method} {path}"
        made = rest_event(method, path, match, headers=sent, body=body, query=query, source_ip=source_ip)
        event = json.loads(json.dumps(made))
        raw = json.loads(json.dumps(self._app(event, None if left_s is None else Context(left_s))))
        answer = Answer(
            raw["statusCode"],
            raw["headers"],
            raw["body"],
            event["requestContext"]["requestId"],
            tuple(raw["multiValueHeaders"].get("Set-Cookie", [])),
        )
        _check(answer, event["requestContext"]["path"])
        return answer


def _check(answer: Answer, path: str) -> None:
    headers = answer.headers
    assert headers["X-Request-Id"] == answer.request_id
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Strict-Transport-Security"].startswith("max-age=")
    if answer.status in (201, 202, 204, 302):
        assert answer.body == ""
    elif answer.status < 400:
        assert headers["Content-Type"] == "application/json"
    else:
        _check_problem(answer, path)


def _check_problem(answer: Answer, path: str) -> None:
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert problem.keys() == {"type", "title", "status", "detail", "instance", "code", "requestId"}
    assert (problem["status"], problem["instance"]) == (answer.status, path)
    assert problem["requestId"] == answer.request_id
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in answer.body
    assert ".py" not in answer.body
