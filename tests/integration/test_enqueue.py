"""enqueue: written down first, sent once committed; never lost, never run twice, never run for a rolled-back wish."""

from __future__ import annotations

import json
import os
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import psycopg
import pytest
from moto import mock_aws

from functions import pending
from functions.database import process_database
from functions.db import intents
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.dispatch import send_all
from functions.errors import ExecutionNotFound, InvalidEnqueue, InvalidParams, JobNotFound, JobsDisabled
from functions.job import Job, JobContext, enqueue, enqueue_many, job
from functions.settings import settings
from tests.integration.accepting_lambda import Lambda, accepting_lambda, used_by_this_process
from tests.integration.seeds import deployed

GROUP = "lamplighter-local"
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Greeting:
    """Whom to greet, and with what nobody may see."""

    name: str = "ann"
    password: str = ""


@job(id="a", params=Greeting)
def greet(ctx: JobContext[Greeting]) -> None:
    """Never run here."""


@job(id="plain")
def plain(ctx: JobContext) -> None:
    """Takes no params."""


@pytest.fixture
def aws(connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambda]:
    deployed(connection, "a", "plain", schedule=None)
    with accepting_lambda() as there, used_by_this_process(there, database_url, monkeypatch), mock_aws():
        boto3.client("scheduler", region_name="us-east-1").create_schedule_group(Name=GROUP)
        yield there


def until(condition: Callable[[], object], what: str) -> None:
    """Wait for what another thread does."""
    given_up_at = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < given_up_at, f"waited in vain for {what}"
        time.sleep(0.005)


def rows(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT id, status, dispatch_error FROM lamplighter.execution ORDER BY created_at"
    ).fetchall()


def schedules() -> list[Any]:
    client = boto3.client("scheduler", region_name="us-east-1")
    found = client.list_schedules(GroupName=GROUP)["Schedules"]
    return [client.get_schedule(Name=each["Name"], GroupName=GROUP) for each in found]


def test_what_is_due_now_is_sent_at_once_by_its_ids_only(aws: Lambda, connection: Connection) -> None:
    execution_id = enqueue(greet, params=Greeting(name="bob", password="hunter2"))
    (event,) = aws.events
    assert (event["cause"], event["job_id"], event["execution_id"]) == ("one_time", "a", str(execution_id))
    assert "bob" not in json.dumps(event)
    assert "hunter2" not in json.dumps(event)
    stored = connection.execute("SELECT params, secret_params FROM lamplighter.execution").fetchone()
    assert stored == ({"name": "bob", "password": "hunter2"}, ["password"])
    assert schedules() == []


def test_what_is_due_later_gets_a_schedule_that_deletes_itself_and_no_event_yet(
    aws: Lambda, connection: Connection
) -> None:
    at = datetime(2027, 3, 1, 9, 0, 0, 500_000, tzinfo=UTC)
    execution_id = enqueue(greet, at=at)
    assert aws.events == []
    (schedule,) = schedules()
    assert schedule["ScheduleExpression"] == "at(2027-03-01T09:00:01)", "never before it is due"
    assert schedule["ActionAfterCompletion"] == "DELETE"
    assert schedule["Name"].startswith("lamplighter-local-start-")
    event = json.loads(schedule["Target"]["Input"])
    assert (event["cause"], event["execution_id"]) == ("one_time", str(execution_id))
    assert rows(connection) == [(execution_id, "scheduled", None)]


def test_without_params_the_job_gets_its_defaults(aws: Lambda, connection: Connection) -> None:
    enqueue(greet)
    assert connection.execute("SELECT params FROM lamplighter.execution").fetchone() == (
        {"name": "ann", "password": ""},
    )


@pytest.mark.parametrize("delay", [timedelta(), -HOUR, timedelta(seconds=58)])
def test_a_time_in_the_past_or_within_the_next_minute_is_now(aws: Lambda, delay: timedelta) -> None:
    enqueue(plain, delay=delay)
    enqueue(plain, at=datetime.now(UTC) + delay)
    assert len(aws.events) == 2
    assert schedules() == []


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"delay": HOUR, "at": datetime.now(UTC)}, "give one of them"),
        ({"delay": 5}, "use a timedelta"),
        ({"at": datetime(2027, 1, 1)}, "aware datetime"),
        ({"at": "2027-01-01"}, "aware datetime"),
        ({"delay": timedelta(days=367)}, "at most a year ahead"),
        ({"delay": timedelta.max}, "at most a year ahead"),
        ({"at": datetime.max.replace(tzinfo=UTC)}, "at most a year ahead"),
        ({"key": ""}, "1 to 200 characters"),
        ({"key": "k" * 201}, "1 to 200 characters"),
        ({"key": "nul\x00"}, "1 to 200 characters"),
        ({"key": 7}, "1 to 200 characters"),
        ({"on": "never"}, "succeeded, failed, finished"),
        ({"after": uuid.uuid4(), "delay": HOUR}, "give one of them"),
        ({"params": {"name": "ann"}}, "takes no params"),
    ],
)
def test_what_cannot_be_is_refused_with_its_rule_and_changes_nothing(
    aws: Lambda, connection: Connection, options: dict[str, Any], rule: str
) -> None:
    with pytest.raises(InvalidEnqueue, match=rule) as caught:
        enqueue(plain, **options)
    assert "job 'plain'" in str(caught.value)
    assert (rows(connection), aws.events) == ([], [])


def test_params_that_do_not_fit_are_refused_and_so_is_what_is_not_there(
    aws: Lambda, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidParams):
        enqueue(greet, params={"name": 7})
    with pytest.raises(InvalidParams):
        enqueue_many(greet, [Greeting(), {"nme": "bob"}])
    with pytest.raises(ExecutionNotFound):
        enqueue(plain, after=uuid.uuid4())
    with pytest.raises(JobNotFound):
        enqueue(Job(definition=job(id="nobody")(lambda ctx: None).definition, function=lambda ctx: None))
    monkeypatch.setenv("JOBS_ENABLED", "false")
    settings.cache_clear()
    with pytest.raises(JobsDisabled):
        enqueue(plain)
    assert (rows(connection), aws.events) == ([], [])


def test_in_the_callers_transaction_nothing_is_sent_before_it_commits_and_all_at_once_after(
    aws: Lambda, connection: Connection
) -> None:
    with connection.transaction():
        ids = {str(enqueue(greet, connection=connection)) for _ in range(5)}
        until(lambda: pending.pending()._thread is not None, "the thread that looks")
        time.sleep(0.05)  # several looks
        assert aws.events == []
    until(lambda: len(aws.events) == 5, "the events")
    assert {event["execution_id"] for event in aws.events} == ids
    until(lambda: pending.pending()._thread is None, "the thread to end")


def test_after_a_rollback_nothing_is_sent_also_of_a_savepoint_alone(aws: Lambda, connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        enqueue(greet, connection=connection)
    with connection.transaction():
        kept = enqueue(greet, connection=connection)
        with connection.transaction(force_rollback=True):
            enqueue(greet, connection=connection)
    until(lambda: pending.pending()._thread is None, "the thread to end")
    assert [event["execution_id"] for event in aws.events] == [str(kept)]
    assert [row[0] for row in rows(connection)] == [kept]


def test_a_connection_that_opens_transactions_by_itself_is_waited_for_too(
    aws: Lambda, connection: Connection, database_url: str
) -> None:
    with psycopg.connect(database_url, row_factory=psycopg.rows.dict_row) as writing:
        enqueue(greet, connection=writing)
        assert rows(connection) == []
        writing.commit()
        until(lambda: aws.events, "the event of the first")
        enqueue(greet, connection=writing)
        writing.commit()
        writing.execute("SELECT 1")  # in its next transaction at once: its state no longer says that the last has ended
        until(lambda: len(aws.events) == 2, "the event of the second")


def test_whoever_is_about_to_be_frozen_or_to_exit_sends_what_has_been_committed(
    aws: Lambda, connection: Connection
) -> None:
    with connection.transaction():
        enqueue(greet, connection=connection)
    pending.pending().settle()
    until(lambda: len(aws.events) == 1, "the event")


def test_what_lambda_does_not_accept_is_kept_says_why_and_is_sent_by_the_sweep(
    aws: Lambda, connection: Connection
) -> None:
    aws.status = 429
    execution_id = enqueue(greet)
    ((found, status, error),) = rows(connection)
    assert (found, status) == (execution_id, "queued")
    assert "429" in error or "TooManyRequests" in error
    aws.status = 202
    connection.execute("UPDATE lamplighter.execution SET dispatched_at = dispatched_at - interval '1 minute'")
    assert send_all(settings(), connection) == (1, 0)
    assert [event["execution_id"] for event in aws.events] == [str(execution_id)]


def test_what_scheduler_does_not_accept_is_kept_says_why_and_is_sent_when_it_is_due(
    aws: Lambda, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SCHEDULER", aws.url)
    aws.status = 429
    execution_id = enqueue(greet, delay=HOUR)
    aws.status = 202
    ((_, status, error),) = rows(connection)
    assert (status, "could not make schedule" in error) == ("scheduled", True)
    assert send_all(settings(), connection) == (0, 0)
    connection.execute("UPDATE lamplighter.execution SET due_at = clock_timestamp()")
    assert send_all(settings(), connection) == (1, 0)
    assert [event["execution_id"] for event in aws.events] == [str(execution_id)]


def test_a_refused_batch_is_kept_whole_and_sent_later(aws: Lambda, connection: Connection) -> None:
    aws.status = 400
    ids = enqueue_many(greet, [Greeting(name=str(n)) for n in range(20)])
    assert [row[1] for row in rows(connection)] == ["queued"] * 20
    aws.status = 202
    connection.execute("UPDATE lamplighter.execution SET dispatched_at = dispatched_at - interval '1 minute'")
    assert send_all(settings(), connection) == (20, 0)
    assert sorted(event["execution_id"] for event in aws.events) == sorted(map(str, ids))


def test_a_batch_says_how_far_it_is_and_one_due_later_is_left_to_the_sweep(aws: Lambda, connection: Connection) -> None:
    said: list[int] = []
    enqueue_many(greet, [Greeting()] * 1_200, progress=said.append)
    assert said == [500, 1000, 1200]
    assert len({event["execution_id"] for event in aws.events}) == 1_200
    enqueue_many(greet, [Greeting()] * 3, delay=HOUR)
    assert (len(aws.events), schedules()) == (1_200, [])
    connection.execute("UPDATE lamplighter.execution SET due_at = clock_timestamp() WHERE status = 'scheduled'")
    assert send_all(settings(), connection)[0] == 3


def test_a_key_names_the_first_execution_and_sends_nothing_more(aws: Lambda) -> None:
    assert enqueue(greet, key="7") == enqueue(greet, key="7")
    assert len(aws.events) == 1


def test_a_paused_jobs_execution_is_accepted_and_sent_by_the_first_sweep_after_its_resume(
    aws: Lambda, connection: Connection
) -> None:
    intents.pause(connection, "a", Author(actor="ann"))
    enqueue(greet)
    send_all(settings(), connection)
    sent = len(aws.events)
    intents.resume(connection, "a", Author(actor="ann"))
    connection.execute("UPDATE lamplighter.execution SET dispatched_at = NULL")  # as the claim does that made it wait
    assert send_all(settings(), connection) == (1, 0)
    assert len(aws.events) == sent + 1


def test_a_child_of_fork_has_a_connection_and_a_thread_of_its_own(aws: Lambda, connection: Connection) -> None:
    enqueue(greet)
    child = os.fork()
    if child == 0:
        try:
            with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as own, own.transaction():
                enqueue(greet, connection=own)
            pending.pending().settle()
            enqueue(greet)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - pytest must not go on in the child
            traceback.print_exc()
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    enqueue(greet)
    assert len(aws.events) == 4


def test_a_connection_that_breaks_with_the_answer_leaves_one_execution(
    aws: Lambda, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    process_database().get()
    wait = psycopg.Connection.wait
    broken: list[object] = []

    def loses_the_first_answer(self: Any, generator: Any, *arguments: Any, **options: Any) -> Any:
        answer = wait(self, generator, *arguments, **options)
        if not broken:
            broken.append(self)
            self.pgconn.finish()
            raise psycopg.OperationalError("server closed the connection unexpectedly")
        return answer

    monkeypatch.setattr(psycopg.Connection, "wait", loses_the_first_answer)
    execution_id = enqueue(greet)
    monkeypatch.undo()
    assert broken
    assert [row[0] for row in rows(connection)] == [execution_id]
    assert [event["execution_id"] for event in aws.events] == [str(execution_id)]


def test_a_batch_that_fails_takes_nothing_along_that_others_enqueue_beside_it(
    aws: Lambda, connection: Connection
) -> None:
    stop = threading.Event()

    def others() -> list[uuid.UUID]:
        written = []
        while not stop.is_set():
            written.append(enqueue(plain))
        return written

    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(others)
        for _ in range(5):
            with pytest.raises(ValueError, match="JSON"):
                one_time_batch_that_fails()
        stop.set()
    assert {row[0] for row in rows(connection)} == set(beside.result())


def one_time_batch_that_fails() -> None:
    """Params that pass the job's dataclass and cannot be stored: the COPY ends half-way."""
    original = greet.params
    assert original is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("functions.enqueueing.to_json", lambda _job, _type, params: params)
        enqueue_many(greet, [*({"n": n} for n in range(2_000)), {"n": float("nan")}])


def test_one_job_whose_function_is_gone_does_not_stand_before_the_others(aws: Lambda, connection: Connection) -> None:
    aws.refused_functions.add("lamplighter-local-job-a")
    ids = enqueue_many(greet, [Greeting()] * 1_500)
    connection.execute("UPDATE lamplighter.execution SET dispatched_at = NULL, dispatches = 0")
    aws.events.clear()
    with connection.transaction():
        other = enqueue(plain, connection=connection)
    until(lambda: pending.pending()._thread is None, "the thread to end")
    connection.execute("UPDATE lamplighter.execution SET dispatched_at = NULL, dispatches = 0")
    assert send_all(settings(), connection) == (1, 500)
    assert {event["execution_id"] for event in aws.events} == {str(other)}
    assert len(ids) == 1_500


def test_what_was_refused_for_hours_is_sent_a_minute_after_the_refusals_end(
    aws: Lambda, connection: Connection
) -> None:
    aws.status = 400
    enqueue(greet)
    for _ in range(10):
        connection.execute("UPDATE lamplighter.execution SET dispatched_at = dispatched_at - interval '46 seconds'")
        assert send_all(settings(), connection) == (0, 1)
    aws.status = 202
    connection.execute("UPDATE lamplighter.execution SET dispatched_at = dispatched_at - interval '46 seconds'")
    assert send_all(settings(), connection) == (1, 0)
