"""The pages of jobs and of schedules, as the app answers them."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from functions.db.connection import Connection
from infra.local.gateway_routes import RouteTable, admin_api_routes
from tests.conftest import PROJECT
from tests.integration.admin_api.api import Api, token
from tests.integration.admin_api.events import rest_event

Visit = Callable[..., tuple[int, str, str]]
XSS = "<script>alert(1)</script>"


@pytest.fixture
def visit(api: Api, deployed: Connection) -> Visit:
    """Sends a request to a page: its status, its HTML and where it leads. Below a stage."""
    from app import app

    routes = RouteTable(admin_api_routes(PROJECT))

    def send(path: str, *permissions: str, **form: object) -> tuple[int, str, str]:
        method, (bare, _, query) = "POST" if form else "GET", path.partition("?")
        match = routes.match(method, f"/admin{bare}")
        assert match is not None
        headers = {"Authorization": f"Bearer {token(*(permissions or ('*',)))}", "Sec-Fetch-Site": "same-origin"}
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        body = urlencode(form, doseq=True) if form else None
        raw = app(rest_event(method, f"/admin{bare}", match, headers=headers, body=body, query=query), None)
        return raw["statusCode"], raw["body"], raw["headers"].get("Location", "")

    return send


def version(html: str) -> str:
    found = re.search(r'name="version" value="([^"]*)"', html)
    assert found is not None
    return found[1].replace("&#34;", '"')


def test_the_list_links_below_the_stage_and_counts_jobs(visit: Visit) -> None:
    status, html, _ = visit("/jobs")
    assert status == 200
    assert 'href="/prod/admin/jobs/cleanup"' in html
    assert "every hour" in html
    assert '<span class="muted">4</span>' in html


def test_filters_are_shown_kept_and_can_be_taken_away(visit: Visit) -> None:
    _, html, _ = visit("/jobs?search=clean&state=enabled&sort=-id")
    assert 'value="clean"' in html
    assert 'href="/prod/admin/jobs?search=clean&amp;sort=-id"' in html
    assert "a.b_c-1" not in html
    assert "No job is like that." in visit("/jobs?search=nothing")[1]


def test_who_may_only_look_sees_no_buttons_and_is_refused(visit: Visit) -> None:
    for path in ("/jobs", "/jobs/cleanup"):
        html = visit(path, "jobs.view")[1]
        assert "data-dialog" not in html
        assert 'name="ids"' not in html
    for path in ("/jobs/cleanup/pause", "/jobs/cleanup/delete", "/jobs/cleanup/trigger", "/restore"):
        assert visit(path, "jobs.view")[0] == 403
    assert visit("/jobs/cleanup/pause", "jobs.view", reason="x")[0] == 403
    assert visit("/jobs/restore", "jobs.view", sure="true")[0] in (400, 403)
    assert visit("/jobs/bulk", "jobs.view", action="pause", ids="cleanup", sure="true")[0] == 403
    assert visit("/jobs/bulk", "jobs.view", "jobs.pause", action="trigger", ids="cleanup", sure="true")[0] == 403


def test_a_pause_is_asked_about_done_and_escaped_everywhere(visit: Visit) -> None:
    seen = version(visit("/jobs/cleanup/pause")[1])
    status, _, location = visit("/jobs/cleanup/pause", reason=XSS, version=seen)
    assert (status, location) == (303, "/prod/admin/jobs/cleanup?done=paused")
    for path in ("/jobs", "/jobs/cleanup", "/jobs/cleanup/pause"):
        html = visit(path)[1]
        assert XSS not in html
        assert "&lt;script&gt;alert(1)" in html


def test_somebody_who_was_slower_is_told_and_keeps_what_was_typed(visit: Visit) -> None:
    seen = version(visit("/jobs/cleanup/pause")[1])
    visit("/jobs/cleanup/pause", reason="first", version=seen)
    status, html, _ = visit("/jobs/cleanup/pause", reason="second", version=seen)
    assert status == 412
    assert 'value="second"' in html
    assert "Somebody else was faster" in html
    assert visit("/jobs/cleanup/pause", reason="second", version=version(html))[0] == 303


def test_a_refused_form_keeps_what_was_typed(visit: Visit) -> None:
    status, html, _ = visit("/jobs/cleanup/pause", reason="my reason", until="yesterday")
    assert status == 400
    assert 'value="my reason"' in html
    assert 'value="yesterday"' in html


def test_resume_and_trigger_lead_on(visit: Visit) -> None:
    visit("/jobs/cleanup/pause", reason="x")
    seen = version(visit("/jobs/cleanup/resume")[1])
    assert visit("/jobs/cleanup/resume", version=seen)[0] == 303


def test_some_jobs_at_once_are_asked_about_first(visit: Visit, deployed: Connection) -> None:
    chosen = {"action": "pause", "ids": ["cleanup", "a.b_c-1"], "next": "/prod/admin/jobs?state=enabled"}
    status, html, _ = visit("/jobs/bulk", **chosen)
    assert status == 200
    assert "Pause 2 jobs" in html
    assert deployed.execute("SELECT count(*) FROM lamplighter.job WHERE paused_at IS NOT NULL").fetchone() == (0,)
    status, _, location = visit("/jobs/bulk", **chosen, sure="true", reason="both")
    assert (status, location) == (303, "/prod/admin/jobs?state=enabled&done=pause&many=2")
    assert "2 jobs paused." in visit("/jobs?done=pause&many=2")[1]
    assert deployed.execute("SELECT count(*) FROM lamplighter.job WHERE pause_reason = 'both'").fetchone() == (2,)


def test_what_was_refused_of_some_is_said_with_why(visit: Visit) -> None:
    status, html, _ = visit("/jobs/bulk", action="pause", ids=["cleanup", "removed"], sure="true")
    assert status == 200
    assert "1 job paused." in html
    assert "1 job was refused" in html
    assert "was removed" in html


def test_none_or_too_many_at_once_is_refused(visit: Visit) -> None:
    assert visit("/jobs/bulk", action="pause")[0] == 400
    assert visit("/jobs/bulk", action="pause", ids=[f"job-{n}" for n in range(51)])[0] == 400


def test_the_limit_stops_a_change_of_many_and_says_which_are_done(visit: Visit, deployed: Connection) -> None:
    visit("/jobs/bulk", action="pause", ids="cleanup", sure="true")
    deployed.execute("UPDATE lamplighter.mutation_count SET mutations = 29")
    status, html, _ = visit("/jobs/bulk", action="resume", ids=["cleanup", "restore"], sure="true")
    assert status == 200
    assert "1 job resumed." in html
    assert "1 job was not tried." in html
    status, html, _ = visit("/jobs/cleanup/pause", reason="mine")
    assert status == 429
    assert "data-cooldown" in html
    assert 'value="mine"' in html


def test_a_removed_job_has_a_page_and_restore_brings_it_back(visit: Visit) -> None:
    status, html, _ = visit("/jobs/removed")
    assert status == 200
    assert "Deleted by deployer" in html
    assert "removed" in visit("/restore")[1]
    assert visit("/jobs/restore", again="")[0] in (303, 400)
    assert visit("/jobs/unknown")[0] == 404


def test_a_job_that_is_called_restore_has_its_page(visit: Visit) -> None:
    assert "<h1>restore</h1>" in visit("/jobs/restore")[1]


def test_a_job_shows_what_aws_has_when_asked(visit: Visit) -> None:
    assert "Ask AWS" in visit("/jobs/cleanup")[1]
    html = visit("/jobs/cleanup?aws=true")[1]
    assert "AWS has what it is to have." in html
    assert "ScheduleExpression" in html


def test_aws_away_leaves_the_rest_of_the_page(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    status, html, _ = visit("/jobs/cleanup?aws=true")
    assert status == 200
    assert "AWS did not say" in html
    assert "Next occurrences" in html


def test_history_takes_filters_and_says_when_there_is_nothing(visit: Visit) -> None:
    assert "It has not run yet." in visit("/jobs/cleanup")[1]
    assert "No run is like that." in visit("/jobs/cleanup?status=failed&from=2026-01-01T00:00")[1]


def test_a_schedule_is_explained(visit: Visit) -> None:
    query = urlencode({"expression": "30 2 * * *", "zone": "Europe/Prague"})
    status, html, _ = visit(f"/schedule?{query}")
    assert status == 200
    for said in ("every day at 2:30", "cron(30 2 * * ? *)", "Skipped: 02:30", "a rule knows UTC only"):
        assert said in html


@pytest.mark.parametrize("expression", ["rate(5 minutes)", "@hourly", "at(2040-01-01T00:00:00)", "0 0 30 2 *"])
def test_every_kind_of_schedule_is_explained(visit: Visit, expression: str) -> None:
    assert visit(f"/schedule?{urlencode({'expression': expression})}")[0] == 200


def test_a_wrong_schedule_is_said_beside_its_field_and_kept(visit: Visit) -> None:
    status, html, _ = visit(f"/schedule?{urlencode({'expression': XSS})}")
    assert status == 400
    assert "expression-error" in html
    assert XSS not in html
    assert "&lt;script&gt;" in html
    assert "Europe/Prague" in visit(f"/schedule?{urlencode({'expression': '@daily', 'zone': 'prague'})}")[1]
