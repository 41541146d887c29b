"""Params from a row of PostgreSQL to ctx.params: typed, the same at every attempt, and never half fitting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from moto import mock_aws

from functions.db import jobs
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.executions import history, queue_manual
from functions.db.one_time import Enqueued, enqueue
from functions.definition import JobDefinition
from functions.job import JobContext, Retry, Secret
from functions.params import schema, secret_names, to_json
from functions.scheduling import one_shot
from tests.integration.delivery import define, deliver, event, handler_on

ANN = Author(actor="ann")
HIDDEN = "hunter2-of-the-mailbox"


@dataclass(frozen=True, kw_only=True)
class Report:
    days: int = 7
    to: list[str] = field(default_factory=list)
    webhook: Secret[str] | None = None


@dataclass(frozen=True)
class Renamed:
    weeks: int = 1


@dataclass(frozen=True)
class Needs:
    days: int


GIVEN = Report(days=3, to=["ann"], webhook=HIDDEN)


@dataclass
class Seen:
    """A handler on a database, and what the job's code was given."""

    connection: Connection
    monkeypatch: pytest.MonkeyPatch
    params: list[Any] = field(default_factory=list)

    def job(self, params: type | None, then: Callable[[JobContext[Any]], object] | None = None, **options: Any) -> None:
        def run(ctx: JobContext[Any]) -> None:
            self.params.append(ctx.params)
            ctx.logger.info("got %s", ctx.params, extra={"params": ctx.params})
            if then is not None:
                then(ctx)

        define(self.connection, self.monkeypatch, run, **{"schedule": None, "params": params} | options)

    def enqueued(self, params: object, params_type: type = Report) -> Enqueued:
        value = to_json("a", params_type, params)
        return enqueue(self.connection, job_id="a", params=value, secret_params=secret_names(params_type))

    def deliver(self, enqueued: Enqueued) -> str:
        return str(deliver(event_of(enqueued))["status"])

    def said(self) -> str:
        """Everything the execution's rows hold of it that people can see."""
        lines = self.connection.execute("SELECT message, fields::text FROM lamplighter.job_log").fetchall()
        errors = self.connection.execute(
            "SELECT error_type, error_message, error_stack, reason, result::text FROM lamplighter.execution"
        ).fetchall()
        return f"{lines}{errors}"


def event_of(enqueued: Enqueued) -> dict[str, Any]:
    return event(
        cause="one_time",
        execution_id=str(enqueued.execution_id),
        scheduled_at=enqueued.scheduled_at.isoformat(),
    )


@pytest.fixture
def seen(database_url: str, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> Iterator[Seen]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    one_shot._client.cache_clear()
    with mock_aws(), handler_on(database_url, monkeypatch):
        boto3.client("scheduler", region_name="us-east-1").create_schedule_group(Name="lamplighter-local")
        yield Seen(connection, monkeypatch)
    one_shot._client.cache_clear()


def test_a_job_gets_what_it_was_enqueued_with(seen: Seen) -> None:
    seen.job(Report)
    assert seen.deliver(seen.enqueued(GIVEN)) == "succeeded"
    assert seen.params == [GIVEN]


def test_an_occurrence_of_a_schedule_gets_the_defaults(seen: Seen) -> None:
    seen.job(Report, schedule="* * * * *")
    assert deliver(event())["status"] == "succeeded"
    assert seen.params == [Report()]


def test_a_trigger_by_hand_gets_the_defaults(seen: Seen) -> None:
    seen.job(Report)
    queued = queue_manual(seen.connection, "a", ANN)
    payload = event(cause="manual", execution_id=str(queued.id), scheduled_at=queued.scheduled_at.isoformat())
    assert deliver(payload)["status"] == "succeeded"
    assert seen.params == [Report()]


def test_a_job_without_params_gets_none(seen: Seen) -> None:
    seen.job(None, schedule="* * * * *")
    assert deliver(event())["status"] == "succeeded"
    assert seen.params == [None]


def test_every_attempt_gets_the_same_params(seen: Seen) -> None:
    def fail(ctx: JobContext[Any]) -> None:
        raise ValueError(f"of {ctx.params}")

    seen.job(Report, fail, retry=Retry(attempts=1))
    enqueued = seen.enqueued(GIVEN)
    assert seen.deliver(enqueued) == "retrying"
    seen.connection.execute("UPDATE lamplighter.execution SET retry_at = clock_timestamp()")
    assert deliver(event_of(enqueued) | {"cause": "retry"})["status"] == "failed"
    assert seen.params == [GIVEN, GIVEN]
    assert HIDDEN not in seen.said()
    assert "webhook=***" in seen.said()


@pytest.mark.parametrize("now_takes", [Renamed, Needs, None])
def test_params_that_do_not_fit_any_more_fail_at_once_without_a_line_of_the_job_being_run(
    seen: Seen, now_takes: type | None
) -> None:
    seen.job(Report)
    enqueued = seen.enqueued(GIVEN)
    seen.job(now_takes, retry=Retry(attempts=5))  # a deploy
    assert seen.deliver(enqueued) == "failed"
    assert seen.params == []
    (row,) = history(seen.connection, "a", limit=9)
    assert (row.status, row.error_type, row.attempt, row.retry_at) == ("failed", "InvalidParams", 1, None)
    assert row.finished_at is not None
    assert "params of job 'a' are invalid" in str(row.error_message)
    assert "the job was not run" in seen.said()
    assert HIDDEN not in seen.said()


def test_a_trigger_without_the_params_a_job_needs_fails_and_names_them(seen: Seen) -> None:
    seen.job(Needs, retry=Retry(attempts=5))
    queued = queue_manual(seen.connection, "a", ANN)
    payload = event(cause="manual", execution_id=str(queued.id), scheduled_at=queued.scheduled_at.isoformat())
    assert deliver(payload)["status"] == "failed"
    assert seen.params == []
    (row,) = history(seen.connection, "a", limit=9)
    assert "missing required field `days`" in str(row.error_message)


def test_invalid_params_that_the_job_itself_raises_are_tried_again_like_any_failure(seen: Seen) -> None:
    seen.job(Report, lambda _: seen.enqueued({"days": "3"}), retry=Retry(attempts=1))
    assert seen.deliver(seen.enqueued(GIVEN)) == "retrying"


def test_a_result_that_is_the_params_shows_no_secret(seen: Seen) -> None:
    define(seen.connection, seen.monkeypatch, lambda ctx: {"of": ctx.params}, schedule=None, params=Report)
    assert seen.deliver(seen.enqueued(GIVEN)) == "succeeded"
    assert HIDDEN not in seen.said()
    assert "Report(days=3" in seen.said()


def test_a_deploy_stores_the_schema_and_a_second_one_changes_nothing(connection: Connection) -> None:
    definition = JobDefinition(id="a", params=Report)
    jobs.store_definitions(connection, [definition])
    first = jobs.get(connection, "a")
    read = JobDefinition.from_json(first.definition)
    assert read.params_schema == schema(Report)
    assert (first.definition_hash, read.hash) == (definition.hash, definition.hash)
    version = connection.execute("SELECT xmin::text FROM lamplighter.job").fetchone()
    jobs.store_definitions(connection, [JobDefinition(id="a", params=Report)])
    assert connection.execute("SELECT xmin::text FROM lamplighter.job").fetchone() == version
