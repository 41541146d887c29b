"""One-time executions as rows: written down in anybody's transaction, one per key, taken by one sender at a time."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from functions.db import intents, stats
from functions.db.audit import Author
from functions.db.claims import Claim
from functions.db.connection import Connection, connect
from functions.db.dispatches import Waiting, note_arranged, note_failed, take
from functions.db.executions import queue_manual
from functions.db.one_time import Enqueued, enqueue, enqueue_many, reschedule
from functions.db.orphans import end_without_job
from functions.db.outcomes import Outcome, finish
from functions.errors import ExecutionNotFound, JobNotFound
from tests.integration.seeds import MINUTE, claimed, deployed
from tests.integration.waiting import until_waiting

ANN = Author(actor="ann")
HOUR = timedelta(hours=1)


def now() -> datetime:
    return datetime.now(UTC)


def status_of(connection: Connection, enqueued: Enqueued) -> str:
    row = connection.execute(
        "SELECT status FROM lamplighter.execution WHERE id = %s", (enqueued.execution_id,)
    ).fetchone()
    assert row is not None
    return str(row[0])


def delivered(connection: Connection, enqueued: Enqueued, **options: Any) -> Claim:
    """The event of a one-time execution arrives at its job."""
    options = {"cause": "one_time", "execution_id": enqueued.execution_id} | options
    return claimed(connection, enqueued.job_id, at=enqueued.scheduled_at, **options)


def finished(connection: Connection, enqueued: Enqueued, status: str = "succeeded") -> list[uuid.UUID]:
    claim = delivered(connection, enqueued)
    recorded = finish(connection, Outcome(status=status), execution_id=enqueued.execution_id,
                      scheduled_at=enqueued.scheduled_at, token=claim.token)  # fmt: skip
    assert recorded is not None
    return list(recorded.released)


def ids(waiting: list[Waiting]) -> list[uuid.UUID]:
    return [found.id for found in waiting]


@pytest.mark.parametrize(
    ("ahead", "status"),
    [
        (None, "queued"),
        (-HOUR, "queued"),
        (timedelta(seconds=59), "queued"),
        (timedelta(seconds=62), "scheduled"),
        (timedelta(days=365), "scheduled"),
    ],
)
def test_what_is_due_within_a_minute_is_queued_and_the_rest_is_scheduled(
    connection: Connection, ahead: timedelta | None, status: str
) -> None:
    deployed(connection, "a", schedule=None)
    enqueued = enqueue(connection, job_id="a", start_at=None if ahead is None else now() + ahead)
    assert (enqueued.answer, enqueued.status) == ("written", status)
    claim = delivered(connection, enqueued)
    assert claim.decision == ("run" if status == "queued" else "duplicate"), "nothing starts before it is due"


def test_the_job_gets_the_params_as_they_were_given_and_the_instant_it_was_to_start(connection: Connection) -> None:
    deployed(connection, "a")
    params = {"to": "ann", "n": 2**60, "nested": [None, {"x": 1.5}]}
    at = now() - timedelta(minutes=5)
    claim = delivered(connection, enqueue(connection, job_id="a", params=params, start_at=at))
    assert (claim.decision, claim.params, claim.due_at) == ("run", params, at)


def test_an_execution_enqueued_in_a_transaction_is_there_when_it_commits_and_not_when_it_rolls_back(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a")
    with connect(database_url) as writing:
        with writing.transaction(force_rollback=True):
            dropped = enqueue(writing, job_id="a")
            assert take(connection, limit=9) == [], "nobody sees it before the commit"
        with writing.transaction():
            kept = enqueue(writing, job_id="a")
    assert ids(take(connection, limit=9)) == [kept.execution_id]
    assert delivered(connection, dropped).decision == "duplicate", "an event without its row runs nothing"


def test_enqueueing_in_a_long_transaction_keeps_no_claim_of_the_job_waiting(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a")
    with connect(database_url) as writing, writing.transaction():
        enqueue(writing, job_id="a")
        assert claimed(connection, "a").decision == "run"
        intents.pause(connection, "a", ANN)


def test_a_job_that_is_not_deployed_or_removed_is_refused_and_the_transaction_goes_on(connection: Connection) -> None:
    deployed(connection, "a", "b")
    intents.remove(connection, "b", ANN)
    with connection.transaction():
        for job_id in ("nobody", "b"):
            with pytest.raises(JobNotFound, match=job_id):
                enqueue(connection, job_id=job_id)
            with pytest.raises(JobNotFound, match=job_id):
                enqueue_many(connection, job_id=job_id, params=[None])
        with pytest.raises(ExecutionNotFound, match="after="):
            enqueue(connection, job_id="a", after=uuid.uuid4())
        enqueue(connection, job_id="a")
    assert len(take(connection, limit=9)) == 1


def test_a_key_is_its_executions_own_while_that_is_unfinished(connection: Connection) -> None:
    deployed(connection, "a", "b")
    first = enqueue(connection, job_id="a", key="invoice 7")
    again = enqueue(connection, job_id="a", key="invoice 7", params={"other": 1})
    assert (again.answer, again.execution_id) == ("known", first.execution_id)
    assert enqueue(connection, job_id="a", key="invoice 8").execution_id != first.execution_id
    assert enqueue(connection, job_id="b", key="invoice 7").execution_id != first.execution_id
    finished(connection, first)
    third = enqueue(connection, job_id="a", key="invoice 7")
    assert (third.answer, third.execution_id != first.execution_id) == ("written", True)
    assert enqueue(connection, job_id="a", key="invoice 7").execution_id == third.execution_id


def test_of_many_who_enqueue_one_key_at_once_one_writes_and_all_get_its_id(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a")

    def race(number: int) -> Enqueued:
        with connect(database_url) as opened:
            return enqueue(opened, job_id="a", key=f"key {number // 8}")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(race, range(80)))
    for start in range(0, 80, 8):
        same = answers[start : start + 8]
        assert len({answer.execution_id for answer in same}) == 1
        assert sorted(answer.answer for answer in same) == ["known"] * 7 + ["written"]


def test_whoever_wants_a_key_waits_for_the_transaction_that_has_it(connection: Connection, database_url: str) -> None:
    deployed(connection, "a")
    for is_committed in (True, False):
        with connect(database_url) as holding, connect(database_url) as asking, ThreadPoolExecutor(1) as pool:
            with holding.transaction(force_rollback=not is_committed):
                held = enqueue(holding, job_id="a", key=f"committed: {is_committed}")
                asked = pool.submit(enqueue, asking, job_id="a", key=f"committed: {is_committed}")
                until_waiting(connection, asking)
            assert (asked.result().execution_id == held.execution_id) is is_committed


def test_ten_thousand_are_written_at_once_each_with_its_own_params_or_none_at_all(connection: Connection) -> None:
    deployed(connection, "a")
    with pytest.raises(ValueError, match="JSON"):
        enqueue_many(connection, job_id="a", params=[{"n": 1}, {"n": float("nan")}])
    assert connection.execute("SELECT count(*) FROM lamplighter.execution").fetchone() == (0,)
    written = enqueue_many(connection, job_id="a", params=[{"n": n} for n in range(10_000)])
    rows = connection.execute("SELECT id, (params ->> 'n')::integer FROM lamplighter.execution").fetchall()
    assert {row[0]: row[1] for row in rows} == {execution_id: n for n, execution_id in enumerate(written)}


def test_several_senders_share_what_waits_and_none_is_given_to_two(connection: Connection, database_url: str) -> None:
    deployed(connection, "a")
    written = enqueue_many(connection, job_id="a", params=[None] * 400)

    def send(_: int) -> list[uuid.UUID]:
        with connect(database_url) as opened:
            taken: list[uuid.UUID] = []
            while batch := take(opened, limit=10):
                taken += ids(batch)
            return taken

    with ThreadPoolExecutor(4) as pool:
        taken = [found for batch in pool.map(send, range(4)) for found in batch]
    assert sorted(taken) == sorted(written)


def test_what_was_sent_is_sent_again_later_and_later(connection: Connection) -> None:
    deployed(connection, "a")
    enqueued = enqueue(connection, job_id="a")
    for waits_s in (45, 90, 180, 360, 720, 1440, 2880, 3600, 3600):
        assert ids(take(connection, limit=9)) == [enqueued.execution_id]
        _age(connection, waits_s - 5)
        assert take(connection, limit=9) == []
        _age(connection, 10)


def test_a_scheduled_execution_is_sent_once_due_at_once_if_nobody_arranged_it_else_when_its_schedule_did_not_come(
    connection: Connection,
) -> None:
    deployed(connection, "a")
    alone, arranged = (enqueue(connection, job_id="a", start_at=now() + HOUR) for _ in range(2))
    note_arranged(connection, arranged.execution_id, arranged.scheduled_at)
    assert take(connection, limit=9) == []
    connection.execute("UPDATE lamplighter.execution SET due_at = clock_timestamp()")
    assert ids(take(connection, limit=9)) == [alone.execution_id]
    connection.execute("UPDATE lamplighter.execution SET due_at = clock_timestamp() - interval '91 seconds'")
    assert ids(take(connection, limit=9)) == [arranged.execution_id]
    assert delivered(connection, arranged).decision == "run"


def test_why_an_execution_could_not_be_sent_is_on_it_until_it_runs(connection: Connection) -> None:
    deployed(connection, "a")
    enqueued = enqueue(connection, job_id="a")
    note_failed(connection, enqueued.execution_id, enqueued.scheduled_at, "Lambda said 429")
    assert take(connection, limit=9) == [], "not at once again"
    _age(connection, 60)
    assert ids(take(connection, limit=9)) == [enqueued.execution_id]
    reason = "SELECT dispatch_error FROM lamplighter.execution"
    assert connection.execute(reason).fetchone() == ("Lambda said 429",)
    delivered(connection, enqueued)
    assert connection.execute(reason).fetchone() == (None,)


def test_a_paused_job_starts_nothing_enqueued_and_loses_nothing_either(connection: Connection) -> None:
    deployed(connection, "a")
    before = enqueue(connection, job_id="a")
    take(connection, limit=9)
    intents.pause(connection, "a", ANN)
    during = enqueue(connection, job_id="a")
    assert take(connection, limit=9) == []
    assert [delivered(connection, each).decision for each in (before, during)] == ["wait", "wait"]
    intents.resume(connection, "a", ANN)
    assert sorted(ids(take(connection, limit=9))) == sorted([before.execution_id, during.execution_id])
    assert [delivered(connection, each).decision for each in (before, during)] == ["run", "run"]


def test_a_retry_of_an_enqueued_execution_waits_for_the_end_of_a_pause_too(connection: Connection) -> None:
    deployed(connection, "a")
    enqueued = enqueue(connection, job_id="a", params={"n": 1})
    token = delivered(connection, enqueued).token
    outcome = Outcome(status="retrying", attempt_status="failed", retry_at=now() - timedelta(minutes=3))
    finish(connection, outcome, execution_id=enqueued.execution_id, scheduled_at=enqueued.scheduled_at, token=token)
    intents.pause(connection, "a", ANN)
    assert take(connection, limit=9) == []
    assert delivered(connection, enqueued, cause="retry").decision == "wait"
    intents.resume(connection, "a", ANN)
    assert [(found.id, found.cause) for found in take(connection, limit=9)] == [(enqueued.execution_id, "retry")]
    again = delivered(connection, enqueued, cause="retry")
    assert (again.decision, again.attempt, again.params) == ("run", 2, {"n": 1})


def test_enqueued_executions_run_beside_each_other_whatever_the_overlap_policy(connection: Connection) -> None:
    deployed(connection, "a", overlap="skip")
    both = [enqueue(connection, job_id="a") for _ in range(2)]
    assert [delivered(connection, each, overlap="skip").decision for each in both] == ["run", "run"]
    assert claimed(connection, "a", overlap="skip").decision == "skip", "an occurrence still does not overlap"


def test_a_removed_jobs_executions_end_as_skipped_when_their_event_comes(connection: Connection) -> None:
    deployed(connection, "a")
    enqueued = enqueue(connection, job_id="a")
    intents.remove(connection, "a", ANN)
    claim = delivered(connection, enqueued)
    assert (claim.decision, claim.reason, status_of(connection, enqueued)) == ("skip", "removed", "skipped")


def _age(connection: Connection, seconds: int) -> None:
    connection.execute(
        "UPDATE lamplighter.execution SET dispatched_at = dispatched_at - %s", (timedelta(seconds=seconds),)
    )


def test_an_execution_that_has_not_started_can_be_given_another_time_and_the_old_event_starts_nothing(
    connection: Connection,
) -> None:
    deployed(connection, "a")
    first = enqueue(connection, job_id="a", start_at=now() + HOUR)
    later, soon = now() + 2 * HOUR, now()
    moved = reschedule(connection, first.execution_id, later, ANN)
    assert moved is not None
    assert (moved.status, moved.due_at, moved.scheduled_at) == ("scheduled", later, first.scheduled_at)
    assert delivered(connection, first).decision == "duplicate"
    assert (reschedule(connection, first.execution_id, soon, ANN) or moved).status == "queued"
    assert delivered(connection, first).decision == "run"
    assert reschedule(connection, first.execution_id, later, ANN) is None, "it runs already"
    audited = connection.execute(
        "SELECT actor, before ->> 'due_at', after ->> 'due_at' FROM lamplighter.audit ORDER BY id"
    ).fetchall()
    assert audited[1] == ("ann", later.isoformat(), soon.isoformat())
    with pytest.raises(ExecutionNotFound):
        reschedule(connection, uuid.uuid4(), later, ANN)


def test_what_waits_for_another_execution_or_was_not_enqueued_cannot_be_given_a_time(connection: Connection) -> None:
    deployed(connection, "a")
    parent = enqueue(connection, job_id="a")
    child = enqueue(connection, job_id="a", after=parent.execution_id)
    manual = queue_manual(connection, "a", ANN)
    for execution_id in (child.execution_id, manual.id):
        assert reschedule(connection, execution_id, now() + HOUR, ANN) is None


def test_an_occurrence_is_skipped_for_overlap_until_the_last_of_several_enqueued_executions_has_ended(
    connection: Connection,
) -> None:
    deployed(connection, "a", overlap="skip")
    three = [enqueue(connection, job_id="a") for _ in range(3)]
    claims = [delivered(connection, each) for each in three]
    minutes = iter(MINUTE + timedelta(minutes=number) for number in range(9))
    for claim in reversed(claims):
        assert claimed(connection, "a", at=next(minutes)).reason == "overlap"
        execution_id, scheduled_at = claim.execution_id, three[claims.index(claim)].scheduled_at
        assert execution_id is not None
        finish(connection, Outcome(status="succeeded"), execution_id=execution_id, scheduled_at=scheduled_at,
               token=claim.token)  # fmt: skip
    assert claimed(connection, "a", at=next(minutes)).decision == "run"
    assert claimed(connection, "a", at=next(minutes)).reason == "overlap"


def test_a_retry_of_an_enqueued_execution_runs_beside_others_too(connection: Connection) -> None:
    deployed(connection, "a", overlap="skip")
    first, other = (enqueue(connection, job_id="a") for _ in range(2))
    token = delivered(connection, first).token
    outcome = Outcome(status="retrying", attempt_status="failed", retry_at=now())
    finish(connection, outcome, execution_id=first.execution_id, scheduled_at=first.scheduled_at, token=token)
    assert delivered(connection, other, overlap="skip").decision == "run"
    assert delivered(connection, first, cause="retry", overlap="skip").decision == "run"


def test_an_occurrence_that_runs_is_not_forgotten_for_an_enqueued_execution_beside_it(connection: Connection) -> None:
    deployed(connection, "a", overlap="skip")
    assert claimed(connection, "a", lease=HOUR).decision == "run"
    finished(connection, enqueue(connection, job_id="a"))
    assert claimed(connection, "a", at=MINUTE + HOUR).reason == "overlap"


def test_all_that_waits_for_a_job_no_longer_in_code_is_ended_and_counted(connection: Connection) -> None:
    deployed(connection, "a", schedule=None)
    enqueue_many(connection, job_id="a", params=[None] * 250)
    enqueue(connection, job_id="a", start_at=now() + HOUR)
    connection.execute("UPDATE lamplighter.job SET in_code = false")
    assert end_without_job(connection, batch=100) == 251
    assert stats.since(connection, now())["a"].failed == 251


def test_a_trigger_takes_its_instant_from_where_enqueued_ones_do_so_no_two_are_the_same(connection: Connection) -> None:
    deployed(connection, "a", schedule=None)
    counted = []
    for _ in range(3):
        trigger = queue_manual(connection, "a", ANN)
        enqueued = enqueue(connection, job_id="a")
        counted += [trigger.scheduled_at.microsecond, enqueued.scheduled_at.microsecond]
    assert [(second - first) % 999_999 for first, second in pairwise(counted)] == [1] * 5
