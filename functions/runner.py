"""Claim, run, record: one occurrence from its delivery to its row."""

from __future__ import annotations

import random
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from functions.db.claims import Claim, claim
from functions.db.connection import Connection, WarmConnection
from functions.db.json_values import text_of
from functions.db.live import Standing, flush
from functions.db.outcomes import Finished, Outcome, finish
from functions.errors import (
    AwsUnavailable,
    DatabaseBusy,
    DatabaseUnavailable,
    InvalidParams,
    JobsError,
    OutcomeNotRecorded,
)
from functions.invocation import Invocation
from functions.job import Cancelled, Job, JobContext, RetryLater, Skip
from functions.live import Live, ticker
from functions.log_lines import LogCaps
from functions.logs import captured, job_logger
from functions.metrics import count_outcome
from functions.record import Record
from functions.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

# Past Lambda's own end of the invocation nothing of it can be running; the rest is for clocks and the last commit.
_LEASE_MARGIN = timedelta(seconds=10)
_RECORD_AGAIN_AFTER_S = (0.2, 1.0, 3.0)
_STACK_LIMIT = 64_000
_NOT_RUN = {"skip": "skipped", "fail": "failed", "wait": "waiting", "duplicate": "duplicate"}
# Importing boto3 and one call; with less time left Lambda might end us in it, and the sweep does it instead.
_TIME_TO_SCHEDULE = timedelta(seconds=5)
# One invoke may take twenty seconds, tried again and all (functions/invoker.py); so many at once take no longer.
_TIME_TO_SEND = timedelta(seconds=25)
_MOST_SENT_ON = 100
_SECOND = timedelta(seconds=1)
# Of the time there was: an execution that took more may be killed by its timeout the next time.
_CLOSE = 0.8


class Surroundings(Record):
    """What a process keeps between invocations, and what this invocation was given."""

    settings: Settings
    database: WarmConnection
    request_id: str
    now: datetime
    remaining: timedelta


def run(job: Job, invocation: Invocation, surroundings: Surroundings) -> dict[str, Any]:
    """Run one occurrence unless the database says otherwise, and record how it ended; what became of it, as JSON.

    Raises DatabaseUnavailable before any job code runs, JobNotFound for a job that was never deployed, and
    OutcomeNotRecorded when the job ended and PostgreSQL could not be told. A job's own failure is recorded, not raised.
    """
    claimed = _claim(job, invocation, surroundings)
    if claimed.decision == "run":
        outcome, duration_ms = _run_and_record(job, invocation, claimed, surroundings)
        status, reason = outcome.status, outcome.reason
    else:
        status, reason, duration_ms = _NOT_RUN[claimed.decision], claimed.reason, None
    if status not in ("duplicate", "waiting"):
        count_outcome(
            stage=surroundings.settings.stage, job_id=invocation.job_id, status=status, duration_ms=duration_ms,
            near_timeout=_was_close(duration_ms, surroundings.remaining),
        )  # fmt: skip
    execution_id = None if claimed.execution_id is None else str(claimed.execution_id)
    return {"job_id": invocation.job_id, "execution_id": execution_id, "status": status, "reason": reason}


def _was_close(duration_ms: float | None, remaining: timedelta) -> bool:
    return duration_ms is not None and duration_ms > remaining.total_seconds() * 1000 * _CLOSE


def _claim(job: Job, invocation: Invocation, surroundings: Surroundings) -> Claim:
    return surroundings.database.run(
        partial(
            claim,
            job_id=invocation.job_id,
            scheduled_at=invocation.scheduled_at,
            cause=invocation.cause,
            overlap=job.definition.overlap,
            execution_id=invocation.execution_id,
            token=uuid.uuid4(),
            lease=surroundings.remaining + _LEASE_MARGIN,
            enabled=surroundings.settings.jobs_enabled,
            request_id=surroundings.request_id,
        )
    )


def _run_and_record(
    job: Job, invocation: Invocation, claimed: Claim, surroundings: Surroundings
) -> tuple[Outcome, float]:
    assert claimed.execution_id is not None
    mine: dict[str, Any] = {
        "execution_id": claimed.execution_id,
        "scheduled_at": invocation.scheduled_at,
        "token": claimed.token,
    }
    started = time.monotonic()
    with _live(mine, job_logger(invocation.job_id, surroundings.settings.log_level), surroundings) as live:
        outcome, succeeded = _run_job(job, invocation, claimed, surroundings, live)
    duration_ms = (time.monotonic() - started) * 1000
    logger = job_logger(invocation.job_id, surroundings.settings.log_level)
    recorded = _recorded(partial(finish, outcome=outcome, **mine, **live.unwritten()), succeeded, surroundings, logger)
    outcome = _as_recorded(outcome, recorded, logger)
    left = surroundings.remaining - timedelta(seconds=time.monotonic() - started)
    if outcome.retry_at is not None:
        _arrange_retry(invocation, claimed, outcome.retry_at, surroundings, left=left)
    released = [each for finished in (recorded, succeeded) if finished for each in finished.released]
    _send_on(released, invocation, surroundings, left=left)
    return outcome, duration_ms


def _recorded(
    record: Callable[[Connection], Finished | None], succeeded: Finished | None, surroundings: Surroundings,
    logger: Logger,
) -> Finished | None:  # fmt: skip
    """What PostgreSQL made of the outcome; None when the claim was taken over. A success it has already stands."""
    try:
        return _record(record, surroundings)
    except OutcomeNotRecorded as error:
        if succeeded is None:
            raise
        logger.warning("the execution has succeeded, and what it said since is not written: %s", error)
        return Finished(status=succeeded.status)


def _as_recorded(outcome: Outcome, recorded: Finished | None, logger: Logger) -> Outcome:
    if recorded is None:
        logger.warning("the claim was taken over: this outcome is not recorded", extra={"outcome": outcome.status})
        return Outcome(status="lost", reason="taken over")
    if recorded.status == outcome.status:
        return outcome
    return Outcome(status=recorded.status, reason=outcome.reason)  # it was to stop, or a lost answer had recorded it


@contextmanager
def _live(mine: dict[str, Any], logger: Logger, surroundings: Surroundings) -> Iterator[Live]:
    """Collects lines and progress while the block runs, and flushes them when it takes long."""
    database, every_s = surroundings.database, surroundings.settings.log_flush_s

    def write(**new: Any) -> Standing:
        return database.run(partial(flush, **mine, **new))

    logger.clear_state()  # Powertools keeps one logger per job: what the last execution appended is not this one's
    logger.append_keys(execution_id=str(mine["execution_id"]), function_request_id=surroundings.request_id)
    with captured(_caps(surroundings.settings), formatter=logger.registered_formatter) as lines:
        live = Live(lines)
        with ticker(every_s).watching(partial(live.flush, write)):
            yield live


def _caps(settings: Settings) -> LogCaps:
    return LogCaps(
        lines=settings.log_max_lines, line_bytes=settings.log_max_line_bytes, total_bytes=settings.log_max_bytes
    )


def _run_job(
    job: Job, invocation: Invocation, claimed: Claim, surroundings: Surroundings, live: Live
) -> tuple[Outcome, Finished | None]:
    ctx = _context(invocation, claimed, surroundings, live)
    try:
        ctx.params = _params(job, claimed)
    except InvalidParams as error:  # no retry: they will not fit any better then
        ctx.logger.error("the job was not run: %s", error)
        return _failure(error, retry_at=None), None
    outcome = _outcome(job, ctx, claimed, surroundings)
    if ctx.succeeded is not None and outcome.status != "succeeded":
        ctx.logger.warning("the job ended as %s after its transaction had succeeded: that stands", outcome.status)
        outcome = Outcome(status="succeeded")
    return outcome, ctx.succeeded


def _params(job: Job, claimed: Claim) -> Any:
    if job.params is None and claimed.params is None:
        return None
    from functions.params import typed  # late: most executions have none

    return typed(job.definition.id, job.params, claimed.params)


def _outcome(job: Job, ctx: JobContext[Any], claimed: Claim, surroundings: Surroundings) -> Outcome:
    started = time.monotonic()
    try:
        return Outcome(status="succeeded", result=job(ctx))
    except Skip as signal:
        return Outcome(status="skipped", reason=signal.reason)
    except Cancelled as signal:
        return Outcome(status="cancelled", reason=signal.reason)
    except RetryLater as signal:
        retry_at = _retry_at(signal.delay, surroundings, started)
        return Outcome(status="retrying", reason=signal.reason, retry_at=retry_at)
    except BaseException as error:  # also SystemExit and CancelledError: however it ends, it is recorded
        ctx.logger.error("the job failed", exc_info=error)
        delay = _delay(job, claimed, error)
        return _failure(error, retry_at=None if delay is None else _retry_at(delay, surroundings, started))
    finally:
        ctx.close()


def _delay(job: Job, claimed: Claim, error: BaseException) -> timedelta | None:
    """How long to wait before the job is tried again; None when it is not."""
    retry = job.definition.retry
    if retry is None or not retry.covers(error):
        return None
    return retry.delay(claimed.failed_attempts or 0, chance=random.random())  # noqa: S311 - jitter, not a secret


def _retry_at(delay: timedelta, surroundings: Surroundings, started: float) -> datetime:
    """That long after now, on the next whole second: a one-time schedule knows no fractions."""
    due_at = surroundings.now + timedelta(seconds=time.monotonic() - started) + delay
    return due_at if due_at.microsecond == 0 else due_at.replace(microsecond=0) + _SECOND


def _arrange_retry(
    invocation: Invocation, claimed: Claim, retry_at: datetime, surroundings: Surroundings, *, left: timedelta
) -> None:
    """Have the job invoked again when the retry is due; when that fails, the sweep does it (mark-lost-executions)."""
    assert claimed.execution_id is not None
    assert claimed.attempt is not None
    logger = job_logger(invocation.job_id, surroundings.settings.log_level)
    if left < _TIME_TO_SCHEDULE:
        logger.info("too little time is left to schedule the retry: the sweep sends it")
        return
    # Imported only here: boto3 takes half a second, and most executions need none of it.
    from functions.scheduling.one_shot import schedule_retry

    try:
        schedule_retry(
            surroundings.settings,
            job_id=invocation.job_id,
            execution_id=claimed.execution_id,
            scheduled_at=invocation.scheduled_at,
            attempt=claimed.attempt + 1,
            retry_at=retry_at,
        )
    except AwsUnavailable as error:
        logger.warning("the retry could not be scheduled, the sweep sends it: %s", error)


def _context(invocation: Invocation, claimed: Claim, surroundings: Surroundings, live: Live) -> JobContext[Any]:
    assert claimed.execution_id is not None
    assert claimed.attempt is not None
    assert claimed.started_at is not None
    settings = surroundings.settings
    return JobContext(
        execution_id=claimed.execution_id,
        job_id=invocation.job_id,
        attempt=claimed.attempt,
        scheduled_at=claimed.due_at or invocation.scheduled_at,
        now=claimed.started_at,
        deadline=surroundings.now + surroundings.remaining,
        logger=job_logger(invocation.job_id, settings.log_level),
        connect=surroundings.database.another,
        live=live,
        succeed=partial(
            finish,
            outcome=Outcome(status="succeeded"),
            execution_id=claimed.execution_id,
            scheduled_at=invocation.scheduled_at,
            token=claimed.token,
        ),
    )


def _failure(error: BaseException, *, retry_at: datetime | None) -> Outcome:
    frames = error.__traceback__.tb_next if error.__traceback__ else None  # without the runner's own frame
    stack = "".join(traceback.format_exception(type(error), error, frames))  # says so where __str__ fails
    return Outcome(
        status="failed" if retry_at is None else "retrying",
        attempt_status="failed",
        retry_at=retry_at,
        error_type=type(error).__qualname__,
        error_message=text_of(error),
        error_stack=stack[-_STACK_LIMIT:],
    )


def _send_on(released: list[uuid.UUID], invocation: Invocation, surroundings: Surroundings, *, left: timedelta) -> None:
    """Start what waited for this end, and what the job enqueued in transactions of its own; the rest is the sweep's.

    Lambda may freeze this process as soon as the handler returns, and must not end it here: the outcome is recorded.
    """
    if left < _TIME_TO_SEND:
        return
    try:
        if released:
            from functions.dispatch import send_all

            mine = released[:_MOST_SENT_ON]
            surroundings.database.run(lambda opened: send_all(surroundings.settings, opened, ids=mine))
        if "functions.pending" in sys.modules:  # the job has enqueued something: boto3 and all are there
            from functions.pending import pending

            pending().settle()
    except JobsError as error:
        logger = job_logger(invocation.job_id, surroundings.settings.log_level)
        logger.warning("what follows on this execution waits for the next sweep: %s", error)


def _record(record: Callable[[Connection], Finished | None], surroundings: Surroundings) -> Finished | None:
    """Tell PostgreSQL, through a restart of it if need be: losing an outcome is worse than taking some seconds more."""
    for wait_s in (*_RECORD_AGAIN_AFTER_S, None):
        try:
            return surroundings.database.run(record)
        except (DatabaseUnavailable, DatabaseBusy) as error:
            if wait_s is None:
                raise OutcomeNotRecorded(f"the job ended, but its outcome could not be recorded: {error}") from error
            time.sleep(wait_s)
    raise AssertionError("unreachable")
