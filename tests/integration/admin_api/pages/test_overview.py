"""The overview: what runs, what went wrong, what is next, what AWS says; and what a page says where nothing is yet."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from functions.db import jobs
from functions.db.connection import Connection
from functions.db.outcomes import Outcome, finish
from functions.definition import JobDefinition
from functions.settings import settings
from tests.integration import seeds
from tests.integration.admin_api.aws import Aws
from tests.integration.admin_api.pages.browser import Browser, Shown

EVIL = "<script>alert(1)</script>"


def minute(ago: int = 0) -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=ago)


def ran(connection: Connection, job_id: str, status: str, *, ago: int, message: str | None = None) -> uuid.UUID:
    execution_id, token = uuid.uuid4(), uuid.uuid4()
    at = minute(ago)
    seeds.claimed(connection, job_id, at, execution_id=execution_id, token=token)
    outcome = Outcome(status=status, error_type="ValueError" if message else None, error_message=message)
    finish(connection, outcome, execution_id=execution_id, scheduled_at=at, token=token)
    return execution_id


def figure(shown: Shown, label: str) -> str:
    found = re.search(rf"<strong>([^<]*)</strong><span>{label}</span>", shown.body)
    assert found is not None, label
    return found[1]


def test_without_a_job_it_says_what_to_do(ada: Browser) -> None:
    shown = ada.get("/admin")
    assert "No job yet." in shown.text
    assert "functions/jobs/" in shown.text


def test_before_the_first_run_it_says_when_that_is(ada: Browser, deployed: Connection) -> None:
    shown = ada.get("/admin")
    assert "Nothing has run yet." in shown.text
    assert "Nothing runs at the moment." in shown.text
    assert "Nothing failed, was lost or missed." in shown.text
    assert figure(shown, "jobs") == "4"


def test_what_runs_is_shown_with_its_progress(ada: Browser, deployed: Connection) -> None:
    claim = seeds.claimed(deployed, "cleanup", minute(), lease=timedelta(hours=1))
    progress = f'[{{"label": "{EVIL}", "done": 30, "total": 120}}, {{"label": "", "done": 7, "total": null}}]'
    deployed.execute("UPDATE lamplighter.execution SET progress = %s", (progress,))
    shown = ada.get("/admin")
    assert figure(shown, "running now") == "1"
    assert '<progress max="120" value="30" aria-label="&lt;script&gt;alert(1)&lt;/script&gt;">' in shown.body
    assert "30 of 120" in shown.text
    (found,) = deployed.execute("SELECT id FROM lamplighter.execution").fetchall()
    assert f'href="/prod/admin/executions/{found[0]}"' in shown.part("running")
    assert claim is not None


def test_what_went_wrong_is_by_job_with_the_last_of_it_first(ada: Browser, deployed: Connection) -> None:
    ran(deployed, "cleanup", "failed", ago=5, message="the first")
    ran(deployed, "a.b_c-1", "failed", ago=4, message="another")
    last = ran(deployed, "cleanup", "failed", ago=3, message=f"the last {EVIL}")
    ran(deployed, "cleanup", "succeeded", ago=2)
    shown = ada.get("/admin")
    assert figure(shown, "failed, lost or missed in 24 h") == "3"
    part = shown.part("troubles")
    assert part.index("cleanup") < part.index("a.b_c-1")
    assert "2 failed" in shown.text
    assert "the last &lt;script&gt;alert(1)&lt;/script&gt;" in part
    assert "the first" not in part
    assert f'href="/prod/admin/executions/{last}"' in part


def test_success_is_drawn_with_a_table_of_the_same_numbers(ada: Browser, deployed: Connection) -> None:
    ran(deployed, "cleanup", "failed", ago=2, message="x")
    for ago in (3, 4, 5):
        ran(deployed, "a.b_c-1", "succeeded", ago=ago)
    shown = ada.get("/admin")
    assert shown.body.count('aria-label="24 hours: 3 succeeded, 1 failed, lost or missed"') == 1
    assert shown.body.count('aria-label="30 days (UTC): 3 succeeded, 1 failed, lost or missed"') == 1
    assert "24 hours 75%" in shown.text
    assert shown.body.count("<tr><td>") >= 24 + 30


def test_the_next_hour_has_each_jobs_runs_on_an_axis(ada: Browser, deployed: Connection) -> None:
    jobs.store_definitions(
        deployed, [JobDefinition(id="often", schedule="*/10 * * * *"), JobDefinition(id="by-hand", schedule=None)]
    )
    shown = ada.get("/admin")
    part = shown.part("hour")
    assert ">often</a>" in part
    assert "by-hand" not in part
    assert re.search(r'aria-label="[56] runs"', part)
    start = minute()
    at = [start + timedelta(minutes=n) for n in range(1, 60) if (start + timedelta(minutes=n)).minute % 10 == 0]
    assert ", ".join(f"{each:%H:%M}" for each in at) in re.sub(r"\s*,\s*", ", ", shown.text)


def test_a_paused_job_is_counted_and_not_due(ada: Browser, deployed: Connection) -> None:
    deployed.execute("UPDATE lamplighter.job SET paused_at = now(), paused_by = 'ada' WHERE removed_at IS NULL")
    shown = ada.get("/admin")
    assert figure(shown, "paused") == "4"
    assert "Nothing is due in the next hour." in shown.text


def test_overdue_and_missing_jobs_stand_out(ada: Browser, deployed: Connection) -> None:
    deployed.execute("DELETE FROM lamplighter.trigger WHERE job_id = 'cleanup'")
    assert figure(ada.get("/admin"), "missing in AWS") == "1"


def test_the_script_gets_what_changes_and_not_the_rest(ada: Browser, deployed: Connection) -> None:
    part = ada.get("/admin", **{"X-Fragment": "live"})
    assert part.body.strip().startswith("<main")
    assert 'id="running"' in part.body
    assert "30 days" not in part.body


def test_aws_says_what_it_has(ada: Browser, deployed: Connection, aws: Aws) -> None:
    assert 'data-load="/prod/admin/aws"' in ada.get("/admin").body
    assert "Every trigger is as deployed." in ada.get("/admin/aws").text
    aws.client("events").disable_rule(Name="lamplighter-local-job-cleanup")
    text = ada.get("/admin/aws").text
    assert "1 trigger differs from what is deployed." in text
    assert "1 of these somebody changed in AWS." in text
    assert f"of {settings().rules_limit}" in text


def test_aws_away_breaks_nothing(ada: Browser, deployed: Connection, aws: Aws) -> None:
    with aws.away():
        assert ada.get("/admin").status == 200
        shown = ada.get("/admin/aws")
    assert shown.status == 200
    assert "AWS does not answer at the moment" in shown.text


def test_who_may_not_see_jobs_is_led_to_what_they_may_see(
    browser_of: Callable[..., Browser], connection: Connection
) -> None:
    connection.execute("INSERT INTO lamplighter.role (name, created_by) VALUES ('auditor', 'test')")
    connection.execute("INSERT INTO lamplighter.role_permission VALUES ('auditor', 'audit.view')")
    auditor = browser_of("ann", "auditor")
    assert auditor.get("/admin").location == "/admin/audit"
    assert auditor.get("/admin/aws").status == 403
    assert 'href="/prod/admin/jobs"' not in auditor.get("/admin/audit").body
    assert browser_of("bob").get("/admin").location == "/admin/account"
