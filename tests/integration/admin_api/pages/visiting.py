"""Somebody who looks at pages and sends forms: requests as events of API Gateway, answers as a browser gets them."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from infra.local.gateway_routes import RouteTable
from tests.integration.admin_api.api import Answer, token
from tests.integration.admin_api.events import rest_event

Fields = Sequence[tuple[str, str]]


class Visitor:
    """Calls the app as Lambda would, below a stage (/prod); every page must be what all pages are."""

    def __init__(self, app: Callable[[Any, Any], Any], routes: RouteTable) -> None:
        self._app = app
        self._routes = routes

    def get(self, path: str, *permissions: str, **headers: str) -> Answer:
        """Look at a page, with these permissions: all of them when none is named."""
        return self._call("GET", path, permissions, headers, None)

    def post(self, path: str, fields: Fields = (), *permissions: str) -> Answer:
        """Send a form."""
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        return self._call("POST", path, permissions, kind, urlencode(fields))

    def _call(
        self, method: str, path: str, permissions: Sequence[str], headers: dict[str, str], body: str | None
    ) -> Answer:
        sent = {"Authorization": f"Bearer {token(*(permissions or ('*',)))}", "Accept-Language": "en", **headers}
        path, _, query = path.partition("?")
        match = self._routes.match(method, f"/admin{path}")
        assert match is not None
        event = rest_event(method, f"/admin{path}", match, headers=sent, body=body, query=query)
        raw = json.loads(json.dumps(self._app(json.loads(json.dumps(event)), None)))
        answer = Answer(raw["statusCode"], raw["headers"], raw["body"], event["requestContext"]["requestId"])
        _check(answer)
        return answer


def _check(answer: Answer) -> None:
    if answer.headers.get("Content-Type", "").startswith("text/html"):
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert "<script>" not in answer.body
        assert " style=" not in answer.body
        assert answer.body.count("<h1") == 1
    addresses = re.findall(r'(?:href|action|data-next)="([^"]*)"', answer.body)
    assert [each for each in addresses if not each.startswith(("/prod/", "#", "https://"))] == []


def text(answer: Answer) -> str:
    """What a page says, without its tags."""
    main = answer.body.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", main)))


def location(answer: Answer) -> str:
    """Where a form led to, below /admin."""
    assert answer.status == 303, text(answer)
    return answer.headers["Location"].removeprefix("/prod/admin")
