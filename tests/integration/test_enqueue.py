"""enqueue: written down first, sent once committed; never lost, never run twice, never run for a rolled-back wish."""

from __future__ import annotations

import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import psycopg
import pytest

from functions.database import process_database
from functions.db import intents
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.dispatch import send_all
from functions.errors import ExecutionNotFound, InvalidEnqueue, InvalidParams, JobNotFound, JobsDisabled
from functions.job import Job, JobContext, enqueue, enqueue_many, job
from functions.settings import settings
from tests.integration.accepting_lambda import Lambda
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
def aws(aws: Lambda, connection: Connection) -> Lambda:
    deployed(connection, "a", "plain", schedule=None)
    return aws


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
        ({"after": uuid.UUID(int=1), "delay": HOUR}, "give one of them"),
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
    connection.execute("ALTER TABLE lamplighter.execution ADD CHECK (params ->> 'name' <> 'the last')")
    batch = [*(Greeting(name=str(n)) for n in range(2_000)), Greeting(name="the last")]
    stop = threading.Event()

    def others() -> list[uuid.UUID]:
        written = []
        while not stop.is_set():
            written.append(enqueue(plain))
        return written

    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(others)
        for _ in range(5):
            with pytest.raises(psycopg.errors.CheckViolation):
                enqueue_many(greet, batch)
        stop.set()
    assert {row[0] for row in rows(connection)} == set(beside.result())


def test_one_job_whose_function_is_gone_does_not_stand_before_the_others(aws: Lambda, connection: Connection) -> None:
    aws.refused_functions.add("lamplighter-local-job-a")
    ids = enqueue_many(greet, [Greeting()] * 1_500)
    connection.execute("UPDATE lamplighter.execution SET dispatched_at = NULL, dispatches = 0")
    aws.events.clear()
    other = enqueue(plain)
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
