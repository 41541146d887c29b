"""Makes AWS match definitions and intent: plan says what differs, reconcile does it too, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from functions.db import jobs, triggers
from functions.db.connection import Connection
from functions.db.jobs import JobRow
from functions.db.triggers import AppliedTrigger
from functions.errors import AwsUnavailable
from functions.scheduling import limits, next_executions
from functions.scheduling.backends import all_backends
from functions.scheduling.comparison import Applied, Backends, Progress, compare
from functions.scheduling.plan import Plan, Report, Step, Unfinished
from functions.scheduling.rules import Rules
from functions.scheduling.trigger import digest, state
from functions.scheduling.wanted import WantedTrigger, wanted_triggers
from functions.settings import Settings
from functions.text import said_by


def reconcile(
    connection: Connection,
    settings: Settings,
    *,
    only: Collection[str] | None = None,
    deep: bool = False,
    lock_timeout: timedelta | None = None,
    time_limit: timedelta | None = None,
    approve: Callable[[Plan], None] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Make AWS match PostgreSQL as it is once no other reconcile runs, and say what was done; arguments as in `plan`.

    Call it outside a transaction. What is done before AWS fails stays done and recorded; what may or may not have been
    done is recorded as in doubt, before the first write and for good (`triggers.doubt`), so that the next reconcile
    reads it whole. After `time_limit`, from the call on, no further step is begun, and the report says what is left.
    `approve` gets the plan, in the transaction that records what is done; nothing is done when it raises.

    Raises Unfinished (an AwsUnavailable with the report), AwsUnavailable when AWS cannot be read, ReconcileRunning when
    the lock is not free in time, LimitExceeded or DatabaseUnavailable before anything is changed, JobNotFound for an
    unknown id in `only`.
    """
    backends = all_backends(settings)
    until = None if time_limit is None else triggers.now(connection) + time_limit
    with connection.transaction():
        triggers.lock(connection, lock_timeout)
        rows = _rows(connection, only)
        planned = _plan(connection, settings, backends, rows, is_partial=only is not None, deep=deep, progress=progress)
        if approve is not None:
            approve(planned)
        triggers.doubt(connection, _about_to_change(planned))
        report, failure = _apply(connection, backends, planned, until)
    if failure is not None:
        raise Unfinished(report) from failure
    return report


def plan(
    connection: Connection,
    settings: Settings,
    *,
    only: Collection[str] | None = None,
    rows: Sequence[JobRow] | None = None,
    deep: bool = False,
    progress: Progress | None = None,
) -> Plan:
    """What a reconcile would do now; reads only. Raises AwsUnavailable, LimitExceeded, JobNotFound.

    `only`: just these jobs, each looked up by itself instead of in a listing. `rows`: all jobs as they would be, where
    that is not what PostgreSQL holds. `deep`: read every trigger whole, not just what a listing shows;
    `progress(done, total)` is called while that goes on.
    """
    rows = _rows(connection, only) if rows is None else rows
    backends, is_partial = all_backends(settings), only is not None
    return _plan(connection, settings, backends, rows, is_partial=is_partial, deep=deep, progress=progress)


def check(connection: Connection, settings: Settings) -> None:
    """Raise LimitExceeded where AWS would refuse what PostgreSQL now holds; asks AWS nothing.

    Meant for the transaction that stores definitions: it then leaves no trace of those it refuses.
    """
    applied, backends = triggers.all_triggers(connection), all_backends(settings)
    limits.check(_wanted(jobs.all_jobs(connection), applied, settings, backends), rules_limit=settings.rules_limit)


def _rows(connection: Connection, only: Collection[str] | None) -> list[JobRow]:
    return jobs.all_jobs(connection) if only is None else [jobs.get(connection, job_id) for job_id in sorted(only)]


def _wanted(
    rows: Sequence[JobRow], applied: Applied, settings: Settings, backends: Backends
) -> Sequence[WantedTrigger]:
    with_rule = {job_id for job_id, trigger in applied.items() if trigger.backend == Rules.name}
    return wanted_triggers(rows, backends, settings, with_rule=with_rule)


def _plan(
    connection: Connection,
    settings: Settings,
    backends: Backends,
    rows: Sequence[JobRow],
    *,
    is_partial: bool,
    deep: bool,
    progress: Progress | None,
) -> Plan:
    now = triggers.now(connection)
    applied = triggers.all_triggers(connection)
    wanted = _wanted(rows, applied, settings, backends)
    limits.check(wanted, rules_limit=settings.rules_limit)
    steps = compare(backends, wanted, applied, now=now, is_partial=is_partial, deep=deep, progress=progress)
    return Plan(planned_at=now, steps=steps)


def _about_to_change(planned: Plan) -> list[str]:
    """The jobs whose trigger may be another one, or half gone, after this. A state shows in every listing."""
    return sorted({step.job_id for step in planned.changes if step.job_id is not None and step.action != "state"})


def _apply(
    connection: Connection, backends: Backends, plan: Plan, until: datetime | None = None
) -> tuple[Report, AwsUnavailable | None]:
    done: list[Step] = []
    failure = None
    try:
        for step in plan.steps:
            if not step.writes:
                done.append(step)
                continue
            now = triggers.now(connection)
            if until is not None and now >= until:
                break
            done.append(_do(step, backends, now))
    except AwsUnavailable as error:
        failure = error
    _remember(connection, done)
    said = None if failure is None else said_by(failure)
    return Report(done=tuple(done), left=plan.steps[len(done) :], error=said), failure


def _do(step: Step, backends: Backends, now: datetime) -> Step:
    """The step as it was done: a rate starts a period after it is made, however long the steps before it took."""
    assert step.backend is not None
    backend = backends[step.backend]
    if step.wanted is None:
        backend.remove(step.name)
        return step
    wanted = backend.dated(step.wanted, current=step.current, now=now)
    if step.action == "state":
        backend.set_state(step.name, enabled=wanted["State"] == state(True), now=now)
    elif step.action == "move":
        _move(replace(step, wanted=wanted), backends, now)
    else:
        backend.put(wanted, current=step.current, now=now)
    return replace(step, wanted=wanted)


def _move(step: Step, backends: Backends, now: datetime) -> None:
    """The new trigger stands, disabled, before the old one goes, and is enabled after.

    So no crash leaves two enabled ones: a rate would fire twice, on two phases, which no claim can tell apart. Between
    the last two calls none is enabled; a crash there is repaired by the next reconcile, which finds the new one
    disabled. A new one that already is as it should be is not touched before the old one is gone.
    """
    assert step.backend is not None
    assert step.wanted is not None
    new, is_enabled = backends[step.backend], False
    if step.current is None or any(difference.field != "State" for difference in step.differences):
        new.put({**step.wanted, "State": state(False)}, current=step.current, now=now)
    else:
        is_enabled = step.current["State"] == state(True)
    for old in step.leaving:
        backends[old].remove(step.name)
    if is_enabled != (step.wanted["State"] == state(True)):
        new.set_state(step.name, enabled=not is_enabled, now=now)


def _remember(connection: Connection, done: Sequence[Step]) -> None:
    """Record what was done. One instant, after it all: fires seen before it may have been on a phase that is gone."""
    now = triggers.now(connection)
    made = [_applied(step, now) for step in done if step.action != "leave" and step.wanted is not None]
    touched = sorted({step.job_id for step in done if step.action != "leave" and step.job_id is not None})
    triggers.store(connection, made)
    triggers.forget(connection, sorted(set(touched) - {trigger.job_id for trigger in made}))
    fired = {trigger.job_id for trigger in made}
    next_executions.refresh(
        connection, [jobs.get(connection, job_id) for job_id in touched if job_id in fired], now=now
    )
    jobs.store_next_executions(connection, {job_id: None for job_id in touched if job_id not in fired})


def _applied(step: Step, now: datetime) -> AppliedTrigger:
    assert step.job_id is not None
    assert step.backend is not None
    assert step.wanted is not None
    return AppliedTrigger(
        job_id=step.job_id,
        backend=step.backend,
        reason=step.reason,
        digest=digest(step.wanted),
        anchor_at=step.wanted.get("StartDate"),
        applied_at=now,
    )
