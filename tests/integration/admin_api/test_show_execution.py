"""GET /executions/{executionId}."""

from __future__ import annotations

import uuid

import pytest
from psycopg.types.json import Jsonb

from functions.db.audit import Author
from functions.db.cancellations import request_cancel
from functions.db.connection import Connection
from functions.db.outcomes import Outcome
from tests.integration.admin_api.api import BASE, Api
from tests.integration.admin_api.cases import assert_needs, assert_needs_a_token
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


@pytest.mark.parametrize("execution_id", [str(uuid.uuid4()), "1", "nope", "%00", "%27", "a" * 300])
def test_an_unknown_or_impossible_id_is_404(api: Api, execution_id: str) -> None:
    answer = api("GET", f"{BASE}/executions/{execution_id}")
    assert (answer.status, answer.code) == (404, "executions_not_found")


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "GET", f"/executions/{uuid.uuid4()}")


def test_managing_does_not_include_seeing(api: Api) -> None:
    assert_needs("jobs.view", api, "GET", f"/executions/{uuid.uuid4()}")
