"""/admin/executions: the list, one execution, and what is done with it."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from functions.db import cancellations, one_time
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.live import flush
from functions.db.outcomes import Outcome
from functions.settings import settings
from tests.integration.admin_api.pages.visiting import Visitor, location, text
from tests.integration.admin_api.runs import FIRST, run
from tests.integration.seeds import claimed

XSS = "<script>alert(1)</script>"
STACK = """Traceback (most recent call last):
  File "runner.py", line 1, in first_call
    run()
  File "job.py", line 2, in middle_call
    step()
  File "job.py", line 3, in last_call
    raise ValueError
ValueError: no"""
FAILED = Outcome(status="failed", error_type="ValueError", error_message=XSS, error_stack=STACK)


def test_before_anything_has_run_the_list_says_what_will_be_there(visitor: Visitor) -> None:
    answer = visitor.get("/executions", "jobs.view")
    assert answer.status == 200
    assert "Nothing has run yet." in text(answer)


def test_the_list_shows_each_with_its_status_error_and_links(visitor: Visitor, deployed: Connection) -> None:
    execution_id = run(deployed, "cleanup", FIRST, FAILED)
    run(deployed, "a.b_c-1", FIRST, Outcome(status="succeeded"))
    answer = visitor.get("/executions", "jobs.view")
    assert "failed cleanup" in text(answer)
    assert f"ValueError {XSS}" in text(answer)
    assert f'href="/prod/admin/executions/{execution_id}"' in answer.body
    assert 'href="/prod/admin/jobs/a.b_c-1"' in answer.body


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("jobId=cleanup&status=&cause=&from=&to=", {"failed"}), ("status=succeeded", {"succeeded"}),
        ("status=failed,lost", {"failed"}), ("cause=manual", set()), ("from=2026-11-23T09:30", {"succeeded"}),
        ("to=2026-11-23T10:00:00%2B01:00", set()), ("to=2026-11-23T09:30", {"failed"}),
    ],
)  # fmt: skip
def test_filters_narrow_it_down(visitor: Visitor, deployed: Connection, query: str, there: set[str]) -> None:
    run(deployed, "cleanup", FIRST, FAILED)
    run(deployed, "a.b_c-1", FIRST + timedelta(hours=1), Outcome(status="succeeded"))
    answer = visitor.get(f"/executions?{query}")
    assert answer.status == 200
    assert {each for each in ("failed", "succeeded") if f"</svg> {each}</span>" in answer.body} == there
    assert ("No execution is like that." in answer.body) == (not there)


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("jobId=Not%20One", 404, "no job has the id"),
        ("jobId=nobody", 404, "nobody"),
        ("from=soon", 400, "'soon' is not a time"),
    ],
)
def test_a_filter_that_cannot_be_is_shown_again_with_the_reason(
    visitor: Visitor, deployed: Connection, query: str, status: int, said: str
) -> None:
    answer = visitor.get(f"/executions?{query}")
    assert (answer.status, said in text(answer)) == (status, True)
    assert 'name="jobId"' in answer.body


def test_the_list_pages_with_every_execution_once(visitor: Visitor, deployed: Connection) -> None:
    ids = {str(run(deployed, "cleanup", FIRST + timedelta(hours=n), None)) for n in range(53)}
    first = visitor.get("/executions")
    rest = visitor.get(_next(first.body))
    found = [each for each in ids if each in first.body] + [each for each in ids if each in rest.body]
    assert sorted(found) == sorted(ids)
    assert "data-live" in first.body
    assert "data-live" not in rest.body


def _next(body: str) -> str:
    link = body[: body.index('rel="next"')].rpartition('href="/prod/admin')[2]
    return link.partition('"')[0].replace("&amp;", "&")


def test_one_execution_shows_its_error_with_the_stack_folded(visitor: Visitor, deployed: Connection) -> None:
    execution_id = run(deployed, "cleanup", FIRST, FAILED)
    answer = visitor.get(f"/executions/{execution_id}", "jobs.view")
    folded = answer.body.partition("<details>")[2].partition("</details>")[0]
    assert "one call between" in folded
    assert "middle_call" in folded
    shown = answer.body.replace(folded, "")
    assert "first_call" in shown
    assert "last_call" in shown
    assert "middle_call" not in shown


def test_what_runs_shows_its_progress_and_is_live_until_it_has_ended(visitor: Visitor, deployed: Connection) -> None:
    execution_id, token = uuid.uuid4(), uuid.uuid4()
    claimed(deployed, "cleanup", FIRST, execution_id=execution_id, token=token)
    bars = [{"label": XSS, "done": 25, "total": 100}, {"label": "rows", "done": 7, "total": None}]
    flush(
        deployed, execution_id=execution_id, scheduled_at=FIRST, token=token, lines=[], first_line=1, progress=bars
    )  # fmt: skip
    answer = visitor.get(f"/executions/{execution_id}")
    assert '<progress max="100" value="25"' in answer.body
    assert f"{XSS} 25 / 100 25%" in text(answer)
    assert "rows 7" in text(answer)
    assert "data-live" in answer.body
    ended = run(deployed, "cleanup", FIRST + timedelta(hours=1), Outcome(status="succeeded"))
    deployed.execute(
        "UPDATE lamplighter.execution SET finished_at = finished_at - interval '1 minute' WHERE id = %s", (ended,)
    )
    assert "data-live" not in visitor.get(f"/executions/{ended}").body


def test_what_was_just_triggered_waits_kindly(visitor: Visitor, deployed: Connection) -> None:
    made = one_time.enqueue(deployed, job_id="cleanup", key=XSS)
    answer = visitor.get(f"/executions/{made.execution_id}?done=triggered")
    assert "Not started yet: on its way to Lambda" in text(answer)
    assert "Triggered." in text(answer)
    assert "data-live" in answer.body


def test_params_are_shown_without_their_secrets(visitor: Visitor, deployed: Connection) -> None:
    made = one_time.enqueue(
        deployed, job_id="cleanup", params={"to": XSS, "pin": "hunter2", "api_key": "hunter3"}, secret_params=("pin",)
    )
    answer = visitor.get(f"/executions/{made.execution_id}")
    assert f"to {XSS}" in text(answer)
    assert "hunter" not in answer.body


def test_cloudwatch_is_linked_where_there_is_one(
    visitor: Visitor, deployed: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution_id = run(deployed, "cleanup", FIRST, FAILED)
    deployed.execute("UPDATE lamplighter.execution SET request_id = 'r-1' WHERE id = %s", (execution_id,))
    assert "CloudWatch" not in visitor.get(f"/executions/{execution_id}").body
    monkeypatch.setenv("STAGE", "prod")
    settings.cache_clear()
    assert "lamplighter-prod-job-cleanup" in visitor.get(f"/executions/{execution_id}").body


def test_another_id_is_no_execution(visitor: Visitor, deployed: Connection) -> None:
    for each in (str(uuid.uuid4()), "x", "%3Cscript%3E"):
        assert visitor.get(f"/executions/{each}").status == 404


@pytest.mark.parametrize(
    ("action", "needed", "button"), [("cancel", "jobs.manage", "Cancel it"), ("retry", "jobs.trigger", "Run again")]
)
def test_an_action_is_hidden_and_refused_without_its_permission(
    visitor: Visitor, deployed: Connection, action: str, needed: str, button: str
) -> None:
    execution_id = run(deployed, "cleanup", FIRST, None if action == "cancel" else FAILED)
    path = f"/executions/{execution_id}"
    assert button not in text(visitor.get(path, "jobs.view"))
    assert button in text(visitor.get(path, "jobs.view", needed))
    assert visitor.get(f"{path}/{action}", "jobs.view").status == 403
    assert visitor.post(f"{path}/{action}", (), "jobs.view").status == 403
    assert button in text(visitor.get(f"{path}/{action}", needed))


def test_cancel_ends_what_waits_and_asks_what_runs(visitor: Visitor, deployed: Connection) -> None:
    waiting = one_time.enqueue(deployed, job_id="cleanup").execution_id
    assert location(visitor.post(f"/executions/{waiting}/cancel")) == f"/executions/{waiting}?done=cancelled"
    running = run(deployed, "a.b_c-1", FIRST, None)
    assert location(visitor.post(f"/executions/{running}/cancel")) == f"/executions/{running}?done=asked"
    assert "asked to stop" in text(visitor.get(f"/executions/{running}"))


def test_who_comes_second_is_told_what_has_become_of_it(visitor: Visitor, deployed: Connection) -> None:
    execution_id = one_time.enqueue(deployed, job_id="cleanup").execution_id
    cancellations.request_cancel(deployed, execution_id, Author(actor="bob", request_id=None))
    answer = visitor.post(f"/executions/{execution_id}/cancel")
    assert (answer.status, "has ended as 'cancelled'" in text(answer)) == (409, True)
    assert f'action="/prod/admin/executions/{execution_id}#log"' in answer.body


def test_retry_leads_to_the_new_execution_and_both_link_to_each_other(visitor: Visitor, reporting: Connection) -> None:
    old = run(reporting, "cleanup", FIRST, FAILED)
    new = location(visitor.post(f"/executions/{old}/retry"))
    assert new.endswith("?done=retried")
    assert f"/executions/{old}" in visitor.get(new).body
    assert new.partition("?")[0] in visitor.get(f"/executions/{old}").body
    assert visitor.post(f"/executions/{old}/retry").status == 409


def test_reschedule_keeps_what_was_typed_and_moves_it(visitor: Visitor, reporting: Connection) -> None:
    execution_id = one_time.enqueue(reporting, job_id="cleanup").execution_id
    path = f"/executions/{execution_id}/reschedule"
    wrong = visitor.post(path, [("when", "in"), ("minutes", "<soon>")])
    assert (wrong.status, 'value="&lt;soon&gt;"' in wrong.body) == (400, True)
    assert visitor.post(path, [("when", "at")]).status == 400
    assert location(visitor.post(path, [("when", "in"), ("minutes", "181")])).endswith("done=rescheduled")
    assert "in 3 hours" in text(visitor.get(f"/executions/{execution_id}"))


def test_many_are_run_again_after_a_look_at_them(visitor: Visitor, reporting: Connection) -> None:
    for n in range(3):
        run(reporting, "cleanup", FIRST + timedelta(hours=n), FAILED)
    assert "Say which job, or since when." in text(visitor.get("/executions/retry", "jobs.trigger"))
    look = visitor.get("/executions/retry?jobId=cleanup&from=&to=&status=failed", "jobs.trigger")
    assert "3 executions would run again" in text(look)
    fields = [("jobId", "cleanup"), ("status", "failed"), ("status", "lost")]
    assert visitor.post("/executions/retry", fields, "jobs.view").status == 403
    assert (
        location(visitor.post("/executions/retry", fields)) == "/executions?jobId=cleanup&cause=manual&done=retried_all"
    )
    assert "Nothing to run again." in text(visitor.get("/executions/retry?jobId=cleanup"))
    assert visitor.post("/executions/retry", [("status", "failed")]).status == 400
    assert visitor.get("/executions/retry?jobId=nobody").status == 404


def test_what_lambda_does_not_take_is_said_one_by_one(visitor: Visitor, deployed: Connection) -> None:
    run(deployed, "cleanup", FIRST, FAILED)  # no function has its name
    answer = visitor.post("/executions/retry", [("jobId", "cleanup")])
    assert answer.status == 200
    assert "This is what became of them." in text(answer)
    assert "Function not found" in text(answer)
