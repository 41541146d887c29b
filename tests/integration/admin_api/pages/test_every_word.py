"""Nothing a page says of its own is left in English: in a language that marks its messages, all else is data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from chalicelib.pages import catalogue, preferences, rendering, session, words
from functions.db import jobs, one_time
from functions.db.connection import Connection
from functions.definition import JobDefinition
from functions.scheduling.reconcile import reconcile
from functions.settings import settings
from tests.browser.history import Story, tell
from tests.browser.pages import PAGES, path_of
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.pages.browser import Browser, Shown
from tests.integration.admin_api.pages.seeded import theirs
from tests.integration.admin_api.pages.unmarked import LANGUAGE, bare, write_catalogue

_EXPRESSIONS = (
    *("*/7 * * * *", "61 * * * *", "0 0 31 2 *", "rate(7 minutes)", "rate(1 minutes)", "at(2030-01-01T00:00:00)"),
    *("0 0 13 * 5", "@reboot", "0 0 9 ? * MON *", "cron(0 9 L * ? *)", "0 0 29 2 *", "every day", "5 4 * *"),
    *("* * * * * *", "rate(0 minutes)", "at(2020-13-01T00:00:00)", "1-0 * * * *", "0 0 * * MON#6", "@hourly"),
)
_REFUSED: dict[str, dict[str, Any]] = {
    "/admin/users/new": {"name": "x y", "password": "short"},
    "/admin/users/new?": {"name": "karel"},
    "/admin/one-time/new?": {"job": "legacy-import"},
    "/admin/roles/new": {"name": "Not A Name", "permissions": "nothing.there"},
    "/admin/account/password": {"current": "wrong", "password": "short"},
    "/admin/jobs/cache-warmup/pause": {"until": "2001-01-01T00:00"},
    "/admin/jobs/old-cleanup/trigger": {},
    "/admin/jobs/legacy-import/trigger": {},
    "/admin/jobs/nobody/trigger": {},
    "/admin/jobs/cache-warmup/resume": {"version": "another"},
    "/admin/jobs/bulk": {"action": "trigger", "ids": ["sync-crm", "legacy-import", "nobody", "old-cleanup"]},
    "/admin/one-time/new": {"job": "send-email", "p.copies": "many", "p.labels": "no", "when": "in", "minutes": "x"},
    "/admin/executions/{scheduled}/reschedule": {"when": "at", "at": "soon"},
    "/admin/executions/{failed}/cancel": {},
    "/admin/executions/{running}/retry": {},
    "/admin/plan/apply": {"etag": "another"},
}  # fmt: skip


class _Site:
    """Where the story is told: this test's own PostgreSQL and AWS."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.definitions: list[JobDefinition] = []

    def empty(self) -> Connection:
        return self._connection

    def deploy(self, definitions: Iterable[JobDefinition]) -> None:
        self.definitions = list(definitions)
        jobs.store_definitions(self._connection, self.definitions)
        reconcile(self._connection, settings())


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A third language is there, whose catalogue marks every message."""
    write_catalogue(tmp_path)
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path)
    for each in (preferences, rendering, session):
        monkeypatch.setattr(each, "LANGUAGES", ("en", LANGUAGE))


def test_a_page_says_nothing_that_is_neither_translated_nor_data(
    ada: Browser, connection: Connection, aws: Aws, marked: None
) -> None:
    site = _Site(connection)
    story = tell(site)  # type: ignore[arg-type]
    one_time.enqueue(connection, job_id="send-email", params={"to": "a"}, after=story.queued)
    aws.client("events").disable_rule(Name="lamplighter-local-job-cache-warmup")
    data = theirs(connection, site.definitions)
    ada.cookies["language"] = LANGUAGE

    found = {path: said for path, shown in _shown(ada, story) if (said := bare(shown.body, data))}
    with aws.away():
        away = {path: bare(ada.get(path).body, data) for path in ("/admin/plan", "/admin/aws", "/admin/jobs/heartbeat")}
        away["trigger"] = bare(ada.post("/admin/jobs/heartbeat/trigger").body, data)
        away["restore"] = bare(ada.post("/admin/jobs/restore").body, data)
    found |= {f"{path} without AWS": said for path, said in away.items() if said}

    assert found == {}


def _shown(reader: Browser, story: Story) -> Iterator[tuple[str, Shown]]:
    """Every page, every state, every answer to a change, and refusals."""
    looked_at = [path_of(name, story) for name in PAGES]
    looked_at += [f"/admin/executions/{each}" for each in vars(story).values()]
    looked_at += [f"/admin/jobs?state={state}" for state in words.STATES]
    looked_at += [f"/admin/executions?status={status}" for status in words.STATUSES]
    looked_at += [
        f"/admin/jobs/{each}" for each in ("sync-crm", "old-cleanup", "new-feed", "legacy-import", "heartbeat")
    ]
    looked_at += [f"/admin/schedule?zone=Europe%2FPrague&expression={quote_plus(each)}" for each in _EXPRESSIONS]
    looked_at += ["/admin/account?done=own_password_set", "/admin/jobs?done=paused&many=3", "/admin/?cursor=x"]
    looked_at += ["/admin/roles/new", "/admin/roles/viewer/delete", "/admin/plan/apply", "/admin/jobs/sync-crm/resume"]
    looked_at += ["/admin/one-time/new", "/admin/jobs?cursor=x", "/admin/executions?from=soon", "/admin/audit?cursor=x"]
    for path in looked_at:
        yield path, reader.get(path)
    for path, fields in _REFUSED.items():
        sent = path.format_map(vars(story))
        shown = reader.post(sent, fields)
        assert shown.status != 303, path
        yield f"POST {path}", shown
