"""Which occurrences nothing came for: they are written down as missed, or the newest of them is caught up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from functions.db import expectations
from functions.db.connection import Connection
from functions.db.dispatches import Waiting
from functions.db.expectations import Expectation, Judgement, Occurrence
from functions.record import Record
from functions.scheduling.expected import SETTLING, Expected, expected

# What one round of statements takes, and how many rounds a sweep makes at most.
_MOST_JOBS = 1_000
_MOST_OCCURRENCES = 5_000
_MOST_ROUNDS = 20


class Judged(Record):
    """What a sweep found: how many occurrences each job missed, and the catch-ups to be invoked now."""

    missed: Counter[str]
    catch_ups: list[Waiting]


def judge(connection: Connection, *, now: datetime, kept: timedelta) -> Judged:
    """Judge every job whose next occurrence must be there by now, as far as one sweep gets. Safe beside itself.

    kept: the shortest time an execution is kept after its end; what lies further back may have had one. Nothing is
    expected while a job is paused or removed, before the last deploy that changed it or made its trigger, and of a rate
    on a rule before it was seen firing.
    """
    judged = Judged(missed=Counter(), catch_ups=[])
    for _ in range(_MOST_ROUNDS):
        due = expectations.due(connection, now=now, settling=SETTLING, limit=_MOST_JOBS)
        if not due:
            break
        _judge(connection, _expected(due, now=now, kept=kept), judged)
    return judged


def _expected(due: Sequence[Expectation], *, now: datetime, kept: timedelta) -> list[tuple[Expectation, Expected]]:
    found: list[tuple[Expectation, Expected]] = []
    total = 0
    for job in due:
        if total >= _MOST_OCCURRENCES:
            break
        found.append((job, expected(job, now=now, kept=kept)))
        total += len(found[-1][1].occurrences)
    return found


def _judge(connection: Connection, jobs: Sequence[tuple[Expectation, Expected]], judged: Judged) -> None:
    newest = [found.to_catch_up for _, found in jobs if found.to_catch_up is not None]
    asked = {*newest, *(one for _, found in jobs for one in found.occurrences)}
    without = expectations.without_execution(connection, asked)
    judged.catch_ups.extend(_catch_up(connection, [one for one in newest if one.key in without]))
    # What is caught up has its row by now, and keeps it.
    missed = [one for _, found in jobs for one in found.occurrences if one.key in without]
    unlucky = {one.job_id for one in missed}
    counts = expectations.miss(connection, [job for job, _ in jobs if job.job_id in unlucky], missed)
    judged.missed.update(+counts)
    expectations.keep(
        connection,
        [Judgement(of=job, until_at=found.until_at, again_at=found.again_at) for job, found in jobs
         if job.job_id not in unlucky or job.job_id in counts],
    )  # fmt: skip


def _catch_up(connection: Connection, missed: Sequence[Occurrence]) -> list[Waiting]:
    if not missed:
        return []
    from functions.db.catch_ups import queue_catch_up  # late: most minutes nothing was missed

    queued = [queue_catch_up(connection, one.job_id, one.scheduled_at) for one in missed]
    return [execution for execution in queued if execution is not None]
