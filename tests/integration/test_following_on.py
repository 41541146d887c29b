"""What follows on an execution is sent by the process that ended it, and by the sweep if that one dies first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from functions.database import process_database
from functions.db.connection import Connection
from functions.db.one_time import Enqueued
from functions.db.one_time import enqueue as written
from functions.dispatch import send_all
from functions.job import Job, JobContext, enqueue
from functions.settings import settings
from tests.integration.accepting_lambda import Lambda
from tests.integration.delivery import Deploy, deliver, event


def parent_and_child(connection: Connection, on: str = "succeeded") -> tuple[dict[str, Any], Enqueued]:
    parent = written(connection, job_id="a")
    child = written(connection, job_id="a", after=parent.execution_id, on=on)
    return event(
        cause="one_time", execution_id=str(parent.execution_id), scheduled_at=parent.scheduled_at.isoformat()
    ), child


def sent(aws: Lambda) -> list[str]:
    return [each["execution_id"] for each in aws.events]


def fails(ctx: JobContext) -> None:
    raise ValueError("no")


def in_one_transaction(ctx: JobContext) -> None:
    with ctx.transaction():
        pass


@pytest.mark.parametrize(
    ("function", "on"), [(lambda ctx: None, "succeeded"), (in_one_transaction, "succeeded"), (fails, "failed")]
)
def test_a_child_is_sent_as_soon_as_its_parent_has_ended_so(
    aws: Lambda, deploy: Deploy, connection: Connection, function: Callable[[JobContext], Any], on: str
) -> None:
    deploy(function)
    parent_event, child = parent_and_child(connection, on)
    deliver(parent_event)
    assert sent(aws) == [str(child.execution_id)]


def test_what_there_is_no_time_left_to_send_is_sent_by_the_next_sweep(
    aws: Lambda, deploy: Deploy, connection: Connection
) -> None:
    deploy(lambda ctx: None)
    parent_event, child = parent_and_child(connection)
    assert deliver(parent_event, remaining_ms=20_000)["status"] == "succeeded"
    assert sent(aws) == []
    assert send_all(settings(), connection) == (1, 0)
    assert sent(aws) == [str(child.execution_id)]


def test_what_lambda_refuses_does_not_fail_the_parent(aws: Lambda, deploy: Deploy, connection: Connection) -> None:
    deploy(lambda ctx: None)
    parent_event, _ = parent_and_child(connection)
    aws.status = 400
    assert deliver(parent_event)["status"] == "succeeded"
    rows = connection.execute("SELECT status, dispatch_error IS NULL FROM lamplighter.execution ORDER BY scheduled_at")
    assert rows.fetchall() == [("succeeded", True), ("queued", False)]


def test_what_a_job_enqueues_in_its_own_transaction_is_sent_before_its_function_is_frozen(
    aws: Lambda, deploy: Deploy, connection: Connection
) -> None:
    enqueued: list[str] = []

    def enqueues(ctx: JobContext) -> None:
        with ctx.transaction() as db:
            enqueued.append(str(enqueue(made, connection=db)))
            assert sent(aws) == []

    made = deploy(enqueues)
    assert deliver(event())["status"] == "succeeded"
    assert sent(aws) == enqueued


def test_a_function_whose_job_enqueues_keeps_one_connection(
    aws: Lambda, deploy: Deploy, connection: Connection
) -> None:
    made: Job = deploy(lambda ctx: str(enqueue(made)))
    assert deliver(event())["status"] == "succeeded"
    assert connection.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'"
        " AND pid <> pg_backend_pid()"
    ).fetchone() == (1,)


def test_what_a_job_enqueues_in_a_transaction_that_fails_is_never_sent(
    aws: Lambda, deploy: Deploy, connection: Connection
) -> None:
    def enqueues(ctx: JobContext) -> None:
        with ctx.transaction() as db:
            enqueue(made, connection=db)
            raise ValueError("after all not")

    made = deploy(enqueues)
    assert deliver(event())["status"] == "failed"
    assert send_all(settings(), connection) == (0, 0)
    assert process_database().run(
        lambda opened: opened.execute("SELECT count(*) FROM lamplighter.execution").fetchone()
    ) == (1,)
