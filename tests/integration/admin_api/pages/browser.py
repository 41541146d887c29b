"""A browser in a test: keeps cookies, sends forms, follows nothing."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from infra.local.gateway_routes import RouteTable, admin_api_routes
from tests.conftest import PROJECT
from tests.integration.admin_api.api import Context
from tests.integration.admin_api.events import STAGE, rest_event
from tests.integration.admin_api.logins import PASSWORD

POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


@dataclass(frozen=True)
class Shown:
    """A page, or a redirect to one."""

    status: int
    headers: dict[str, str]
    body: str

    @property
    def location(self) -> str:
        """Where it leads, below the stage."""
        return self.headers["Location"].removeprefix(f"/{STAGE}")

    @property
    def text(self) -> str:
        """What is read, without tags, and blanks as one."""
        bare = re.sub(r"<template.*?</template>|<[^>]*>", " ", self.body, flags=re.DOTALL)
        return re.sub(r"\s+", " ", html.unescape(bare))

    def part(self, name: str) -> str:
        """The element with this id, to the end of the page."""
        return self.body[self.body.index(f'id="{name}"') :]

    def hidden(self, name: str) -> str:
        """What a hidden field carries along, of the last form that has one: the first is in the header."""
        found = re.findall(rf'<input type="hidden" name="{name}" value="([^"]*)"', self.body)
        return html.unescape(found[-1])


@dataclass
class Browser:
    """Somebody in front of the pages; `stage`: what API Gateway puts before all paths."""

    app: Any
    stage: str | None = STAGE
    cookies: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, method: str = "GET", **headers: str) -> Shown:
        """Look at a page."""
        return self._send(method, path, headers, None)

    def post(self, path: str, fields: dict[str, Any] | None = None, **headers: str) -> Shown:
        """Send a form, from a page of ours unless headers say otherwise."""
        sent = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded", **headers}
        return self._send("POST", path, sent, urlencode(fields or {}, doseq=True))

    def log_in(self, name: str, password: str = PASSWORD) -> Browser:
        """Be this user from now on."""
        assert self.post("/admin/login", {"name": name, "password": password}).status == 303
        return self

    def _send(self, method: str, path: str, headers: dict[str, str], body: str | None) -> Shown:
        path, _, query = path.partition("?")
        match = RouteTable(admin_api_routes(PROJECT)).match(method, path)
        assert match is not None
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        sent = {**self.headers, **(cookie if self.cookies else {}), **headers}
        event = rest_event(method, path, match, headers=sent, body=body, query=query)
        event["requestContext"]["path"] = f"/{self.stage}{path}" if self.stage else path
        raw = json.loads(json.dumps(self.app(json.loads(json.dumps(event)), Context(29))))
        shown = Shown(raw["statusCode"], raw["headers"], raw["body"])
        self._keep([*raw["multiValueHeaders"].get("Set-Cookie", []), raw["headers"].get("Set-Cookie", "")])
        _check(shown)
        return shown

    def _keep(self, lines: list[str]) -> None:
        for line in filter(None, lines):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.cookies = {name: value for name, value in self.cookies.items() if value}


def _check(shown: Shown) -> None:
    """What every page has, and none may have."""
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    if shown.status in (302, 303):
        return
    assert shown.headers["Content-Type"] == "text/html; charset=utf-8", shown.body
    assert shown.headers["Content-Security-Policy"] == POLICY
    assert not re.search(r"<script(?! type=\"module\" src=)|<style|\sstyle=|\son[a-z]+=\"", shown.body)
    # A job's own stands where its execution is shown.
    assert "Traceback" not in re.sub(r"<pre.*?</pre>", "", shown.body, flags=re.DOTALL)
    assert len(re.findall(r"<h1[ >]", shown.body)) == 1, re.findall(r"<h1.*", shown.body)
