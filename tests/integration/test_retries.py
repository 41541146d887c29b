"""A failed execution is tried again as its policy says: same row, every attempt kept, one run per retry."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.db import intents, jobs
from functions.db.audit import Author
from functions.db.cancellations import request_cancel
from functions.db.claims import Claim
from functions.db.connection import Connection, connect
from functions.db.executions import history, queue_manual
from functions.db.outcomes import Outcome, finish
from functions.job import JobContext, Retry, RetryLater, Skip
from functions.scheduling import one_shot
from tests.integration.delivery import define, deliver, event, handler_on
from tests.integration.seeds import MINUTE, claimed, deployed

ANN = Author(actor="ann")
FIVE_MINUTES = timedelta(minutes=5)
TWICE = Retry(attempts=2, delays=[FIVE_MINUTES])
GROUP = "lamplighter-local"


@dataclass
class Deployed:
    """A database, a handler on it, and a Scheduler that writes down what it is told."""

    connection: Connection
    monkeypatch: pytest.MonkeyPatch
    scheduler: Any

    def job(self, function: Any, **options: Any) -> None:
        define(self.connection, self.monkeypatch, function, **options)

    def fails(self, error: BaseException | None = None, **options: Any) -> None:
        def fail(ctx: JobContext) -> None:
            ctx.logger.info("attempt %d", ctx.attempt)
            raise error or ValueError(f"attempt {ctx.attempt}")

        self.job(fail, **{"retry": TWICE} | options)

    def deliver_retry(self) -> dict[str, Any]:
        """What Scheduler would do when the newest schedule is due: by now it is."""
        (schedule,) = self.schedules()
        self.scheduler.delete_schedule(Name=schedule["Name"], GroupName=GROUP)
        make_due(self.connection)
        return deliver(json.loads(schedule["Target"]["Input"]))

    def schedules(self) -> list[dict[str, Any]]:
        listed = self.scheduler.list_schedules(GroupName=GROUP)["Schedules"]
        return [self.scheduler.get_schedule(Name=found["Name"], GroupName=GROUP) for found in listed]

    def attempts(self) -> list[tuple[Any, ...]]:
        return self.connection.execute(
            "SELECT attempt, status, error_message FROM lamplighter.attempt ORDER BY attempt"
        ).fetchall()


@pytest.fixture
def there(database_url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    one_shot._client.cache_clear()
    with mock_aws(), handler_on(database_url, monkeypatch):
        scheduler = boto3.client("scheduler", region_name="us-east-1")
        scheduler.create_schedule_group(Name=GROUP)
        yield Deployed(connection, monkeypatch, scheduler)
    one_shot._client.cache_clear()


def make_due(connection: Connection) -> None:
    connection.execute("UPDATE lamplighter.execution SET retry_at = clock_timestamp() WHERE status = 'retrying'")


def test_a_failure_with_attempts_left_is_retrying_and_says_when(there: Deployed) -> None:
    there.fails()
    before = datetime.now(UTC)
    assert deliver(event())["status"] == "retrying"
    (row,) = history(there.connection, "a", limit=9)
    assert (row.status, row.attempt, row.finished_at, row.error_message) == ("retrying", 1, None, "attempt 1")
    assert row.retry_at is not None
    assert before + FIVE_MINUTES <= row.retry_at <= datetime.now(UTC) + FIVE_MINUTES + timedelta(seconds=2)
    job = jobs.get(there.connection, "a")
    assert (job.last_status, job.running_execution_id) == ("retrying", None)


def test_the_retry_is_a_one_time_schedule_that_deletes_itself_and_is_never_early(there: Deployed) -> None:
    there.fails()
    deliver(event())
    (schedule,) = there.schedules()
    (row,) = history(there.connection, "a", limit=9)
    assert row.retry_at is not None
    assert schedule["ScheduleExpression"] == f"at({row.retry_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S})"
    assert row.retry_at.microsecond == 0
    assert (schedule["ActionAfterCompletion"], schedule["ScheduleExpressionTimezone"], schedule["State"]) == (
        "DELETE", "UTC", "ENABLED",
    )  # fmt: skip
    assert schedule["Target"]["Arn"].endswith(":function:lamplighter-local-job-a")
    assert schedule["Target"]["RoleArn"].endswith(":role/lamplighter-local-scheduler-us-east-1")
    assert schedule["Target"]["DeadLetterConfig"]["Arn"].endswith(":lamplighter-local-dead-letters")
    assert json.loads(schedule["Target"]["Input"]) == {
        "cause": "retry", "job_id": "a", "execution_id": str(row.id), "scheduled_at": event()["scheduled_at"],
    }  # fmt: skip


def test_every_attempt_keeps_its_own_outcome_and_lines_and_the_last_failure_is_final(there: Deployed) -> None:
    there.fails()
    statuses = [deliver(event())["status"], there.deliver_retry()["status"], there.deliver_retry()["status"]]
    assert statuses == ["retrying", "retrying", "failed"]
    assert there.attempts() == [(1, "failed", "attempt 1"), (2, "failed", "attempt 2"), (3, "failed", "attempt 3")]
    (row,) = history(there.connection, "a", limit=9)
    assert (row.status, row.attempt, row.retry_at, row.cause) == ("failed", 3, None, "schedule")
    assert row.finished_at is not None
    assert there.schedules() == []
    lines = there.connection.execute(
        "SELECT attempt, message FROM lamplighter.job_log WHERE message LIKE 'attempt%' ORDER BY attempt"
    ).fetchall()
    assert lines == [(1, "attempt 1"), (2, "attempt 2"), (3, "attempt 3")]
    spans = there.connection.execute(
        "SELECT started_at <= finished_at, duration_ms IS NOT NULL, error_stack LIKE '%%ValueError%%'"
        " FROM lamplighter.attempt"
    ).fetchall()
    assert spans == [(True, True, True)] * 3


def test_a_retry_that_succeeds_leaves_no_error_on_the_execution(there: Deployed) -> None:
    def second_time(ctx: JobContext) -> str:
        if ctx.attempt == 1:
            raise ValueError("first")
        return "done"

    there.job(second_time, retry=TWICE)
    deliver(event())
    assert there.deliver_retry()["status"] == "succeeded"
    (row,) = history(there.connection, "a", limit=9)
    assert (row.status, row.attempt, row.error_message, row.error_stack) == ("succeeded", 2, None, None)
    assert there.attempts() == [(1, "failed", "first"), (2, "succeeded", None)]


def test_only_the_listed_exceptions_are_tried_again(there: Deployed) -> None:
    there.fails(ValueError("no use"), retry=Retry(attempts=2, on=[ConnectionError]))
    assert deliver(event())["status"] == "failed"
    assert there.schedules() == []


def test_a_skip_is_never_tried_again(there: Deployed) -> None:
    there.fails(Skip("nothing new"))
    assert deliver(event())["status"] == "skipped"
    assert there.schedules() == []


def test_a_retry_event_runs_once_however_often_it_is_delivered(there: Deployed) -> None:
    there.fails()
    deliver(event())
    payload = json.loads(there.schedules()[0]["Target"]["Input"])
    make_due(there.connection)
    assert [deliver(payload)["status"] for _ in range(3)] == ["retrying", "duplicate", "duplicate"]


def test_a_scheduled_event_delivered_again_does_not_run_what_waits_for_its_retry(there: Deployed) -> None:
    there.fails()
    assert [deliver(event())["status"] for _ in range(2)] == ["retrying", "duplicate"]


def test_a_retry_that_is_not_due_does_nothing(there: Deployed) -> None:
    there.fails()
    deliver(event())
    payload = json.loads(there.schedules()[0]["Target"]["Input"])
    assert deliver(payload)["status"] == "duplicate"
    assert [row.status for row in history(there.connection, "a", limit=9)] == ["retrying"]


def test_a_retry_of_an_execution_that_is_not_there_does_nothing(there: Deployed) -> None:
    there.fails()
    payload = event(cause="retry", execution_id=str(uuid.uuid4()))
    assert deliver(payload)["status"] == "duplicate"
    assert history(there.connection, "a", limit=9) == []


def test_retry_later_runs_again_without_using_up_an_attempt(there: Deployed) -> None:
    def waits_then_fails(ctx: JobContext) -> None:
        if ctx.attempt in (1, 3):
            raise RetryLater(FIVE_MINUTES, "not ready")
        raise ValueError(f"attempt {ctx.attempt}")

    there.job(waits_then_fails, retry=Retry(attempts=1, delays=[FIVE_MINUTES]))
    statuses = [deliver(event())["status"], *(there.deliver_retry()["status"] for _ in range(3))]
    assert statuses == ["retrying", "retrying", "retrying", "failed"]
    assert there.attempts() == [
        (1, "retrying", None), (2, "failed", "attempt 2"), (3, "retrying", None), (4, "failed", "attempt 4"),
    ]  # fmt: skip


def test_retry_later_needs_no_policy_and_says_why_it_waits(there: Deployed) -> None:
    def waits(ctx: JobContext) -> None:
        raise RetryLater(FIVE_MINUTES, "not ready")

    there.job(waits)
    assert deliver(event())["reason"] == "not ready"
    assert len(there.schedules()) == 1


def test_when_the_schedule_cannot_be_made_the_outcome_stands_and_the_invocation_succeeds(
    there: Deployed, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.fails()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SCHEDULER", "http://127.0.0.1:1")
    assert deliver(event())["status"] == "retrying"
    assert "the retry could not be scheduled, the sweep sends it" in caplog.text
    assert [row.status for row in history(there.connection, "a", limit=9)] == ["retrying"]


def test_with_lambdas_time_running_out_the_schedule_is_left_to_the_sweep(
    there: Deployed, caplog: pytest.LogCaptureFixture
) -> None:
    there.fails()
    assert deliver(event(), remaining_ms=3_000)["status"] == "retrying"
    assert "too little time is left" in caplog.text
    assert there.schedules() == []


# What a person or another execution decides while a retry waits.


def retrying(connection: Connection, **options: Any) -> Claim:
    """An execution that failed once and is due for its retry."""
    first = claimed(connection, **options)
    assert first.execution_id is not None
    outcome = Outcome(
        status="retrying", attempt_status="failed", retry_at=datetime.now(UTC), error_type="E", error_message="first"
    )
    assert finish(connection, outcome, execution_id=first.execution_id, scheduled_at=MINUTE, token=first.token)
    make_due(connection)
    return first


def retry(connection: Connection, first: Claim, **options: Any) -> Claim:
    return claimed(connection, cause="retry", execution_id=first.execution_id, **options)


@pytest.mark.parametrize("reason", ["paused", "removed", "overlap"])
def test_a_retry_that_may_not_run_ends_as_failed_with_its_reason_and_its_last_error(
    connection: Connection, reason: str
) -> None:
    deployed(connection, "a")
    first = retrying(connection)
    if reason == "overlap":
        claimed(connection, at=MINUTE + timedelta(minutes=1))
    else:
        (intents.pause if reason == "paused" else intents.remove)(connection, "a", ANN)
    claim = retry(connection, first)
    assert (claim.decision, claim.reason) == ("fail", reason)
    row = history(connection, "a", limit=9)[-1]
    assert (row.status, row.reason, row.attempt, row.error_message) == ("failed", reason, 1, "first")
    assert row.finished_at is not None
    if reason != "overlap":
        assert jobs.get(connection, "a").last_status == "failed"
    assert retry(connection, first).decision == "duplicate"


def test_nothing_is_tried_again_after_resume_that_came_due_while_paused(connection: Connection) -> None:
    deployed(connection, "a")
    first = retrying(connection)
    intents.pause(connection, "a", ANN)
    retry(connection, first)
    intents.resume(connection, "a", ANN)
    assert retry(connection, first).decision == "duplicate"


def test_a_manual_execution_is_tried_again_too(connection: Connection) -> None:
    deployed(connection, "a")
    queued = queue_manual(connection, "a", ANN)
    first = claimed(connection, at=queued.scheduled_at, cause="manual", execution_id=queued.id)
    outcome = Outcome(status="retrying", attempt_status="failed", retry_at=datetime.now(UTC))
    assert finish(connection, outcome, execution_id=queued.id, scheduled_at=queued.scheduled_at, token=first.token)
    second = retry(connection, first, at=queued.scheduled_at)
    assert (second.decision, second.attempt, second.failed_attempts) == ("run", 2, 1)


def test_of_many_simultaneous_retries_exactly_one_runs(connection: Connection, database_url: str) -> None:
    deployed(connection, "a")
    first = retrying(connection)

    def race(_: int) -> str:
        with connect(database_url) as opened:
            return retry(opened, first).decision

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(race, range(8))) == ["duplicate"] * 7 + ["run"]


def test_an_attempt_that_was_taken_over_is_kept_as_lost_and_counts_as_a_failure(connection: Connection) -> None:
    deployed(connection, "a")
    claimed(connection, lease=timedelta())
    second = claimed(connection)
    assert (second.attempt, second.failed_attempts) == (2, 1)
    attempts = connection.execute("SELECT attempt, status, reason FROM lamplighter.attempt").fetchall()
    assert attempts == [(1, "lost", "taken over")]


def test_a_duplicate_delivery_and_the_finish_never_deadlock(connection: Connection, database_url: str) -> None:
    deployed(connection, "a")
    for number in range(60):
        at = MINUTE + timedelta(minutes=number)
        first = claimed(connection, at=at)
        assert first.execution_id is not None

        def end(claim: Claim = first, at: datetime = at) -> object:
            assert claim.execution_id is not None
            with connect(database_url) as opened:
                return (finish(
                    opened, Outcome(status="succeeded"), execution_id=claim.execution_id, scheduled_at=at,
                    token=claim.token,
                ) is not None)  # fmt: skip

        def again(at: datetime = at) -> object:
            with connect(database_url) as opened:
                return claimed(opened, at=at).decision

        with ThreadPoolExecutor(4) as pool:
            ending, *others = [pool.submit(end), *(pool.submit(again) for _ in range(3))]
            assert ending.result() is True
            assert {other.result() for other in others} == {"duplicate"}


def test_a_job_that_fails_once_it_was_asked_to_stop_is_cancelled_and_no_retry_of_it_is_scheduled(
    there: Deployed,
) -> None:
    def fails(ctx: JobContext) -> None:
        request_cancel(there.connection, ctx.execution_id, ANN)
        raise ValueError("no luck")

    there.job(fails, retry=TWICE)
    assert deliver(event())["status"] == "cancelled"
    assert [row.status for row in history(there.connection, "a", limit=9)] == ["cancelled"]
    assert there.schedules() == []
