"""One visit to a page: who comes, how they want to read it, and where things are from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, unquote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from chalice.app import Request

from chalicelib import incoming
from chalicelib.callers import Caller
from chalicelib.pages import preferences
from chalicelib.permissions import grants
from chalicelib.problems import STATUSES
from chalicelib.refusals import Refusal
from functions.errors import JobsError

BASE_PATH = "/admin"
# The parameters that say, after a redirect, what was done, and how often where it was done to many.
DONE, MANY = "done", "many"
SAID = (DONE, MANY)


@dataclass(frozen=True, kw_only=True)
class Visit:
    """`refused` and `values`: what a form was refused for, and what was typed into it, so that nothing is lost."""

    request: Request
    caller: Caller | None
    language: str
    zone: ZoneInfo
    theme: str | None
    now: datetime
    refused: JobsError | None = None
    values: Mapping[str, str] = field(default_factory=dict)

    def may(self, permission: str) -> bool:
        """Whether who comes holds it."""
        return self.caller is not None and grants(self.caller.permissions, permission)

    def link(self, rest: str = "/", **query: object) -> str:
        """The address of another page, below whatever stage or base path API Gateway puts before ours."""
        asked = urlencode({name: value for name, value in query.items() if value not in (None, "", ())}, doseq=True)
        return f"{prefix(self.request)}{BASE_PATH}{quote(rest, safe='/')}" + (f"?{asked}" if asked else "")

    def here(self, **query: object) -> str:
        """This page with other parameters; None takes one away."""
        current = {name: value for name, value in (self.request.query_params or {}).items() if name not in SAID}
        return self.link(self.path, **{**current, **query})

    @property
    def done(self) -> str | None:
        """What was done before this page, by its code in words.DONE."""
        sent = self.request.query_params
        return None if sent is None or DONE not in sent else str(sent[DONE])

    @property
    def wait_s(self) -> int | None:
        """In how many seconds what was refused can be tried again; None where waiting is no help."""
        headers = self.refused.headers if isinstance(self.refused, Refusal) else {}
        return int(headers["Retry-After"]) if "Retry-After" in headers else None

    @property
    def many(self) -> int:
        """How many times it was done: 0 where that is not said."""
        asked = self.request.query_params
        sent = "" if asked is None or MANY not in asked else str(asked[MANY])
        return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 4 else 0

    @property
    def status(self) -> int:
        """The HTTP status of a page that shows a form, or shows it again."""
        return 200 if self.refused is None else int(STATUSES.get(self.refused.code, 500))

    @property
    def is_fragment(self) -> bool:
        """Whether the script of our pages asks, which needs the main part only."""
        return "x-fragment" in self.request.headers

    @property
    def prefix(self) -> str:
        """What stands before our paths."""
        return prefix(self.request)

    @property
    def path(self) -> str:
        """The path of this page below BASE_PATH."""
        return unquote(incoming.path(self.request)[len(self.prefix) + len(BASE_PATH) :]) or "/"


def of(request: Request, caller: Caller | None, *, now: datetime) -> Visit:
    """The visit this request is."""
    return Visit(
        request=request,
        caller=caller,
        language=preferences.language(request),
        zone=preferences.zone(request),
        theme=preferences.theme(request),
        now=now,
    )


def prefix(request: Request) -> str:
    """What stands before /admin: a stage, a base path, or nothing; either may be called admin, too."""
    given = incoming.path(request).rstrip("/").split("/")
    return "/".join(given[: max(0, len(given) - _length(request))])


def _length(request: Request) -> int:
    """How many segments of the path are ours, by the route that was chosen for it."""
    parameters = request.uri_params or {}
    parts = str(request.context.get("resourcePath", "")).strip("/").split("/")
    return sum(len(parameters.get("proxy", "").strip("/").split("/")) if each.endswith("+}") else 1 for each in parts)


def is_ours(target: str, request: Request) -> bool:
    """Whether this is the path of one of our pages: where a redirect may lead (OWASP "Unvalidated Redirects")."""
    parts = urlsplit(target)
    is_path = not parts.scheme and not parts.netloc and "\\" not in target and not target.startswith("//")
    return is_path and target.isprintable() and target.startswith(f"{prefix(request)}{BASE_PATH}/")
