"""A pause with an end: until then nothing starts, then it is over, whoever notices first, and when."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.db import intents, jobs
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.db.ended_pauses import lift_ended
from functions.db.executions import history
from functions.db.jobs import JobRow
from functions.db.outcomes import Outcome, finish
from functions.scheduling.misfires import judge
from functions.scheduling.reconcile import reconcile
from tests.integration.scheduling.conftest import BOTH, Calls, calls, deploy, in_aws, job  # noqa: F401 (a fixture)
from tests.integration.seeds import claimed, deployed, triggered
from tests.integration.waiting import until_waiting

ANN = Author(actor="ann", reason="noisy")
BEN = Author(actor="ben")
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BY_ITSELF = ("policy", "jobs.resume", "the pause was to end then")


def this_minute() -> datetime:
    return datetime.now(UTC).replace(second=0, microsecond=0)


def paused_until(connection: Connection, end: datetime, *, since: timedelta = HOUR) -> None:
    """The job `a` has been paused for so long, until this instant, which may have passed."""
    intents.pause(connection, "a", ANN, until=datetime.now(UTC) + HOUR)
    values = (datetime.now(UTC) - since, end)
    connection.execute("UPDATE lamplighter.job SET paused_at = %s, resume_at = %s", values)


def audited(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute("SELECT actor, action, reason FROM lamplighter.audit ORDER BY id").fetchall()[1:]


def test_until_its_end_nothing_starts(connection: Connection) -> None:
    deployed(connection, "a")
    end = datetime.now(UTC) + HOUR
    paused = intents.pause(connection, "a", ANN, until=end)
    assert (paused.is_paused, paused.resume_at) == (True, end)
    assert claimed(connection, at=this_minute()).reason == "paused"
    assert lift_ended(connection, limit=9) == []


def test_after_its_end_the_first_claim_lifts_it_and_runs(connection: Connection) -> None:
    deployed(connection, "a")
    end = this_minute()
    paused_until(connection, end)
    assert claimed(connection, at=end).decision == "run"
    assert audited(connection) == [BY_ITSELF]
    assert not jobs.get(connection, "a").is_paused


def test_what_was_fired_before_the_end_and_comes_after_it_does_not_run(connection: Connection) -> None:
    deployed(connection, "a")
    end = this_minute()
    paused_until(connection, end)
    assert claimed(connection, at=end - MINUTE).reason == "paused"
    assert claimed(connection, at=end).decision == "run"
    assert claimed(connection, at=end - 2 * MINUTE).reason == "paused"


def test_the_sweep_lifts_it_as_of_its_end_once_and_says_so(connection: Connection) -> None:
    deployed(connection, "a", "b")
    intents.pause(connection, "b", BEN)
    end = datetime.now(UTC) - timedelta(seconds=40)
    paused_until(connection, end)
    connection.execute("UPDATE lamplighter.job SET resume_at = NULL WHERE id = 'b'")
    assert lift_ended(connection, limit=9) == ["a"]
    assert lift_ended(connection, limit=9) == []
    row = connection.execute("SELECT held_until_at, resume_at FROM lamplighter.job WHERE id = 'a'").fetchone()
    assert row == (end, None)
    assert audited(connection)[-1] == BY_ITSELF
    assert jobs.get(connection, "b").is_paused


def test_everybody_sees_it_as_over_before_anything_was_written(connection: Connection) -> None:
    deployed(connection, "a")
    paused_until(connection, datetime.now(UTC) - MINUTE)
    row = jobs.get(connection, "a")
    assert (row.is_paused, row.paused_by, row.pause_reason, row.resume_at) == (False, None, None, None)


def test_pausing_again_changes_reason_and_end_and_keeps_who_and_when(connection: Connection) -> None:
    deployed(connection, "a")
    end = datetime.now(UTC) + HOUR
    first = intents.pause(connection, "a", ANN)

    def changed(author: Author, until: datetime | None = None) -> tuple[Any, ...]:
        row = intents.pause(connection, "a", author, until=until)
        assert (row.paused_at, row.paused_by) == (first.paused_at, "ann")
        return row.pause_reason, row.resume_at

    assert changed(BEN, end) == (None, end)
    assert changed(BEN) == (None, end)
    assert changed(Author(actor="ben", reason="for good")) == ("for good", None)
    assert changed(Author(actor="ben", reason="until then"), end) == ("until then", end)


def test_pausing_after_the_end_is_a_new_pause(connection: Connection) -> None:
    deployed(connection, "a")
    paused_until(connection, datetime.now(UTC) - MINUTE)
    before = datetime.now(UTC)
    paused = intents.pause(connection, "a", BEN)
    assert paused.paused_at is not None
    assert paused.paused_at >= before - timedelta(seconds=1)
    assert (paused.paused_by, paused.pause_reason, paused.resume_at) == ("ben", None, None)
    assert audited(connection) == [BY_ITSELF, ("ben", "jobs.pause", None)]


@pytest.mark.parametrize("change", [intents.resume, intents.remove])
def test_a_resume_and_a_removal_take_the_end_away(connection: Connection, change: Any) -> None:
    deployed(connection, "a")
    intents.pause(connection, "a", ANN, until=datetime.now(UTC) + HOUR)
    assert change(connection, "a", BEN).resume_at is None


def test_a_pause_by_policy_has_no_end_and_counts_from_the_end_of_the_last_pause(connection: Connection) -> None:
    deployed(connection, "a", pause_after_failures=2)
    at = this_minute()
    claim = claimed(connection, at=at)
    connection.execute("UPDATE lamplighter.job SET consecutive_failures = 1")
    paused_until(connection, datetime.now(UTC) - timedelta(seconds=1))
    assert claim.execution_id is not None
    finish(connection, Outcome(status="failed"), execution_id=claim.execution_id, scheduled_at=at, token=claim.token)
    assert audited(connection) == [BY_ITSELF]
    assert not jobs.get(connection, "a").is_paused
    again = claimed(connection, at=at + MINUTE, overlap="allow")
    assert again.execution_id is not None
    finish(connection, Outcome(status="failed"), execution_id=again.execution_id, scheduled_at=at + MINUTE,
           token=again.token)  # fmt: skip
    row = jobs.get(connection, "a")
    assert (row.paused_by, row.resume_at) == ("policy", None)


@pytest.mark.parametrize(
    ("misfire", "left"), [("run_once", ("catch_up", "queued")), ("ignore", ("schedule", "skipped"))]
)
def test_the_misfire_policy_is_that_of_a_resume_by_hand(
    connection: Connection, misfire: str, left: tuple[str, str]
) -> None:
    deployed(connection, "a", schedule="*/5 * * * *", misfire=misfire)
    start = this_minute() - 2 * HOUR
    connection.execute("UPDATE lamplighter.job SET updated_at = %s", (start,))
    triggered(connection, "a", at=start)
    paused_until(connection, datetime.now(UTC) - timedelta(seconds=5), since=2 * HOUR)
    newest = this_minute() - 2 * MINUTE
    newest -= timedelta(minutes=newest.minute % 5)
    assert claimed(connection, at=newest).reason == "paused"
    lift_ended(connection, limit=9)
    judge(connection, now=datetime.now(UTC), kept=timedelta(days=90))
    row = next(row for row in history(connection, "a", limit=9) if row.scheduled_at == newest)
    assert (row.cause, row.status) == left


def test_a_claim_that_waits_for_the_pause_does_not_run(connection: Connection, database_url: str) -> None:
    deployed(connection, "a")
    with connect(database_url) as pausing, connect(database_url) as claiming, ThreadPoolExecutor(1) as pool:
        with pausing.transaction():
            intents.pause(pausing, "a", ANN, until=datetime.now(UTC) + HOUR)
            claim = pool.submit(claimed, claiming, at=this_minute())
            until_waiting(connection, claiming)
        assert claim.result().reason == "paused"


def test_a_claim_that_waits_for_a_new_pause_after_the_end_does_not_run(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a")
    paused_until(connection, datetime.now(UTC) - MINUTE)
    with connect(database_url) as pausing, connect(database_url) as claiming, ThreadPoolExecutor(1) as pool:
        with pausing.transaction():
            intents.pause(pausing, "a", BEN)
            claim = pool.submit(claimed, claiming, at=this_minute())
            until_waiting(connection, claiming)
        assert claim.result().reason == "paused"


def test_a_sweep_leaves_a_job_somebody_else_is_at(connection: Connection, database_url: str) -> None:
    deployed(connection, "a")
    paused_until(connection, datetime.now(UTC) - MINUTE)
    with connect(database_url) as other:
        with other.transaction():
            jobs.lock(other, "a")
            assert lift_ended(connection, limit=9) == []
        assert lift_ended(connection, limit=9) == ["a"]


def test_many_who_notice_the_end_at_once_lift_it_once(connection: Connection, database_url: str) -> None:
    deployed(connection, "a")
    paused_until(connection, this_minute() - MINUTE)

    def notice(number: int) -> None:
        with connect(database_url) as own:
            if number % 2:
                lift_ended(own, limit=9)
            else:
                claimed(own, at=this_minute() - number * MINUTE, overlap="allow")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(notice, range(8)))
    assert audited(connection) == [BY_ITSELF]


def test_of_two_changes_of_one_version_the_second_is_refused(connection: Connection, database_url: str) -> None:
    deployed(connection, "a")
    seen = jobs.get(connection, "a")

    def check(row: JobRow) -> None:
        if row.paused_at != seen.paused_at:
            raise RuntimeError("it has changed")

    with connect(database_url) as first, connect(database_url) as second, ThreadPoolExecutor(1) as pool:
        with first.transaction():
            intents.pause(first, "a", ANN, check=check)
            late = pool.submit(intents.remove, second, "a", BEN, check=check)
            until_waiting(connection, second)
        with pytest.raises(RuntimeError):
            late.result()
    assert not jobs.get(connection, "a").is_removed


@pytest.mark.parametrize("settings", BOTH)
def test_its_trigger_stays_on_and_is_on_again_where_a_pause_without_an_end_had_it_off(
    connection: Connection,
    calls: Calls,  # noqa: F811 (the fixture)
    settings: Any,
) -> None:
    deploy(connection, settings, job("a"))
    backend = "rule" if settings.trigger_backend == "auto" else "schedule"

    def state() -> Any:
        reconcile(connection, settings)
        return in_aws(settings)[backend]["a"]["State"]

    intents.pause(connection, "a", ANN, until=datetime.now(UTC) + HOUR)
    assert state() == "ENABLED"
    intents.pause(connection, "a", ANN)
    assert state() == "DISABLED"
    intents.pause(connection, "a", ANN, until=datetime.now(UTC) + HOUR)
    assert state() == "ENABLED"


def test_a_job_read_while_its_pause_ends_is_not_one_paused_for_good(connection: Connection) -> None:
    """A reconcile would turn its trigger off, and nothing would turn it on again."""
    deployed(connection, "a")
    intents.pause(connection, "a", ANN, until=datetime.now(UTC) + timedelta(hours=1))
    # A clock on which half an hour passes from one look at it to the next.
    connection.execute("CREATE SEQUENCE lamplighter.looks")
    connection.execute(
        "CREATE FUNCTION lamplighter.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS "
        "$$ SELECT pg_catalog.clock_timestamp() + nextval('lamplighter.looks') * interval '30 minutes' $$"
    )
    connection.execute("SET search_path = lamplighter, pg_catalog")
    job = jobs.get(connection, "a")
    assert job.is_paused == (job.resume_at is not None)
