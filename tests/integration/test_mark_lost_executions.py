"""The sweep: what stopped without a word is ended, what waits for an event gets it, once."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest

from functions.db import intents, jobs
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.db.dispatches import take
from functions.db.executions import history, queue_manual
from functions.db.lost import mark_lost, past_their_lease
from functions.db.outcomes import Outcome, finish
from functions.definition import JobDefinition
from functions.job import JobContext, Retry
from functions.jobs.mark_lost_executions import mark_lost_executions
from functions.logs import job_logger
from functions.scheduling import one_shot
from functions.scheduling.misfires import Judged, judge
from tests.integration.accepting_lambda import Lambda
from tests.integration.seeds import MINUTE, claimed, deployed, triggered

ANN = Author(actor="ann")
NOW = datetime(2026, 11, 23, 13, 0, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def sweep(database_url: str, *, now: datetime = NOW, left: timedelta = HOUR) -> dict[str, int]:
    ctx = JobContext(
        execution_id=uuid.uuid4(), job_id="mark-lost-executions", attempt=1, scheduled_at=now.replace(second=0),
        now=now, deadline=now + left, logger=job_logger("mark-lost-executions", "INFO"),
        connect=partial(connect, database_url),
    )  # fmt: skip
    try:
        found: dict[str, int] = mark_lost_executions(ctx)
        return found
    finally:
        ctx.close()


def schedules() -> list[Any]:
    client = boto3.client("scheduler", region_name="us-east-1")
    return [
        client.get_schedule(Name=found["Name"], GroupName="lamplighter-local")
        for found in client.list_schedules(GroupName="lamplighter-local")["Schedules"]
    ]


def age(connection: Connection, by: timedelta = timedelta(minutes=3)) -> None:
    """Let everything that waits have waited so long."""
    connection.execute(
        "UPDATE lamplighter.execution SET created_at = created_at - %(by)s, retry_at = retry_at - %(by)s,"
        " dispatched_at = dispatched_at - %(by)s",
        {"by": by},
    )


# Lost


def test_an_execution_past_its_lease_is_marked_lost_with_its_attempt_and_the_summary(
    connection: Connection, database_url: str, aws: Lambda
) -> None:
    deployed(connection, "a")
    claimed(connection, lease=timedelta())
    assert sweep(database_url)["lost"] == 1
    (row,) = history(connection, "a", limit=9)
    assert (row.status, row.reason, row.duration_ms) == ("lost", "lease ran out", None)
    assert row.finished_at is not None
    assert row.error_message is not None
    assert "it was killed, timed out" in row.error_message
    assert connection.execute("SELECT status, attempt, started_at FROM lamplighter.attempt").fetchall() == [
        ("lost", 1, row.started_at)
    ]
    job = jobs.get(connection, "a")
    assert (job.last_status, job.running_execution_id) == ("lost", None)
    assert sweep(database_url)["lost"] == 0


def test_an_execution_within_its_lease_is_left_alone(connection: Connection, database_url: str, aws: Lambda) -> None:
    deployed(connection, "a")
    claimed(connection)
    assert set(sweep(database_url).values()) == {0}
    assert [row.status for row in history(connection, "a", limit=9)] == ["running"]


def test_a_lost_execution_is_tried_again_while_its_policy_has_attempts_left(
    connection: Connection, database_url: str, aws: Lambda
) -> None:
    deployed(connection, "a", retry=Retry(attempts=1, delays=[timedelta(minutes=5)], on=[ValueError]))
    first = claimed(connection, lease=timedelta())
    sweep(database_url)
    (row,) = history(connection, "a", limit=9)
    assert row.status == "retrying"
    assert row.retry_at == (NOW + timedelta(minutes=5, seconds=1))
    (schedule,) = schedules()
    assert schedule["ScheduleExpression"] == "at(2026-11-23T13:05:11)"
    connection.execute("UPDATE lamplighter.execution SET retry_at = clock_timestamp()")
    retry = claimed(connection, cause="retry", execution_id=first.execution_id, lease=timedelta())
    assert (retry.decision, retry.attempt) == ("run", 2)
    sweep(database_url)
    assert [row.status for row in history(connection, "a", limit=9)] == ["lost"]
    attempts = connection.execute("SELECT attempt, status FROM lamplighter.attempt ORDER BY 1").fetchall()
    assert attempts == [(1, "lost"), (2, "lost")]


def test_a_late_finisher_cannot_change_what_was_marked_lost(
    connection: Connection, database_url: str, aws: Lambda
) -> None:
    deployed(connection, "a")
    claim = claimed(connection, lease=timedelta())
    assert claim.execution_id is not None
    sweep(database_url)
    finish(connection, Outcome(status="succeeded"), execution_id=claim.execution_id, scheduled_at=MINUTE,
           token=claim.token)  # fmt: skip
    assert [row.status for row in history(connection, "a", limit=9)] == ["lost"]


def test_an_execution_taken_over_after_it_was_found_is_not_marked(connection: Connection) -> None:
    deployed(connection, "a")
    claimed(connection, lease=timedelta())
    (found,) = past_their_lease(connection, limit=9)
    assert claimed(connection).decision == "run"
    assert mark_lost(connection, found, retry_at=None, reason="lease ran out") is False
    assert [row.status for row in history(connection, "a", limit=9)] == ["running"]


def test_the_end_of_the_lease_is_told_in_utc_whatever_the_sessions_time_zone(connection: Connection) -> None:
    deployed(connection, "a")
    claimed(connection, lease=timedelta())
    in_utc = "SELECT to_char(lease_expires_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM lamplighter.execution"
    ((until,),) = connection.execute(in_utc).fetchall()
    connection.execute("SET TimeZone = 'Asia/Kathmandu'")  # no offset of whole hours
    (found,) = past_their_lease(connection, limit=9)
    assert mark_lost(connection, found, retry_at=None, reason="lease ran out")
    ((said,),) = connection.execute("SELECT error_message FROM lamplighter.execution").fetchall()
    assert said.startswith(f"nothing was recorded until {until} UTC: ")


def test_what_lambda_says_about_its_end_is_on_the_row(connection: Connection, database_url: str, aws: Lambda) -> None:
    deployed(connection, "a")
    claimed(connection, lease=timedelta(), request_id="3f2504e0-4f89-11d3-9a0c-0305e82c3301")
    log_group(
        "REPORT RequestId: 3f2504e0-4f89-11d3-9a0c-0305e82c3301\tDuration: 19266.38 ms\tBilled Duration: 19267 ms\t"
        "Memory Size: 256 MB\tMax Memory Used: 256 MB\tStatus: error\tError Type: Runtime.OutOfMemory\t"
    )
    sweep(database_url)
    (row,) = history(connection, "a", limit=9)
    assert (row.status, row.reason) == ("lost", "out of memory")
    assert row.error_message is not None
    assert "Lambda: Runtime.OutOfMemory; it had used 256 MB of 256 MB" in row.error_message


def test_where_cloudwatch_cannot_be_asked_the_execution_is_lost_all_the_same_and_it_is_asked_once(
    connection: Connection, database_url: str, aws: Lambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:9")
    deployed(connection, "a", overlap="allow")
    for minute in range(3):
        claimed(connection, at=MINUTE + timedelta(minutes=minute), lease=timedelta(), request_id=f"req-{minute}",
                overlap="allow")  # fmt: skip
    assert sweep(database_url)["lost"] == 3
    rows = history(connection, "a", limit=9)
    assert [row.reason for row in rows] == ["lease ran out"] * 3
    assert ["CloudWatch could not be asked why" in (row.error_message or "") for row in rows] == [True] * 3


def log_group(*lines: str) -> None:
    """The log of the job's function as CloudWatch has it."""
    logs = boto3.client("logs", region_name="us-east-1")
    group, stream = "/aws/lambda/lamplighter-local-job-a", "2026/11/23/[$LATEST]1"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(datetime.now(UTC).timestamp() * 1000)
    logs.put_log_events(
        logGroupName=group, logStreamName=stream, logEvents=[{"timestamp": now, "message": line} for line in lines]
    )


def test_lost_executions_in_a_row_pause_the_job_as_failures_do(
    connection: Connection, database_url: str, aws: Lambda
) -> None:
    deployed(connection, "a", pause_after_failures=2)
    for minute in range(2):
        claimed(connection, at=MINUTE + timedelta(minutes=minute), lease=timedelta())
        sweep(database_url)
    assert jobs.get(connection, "a").paused_by == "policy"


# Overdue


def test_a_retry_whose_event_never_came_is_sent_by_the_sweep(
    connection: Connection, database_url: str, aws: Lambda
) -> None:
    execution_id = _retrying(connection)
    assert sweep(database_url)["sent"] == 0
    age(connection)
    assert sweep(database_url)["sent"] == 1
    assert aws.events == [
        {"cause": "retry", "job_id": "a", "execution_id": str(execution_id), "scheduled_at": MINUTE.isoformat()}
    ]
    assert sweep(database_url)["sent"] == 0  # the event is on its way
    age(connection)
    assert sweep(database_url)["sent"] == 1  # or was not


def test_a_triggered_execution_whose_event_never_came_is_sent_again(
    connection: Connection, database_url: str, aws: Lambda
) -> None:
    deployed(connection, "a")
    queued = queue_manual(connection, "a", ANN)
    age(connection)
    sweep(database_url)
    (event,) = aws.events
    assert (event["cause"], event["execution_id"]) == ("manual", str(queued.id))
    assert datetime.fromisoformat(event["scheduled_at"]) == queued.scheduled_at


def test_what_lambda_refuses_waits_for_the_next_sweep(connection: Connection, database_url: str, aws: Lambda) -> None:
    deployed(connection, "a")
    queue_manual(connection, "a", ANN)
    age(connection)
    aws.status = 400
    done = sweep(database_url)
    assert (done["sent"], done["not_sent"]) == (0, 1)
    assert [row.status for row in history(connection, "a", limit=9)] == ["queued"]
    age(connection)
    aws.status = 202
    assert sweep(database_url)["sent"] == 1


def test_of_several_sweeps_at_once_one_takes_each_execution(connection: Connection, database_url: str) -> None:
    deployed(connection, "a")
    queued = {queue_manual(connection, "a", ANN).id for _ in range(40)}
    age(connection)

    def taken_by(_: int) -> list[uuid.UUID]:
        with connect(database_url) as opened:
            return [found.id for found in take(opened, limit=100)]

    with ThreadPoolExecutor(6) as pool:
        taken = [found for part in pool.map(taken_by, range(6)) for found in part]
    assert sorted(taken) == sorted(queued)


def test_what_waits_for_a_job_that_is_no_longer_in_code_is_ended(
    connection: Connection, database_url: str, aws: Lambda
) -> None:
    _retrying(connection)
    deployed(connection, "b")
    assert sweep(database_url)["ended"] == 1
    (row,) = history(connection, "a", limit=9)
    assert (row.status, row.reason, row.error_message) == ("failed", "removed", "first")


def _retrying(connection: Connection) -> uuid.UUID:
    deployed(connection, "a")
    claim = claimed(connection)
    assert claim.execution_id is not None
    outcome = Outcome(
        status="retrying", attempt_status="failed", retry_at=datetime.now(UTC), error_message="first"
    )  # fmt: skip
    finish(connection, outcome, execution_id=claim.execution_id, scheduled_at=MINUTE, token=claim.token)
    return claim.execution_id


# Catching up. The job fires at the full hour; NOW is ten seconds past 13:00, so 12:00 is the newest that must be there.


def hourly(connection: Connection, *, since: datetime = MINUTE - 5 * HOUR, **options: Any) -> None:
    deployed(connection, "a", **{"misfire": "run_once"} | options)
    connection.execute("UPDATE lamplighter.job SET updated_at = %s", (since,))
    triggered(connection, "a", at=since)


def test_after_downtime_the_newest_missed_occurrence_runs_once_and_nothing_else(
    connection: Connection, database_url: str, aws: Lambda
) -> None:
    hourly(connection)
    assert sweep(database_url)["caught_up"] == 1
    assert sweep(database_url)["caught_up"] == 0
    (event,) = aws.events
    row, *older = history(connection, "a", limit=9)
    assert (row.cause, row.status, row.scheduled_at) == ("catch_up", "queued", MINUTE)
    assert [(missed.cause, missed.status) for missed in older] == [("schedule", "missed")] * 4
    assert (event["cause"], event["execution_id"]) == ("catch_up", str(row.id))
    claim = claimed(connection, cause="catch_up", execution_id=row.id)
    assert (claim.decision, claim.execution_id) == ("run", row.id)


def test_the_late_event_of_a_caught_up_occurrence_is_a_duplicate(
    connection: Connection, database_url: str, aws: Lambda
) -> None:
    hourly(connection)
    sweep(database_url)
    assert claimed(connection).decision == "duplicate"


def test_on_resume_one_catch_up_runs_also_where_the_pause_had_skipped_it(
    connection: Connection, database_url: str, aws: Lambda
) -> None:
    hourly(connection)
    intents.pause(connection, "a", ANN)
    for hour in (2, 1, 0):
        assert claimed(connection, at=MINUTE - hour * HOUR).reason == "paused"
    assert sweep(database_url)["caught_up"] == 0
    intents.resume(connection, "a", ANN)
    assert sweep(database_url)["caught_up"] == 1
    statuses = [(row.cause, row.status) for row in history(connection, "a", limit=9)]
    assert statuses[:3] == [("catch_up", "queued"), ("schedule", "skipped"), ("schedule", "skipped")]
    assert statuses[3:] == [("schedule", "missed")] * 2  # from before the pause
    counts = connection.execute("SELECT sum(skipped), sum(missed) FROM lamplighter.job_stats_hourly").fetchone()
    assert counts == (2, 2)


def test_resume_does_not_run_missed_occurrences_unless_the_policy_says_so(
    connection: Connection, database_url: str, aws: Lambda
) -> None:
    hourly(connection, misfire="ignore")
    intents.pause(connection, "a", ANN)
    intents.resume(connection, "a", ANN)
    assert sweep(database_url)["caught_up"] == 0


@pytest.mark.parametrize("status", ["succeeded", "failed", "skipped"])
def test_an_occurrence_that_was_delivered_was_not_missed_however_it_ended(
    connection: Connection, database_url: str, aws: Lambda, status: str
) -> None:
    hourly(connection)
    claim = claimed(connection)
    assert claim.execution_id is not None
    finish(connection, Outcome(status=status), execution_id=claim.execution_id, scheduled_at=MINUTE, token=claim.token)
    assert sweep(database_url)["caught_up"] == 0


def test_a_deploy_and_a_restore_never_start_what_lies_before_them(
    connection: Connection, database_url: str, aws: Lambda
) -> None:
    hourly(connection, since=MINUTE + timedelta(minutes=1))
    assert sweep(database_url)["caught_up"] == 0
    hourly(connection)
    intents.remove(connection, "a", ANN)
    assert sweep(database_url)["caught_up"] == 0
    connection.execute("UPDATE lamplighter.job SET updated_at = 'epoch'")
    intents.restore(connection, ANN)
    assert sweep(database_url, now=datetime.now(UTC))["caught_up"] == 0


def test_what_may_still_be_on_its_way_is_not_missed(connection: Connection, database_url: str, aws: Lambda) -> None:
    hourly(connection, jitter=timedelta(minutes=30))
    assert sweep(database_url, now=MINUTE + timedelta(minutes=31))["caught_up"] == 1  # that of 11:00
    assert history(connection, "a", limit=1)[0].scheduled_at == MINUTE - HOUR


def test_of_several_sweeps_at_once_one_queues_the_catch_up_and_all_count_each_missed_one_once(
    connection: Connection, database_url: str
) -> None:
    hourly(connection)

    def go(_: int) -> Judged:
        with connect(database_url) as opened:
            return judge(opened, now=NOW, kept=timedelta(days=90))

    with ThreadPoolExecutor(6) as pool:
        judged = list(pool.map(go, range(6)))
    assert sorted(len(one.catch_ups) for one in judged) == [0, 0, 0, 0, 0, 1]
    assert sum(one.missed.total() for one in judged) == 4
    assert connection.execute("SELECT sum(missed) FROM lamplighter.job_stats_hourly").fetchone() == (4,)


def test_the_sweep_runs_every_minute_and_never_beside_itself() -> None:
    definition: JobDefinition = mark_lost_executions.definition
    assert (definition.schedule, definition.overlap) == ("* * * * *", "skip")


def test_a_scheduler_that_does_not_answer_is_asked_once_a_sweep(
    connection: Connection, database_url: str, aws: Lambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.add(self.path)
            self.send_error(503)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_SCHEDULER", f"http://127.0.0.1:{server.server_port}")
        one_shot._client.cache_clear()
        deployed(connection, "a", "b", "c", retry=Retry(attempts=1))
        for job_id in ("a", "b", "c"):
            claimed(connection, job_id, lease=timedelta())
        assert sweep(database_url)["lost"] == 3
        server.shutdown()
    one_shot._client.cache_clear()
    assert len(asked) == 1
    assert [history(connection, job_id, limit=9)[0].status for job_id in ("a", "b", "c")] == ["retrying"] * 3


def test_with_no_time_left_the_lost_are_the_next_sweeps_and_the_rest_of_this_one_is_done(
    connection: Connection, database_url: str, aws: Lambda
) -> None:
    deployed(connection, "a", "b")
    claimed(connection, "a", lease=timedelta())
    queue_manual(connection, "b", ANN)
    age(connection)
    found = sweep(database_url, left=timedelta(seconds=30))
    assert (found["lost"], found["sent"]) == (0, 1)
    assert sweep(database_url)["lost"] == 1
