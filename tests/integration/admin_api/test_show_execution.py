"""GET /executions/{executionId}."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta, timezone
from urllib.parse import unquote

from psycopg.types.json import Jsonb

from functions import naming
from functions.db.audit import Author
from functions.db.cancellations import request_cancel
from functions.db.claims import claim
from functions.db.connection import Connection
from functions.db.executions import queue_manual
from functions.db.one_time import enqueue
from functions.db.outcomes import Outcome
from tests.integration.admin_api.api import BASE, Api
from tests.integration.admin_api.aws import REGION
from tests.integration.admin_api.cases import assert_knows_no_other_executions, assert_needs, assert_needs_a_token
from tests.integration.admin_api.runs import FIRST, run


def test_an_execution_shows_how_it_ended(api: Api, deployed: Connection) -> None:
    outcome = Outcome(status="failed", error_type="KeyError", error_message="x", error_stack="at line 3")
    execution_id = run(deployed, "cleanup", FIRST, outcome)
    answer = api("GET", f"{BASE}/executions/{execution_id}", permissions=("jobs.view",))
    assert answer.status == 200
    names = ("id", "job", "status", "error", "errorStack", "cause", "attempt", "scheduledAt")
    assert [answer.json[name] for name in names] == [
        str(execution_id),
        "cleanup",
        "failed",
        "KeyError: x",
        "at line 3",
        "schedule",
        1,
        "2026-11-23T09:00:00+00:00",
    ]


def test_a_running_execution_shows_how_far_it_is_and_who_wants_it_to_stop(api: Api, deployed: Connection) -> None:
    execution_id, bars = run(deployed, "cleanup", FIRST, None), [{"label": "files", "done": 1, "total": 4}]
    deployed.execute("UPDATE lamplighter.execution SET progress = %s", (Jsonb(bars),))
    request_cancel(deployed, execution_id, Author(actor="ann"))
    answer = api("GET", f"{BASE}/executions/{execution_id}").json
    assert (answer["status"], answer["progress"], answer["cancelRequestedBy"]) == ("running", bars, "ann")
    assert answer["cancelRequestedAt"] is not None


def test_it_leads_to_its_lines_in_cloudwatch_once_something_has_run(api: Api, deployed: Connection) -> None:
    waiting = enqueue(deployed, job_id="cleanup", key="tonight")
    shown = api("GET", f"{BASE}/executions/{waiting.execution_id}").json
    assert (shown["key"], shown["cloudWatch"]) == ("tonight", None)
    execution_id = run(deployed, "a.b_c-1", FIRST, Outcome(status="failed"))
    deployed.execute("UPDATE lamplighter.execution SET request_id = 'req-1', started_at = %s", (FIRST,))
    found = api("GET", f"{BASE}/executions/{execution_id}").json["cloudWatch"]
    group = f"/aws/lambda/{naming.job_name('local', 'a.b_c-1')}"
    assert (found["logGroup"], found["requestId"], found["region"]) == (group, "req-1", REGION)
    assert found["from"] == "2026-11-23T08:59:00+00:00"
    assert found["url"].startswith(f"https://{REGION}.console.aws.amazon.com/cloudwatch/home?region={REGION}#logsV2:")
    once = unquote(unquote(found["url"].partition("#")[2].replace("$", "%")))
    assert f'log-groups/log-group/{group}/log-events?filterPattern="req-1"&start=1795424340000&end=' in once


def test_each_attempt_shows_how_it_ended_and_the_newest_that_it_runs(api: Api, deployed: Connection) -> None:
    due_at = (FIRST + timedelta(minutes=1, hours=1)).astimezone(timezone(timedelta(hours=1)))
    failed = Outcome(
        status="retrying", attempt_status="failed", reason="why", retry_at=due_at,
        error_type="KeyError", error_message="x", error_stack="at line 3",
    )  # fmt: skip
    execution_id = run(deployed, "cleanup", FIRST, failed)
    path = f"{BASE}/executions/{execution_id}"
    waiting = api("GET", path).json
    assert (waiting["status"], waiting["attempt"], waiting["retryAt"]) == ("retrying", 1, "2026-11-23T10:01:00+00:00")
    (first,) = waiting["attempts"]
    assert (first["attempt"], first["status"], first["reason"], first["error"], first["errorStack"]) == (
        1, "failed", "why", "KeyError: x", "at line 3",
    )  # fmt: skip
    assert datetime.fromisoformat(first["startedAt"]) <= datetime.fromisoformat(first["finishedAt"])
    assert first["startedAt"].endswith("+00:00")
    assert first["duration"] >= 0

    deployed.execute("UPDATE lamplighter.execution SET retry_at = clock_timestamp()")
    again = claim(
        deployed, job_id="cleanup", scheduled_at=FIRST, cause="retry", overlap="allow", execution_id=execution_id,
        token=uuid.uuid4(), lease=timedelta(minutes=5),
    )  # fmt: skip
    shown = api("GET", path).json
    assert (again.decision, shown["status"], shown["retryAt"]) == ("run", "running", None)
    second = {"attempt": 2, "status": "running", "reason": None, "startedAt": shown["startedAt"], "finishedAt": None,
              "duration": None, "error": None, "errorStack": None}  # fmt: skip
    assert shown["attempts"] == [first, second]


def test_an_attempt_past_its_lease_is_lost_also_before_somebody_has_marked_it(api: Api, deployed: Connection) -> None:
    execution_id = run(deployed, "cleanup", FIRST, None, lease=timedelta())
    shown = api("GET", f"{BASE}/executions/{execution_id}").json
    assert (shown["status"], [attempt["status"] for attempt in shown["attempts"]]) == ("lost", ["lost"])


def test_of_many_attempts_the_newest_fifty_are_shown_with_the_ends_of_their_stacks(
    api: Api, deployed: Connection
) -> None:
    outcome = Outcome(status="failed", error_type="E", error_message="m" * 5000, error_stack="s" * 20_000 + "end")
    execution_id = run(deployed, "cleanup", FIRST, outcome)
    copied = "started_at, finished_at, error_type, error_message, error_stack"
    deployed.execute(
        f"INSERT INTO lamplighter.attempt (execution_id, scheduled_at, attempt, status, {copied}) "
        f"SELECT execution_id, scheduled_at, n, status, {copied} FROM lamplighter.attempt, generate_series(2, 60) n"
    )
    shown = api("GET", f"{BASE}/executions/{execution_id}").json
    assert [attempt["attempt"] for attempt in shown["attempts"]] == list(range(11, 61))
    last = shown["attempts"][-1]
    assert (len(last["error"]), len(last["errorStack"]), last["errorStack"][-3:]) == (4003, 16_000, "end")
    assert len(shown["errorStack"]) == 20_003


def test_what_waits_has_no_attempts(api: Api, deployed: Connection) -> None:
    execution_id = queue_manual(deployed, "cleanup", Author(actor="ann")).id
    shown = api("GET", f"{BASE}/executions/{execution_id}").json
    assert (shown["status"], shown["cause"], shown["attempt"], shown["attempts"]) == ("queued", "manual", 0, [])
    assert (shown["retryAt"], shown["cancelRequestedAt"], shown["cancelRequestedBy"]) == (None, None, None)


def test_an_unknown_or_impossible_id_is_404(api: Api) -> None:
    assert_knows_no_other_executions(api, "GET", "/executions/{}")


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "GET", f"/executions/{uuid.uuid4()}")


def test_managing_does_not_include_seeing(api: Api) -> None:
    assert_needs("jobs.view", api, "GET", f"/executions/{uuid.uuid4()}")
