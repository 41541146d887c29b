"""What job authors import: `@job`, `JobContext`, `Retry`, and the signals `Skip`, `RetryLater` and `Cancelled`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from functions.db.connection import CallersConnection, Connection
from functions.db.live import Standing
from functions.db.outcomes import Finished
from functions.definition import JobDefinition
from functions.errors import ClaimLost, InvalidJob
from functions.live import Live
from functions.log_lines import Lines
from functions.record import Record
from functions.redaction import Secret
from functions.retry import Backoff, Retry, check_retry_delay

if TYPE_CHECKING:
    import typing_extensions
    from aws_lambda_powertools import Logger

    P = typing_extensions.TypeVar("P", default=None)
else:
    P = TypeVar("P")  # defaults of type variables are Python 3.13's

__all__ = [
    "MAY_ENQUEUE", "Backoff", "Cancelled", "Job", "JobContext", "Retry", "RetryLater", "Secret", "Skip", "enqueue",
    "enqueue_many", "job",
]  # fmt: skip

T = TypeVar("T")
# CO_GENERATOR, CO_COROUTINE and CO_ASYNC_GENERATOR of the module inspect, which would cost a cold start milliseconds.
_NEVER_RUNS = 0x20 | 0x80 | 0x200
_IDLE = 0  # libpq's PQTRANS_IDLE: psycopg itself stays in functions.db
_ARN = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:%s"
# What a job that enqueues others needs in its `permissions`: to start any job of its stage, now or by a schedule.
MAY_ENQUEUE: tuple[Mapping[str, Any], ...] = (
    {"Action": "lambda:InvokeFunction", "Resource": _ARN % ("lambda", "function:lamplighter-${Stage}-job-*")},
    {
        "Action": "scheduler:CreateSchedule",
        "Resource": _ARN % ("scheduler", "schedule/lamplighter-${Stage}/lamplighter-${Stage}-start-*"),
    },
    {
        "Action": "iam:PassRole",
        "Resource": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/lamplighter-${Stage}-scheduler-${AWS::Region}",
        "Condition": {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}},
    },
)


class Skip(Exception):
    """Raise it in a job to say "nothing to do this time": the execution ends as skipped, with this reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Cancelled(Exception):
    """Raised by ctx.raise_if_cancelled(): the execution stops half-way because somebody asked for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RetryLater(Exception):
    """Raise it in a job to say "not now, again in a while": the same execution runs again after the delay.

    It is another attempt, but no failure: it uses up none of Retry's attempts, needs no Retry at all, and can go on for
    ever, so look at ctx.attempt or ctx.scheduled_at to end it. delay: 1 second to 30 days; a run comes up to a minute
    later. Raises InvalidJob for another delay.
    """

    def __init__(self, delay: timedelta, reason: str | None = None) -> None:
        check_retry_delay(delay)
        super().__init__(reason or f"again in {delay}")
        self.delay = delay
        self.reason = reason


class JobContext(Generic[P]):
    """What one execution of a job is given.

    scheduled_at is the instant the execution stands for, now the instant it started, deadline the instant Lambda ends
    it; all aware UTC. attempt counts from 1. Lines written with `logger` are kept with the execution. params is what it
    was given, an instance of the job's params type: `ctx: JobContext[ReportParams]` tells a type checker; else None.
    """

    def __init__(
        self,
        *,
        execution_id: uuid.UUID,
        job_id: str,
        attempt: int,
        scheduled_at: datetime,
        now: datetime,
        deadline: datetime,
        logger: Logger,
        connect: Callable[[], Connection],
        params: P = None,  # type: ignore[assignment]
        live: Live | None = None,
        succeed: Callable[[Connection], Finished | None] | None = None,
    ) -> None:
        self.execution_id = execution_id
        self.job_id = job_id
        self.attempt = attempt
        self.scheduled_at = scheduled_at
        self.now = now
        self.deadline = deadline
        self.logger = logger
        self.params = params
        self._connect = connect
        self._live = live or Live(Lines())
        self._succeed = succeed
        self._succeeded: Finished | None = None
        self._db: Connection | None = None

    @property
    def db(self) -> Connection:
        """A psycopg connection of this execution's own, opened on first use and closed when the job ends.

        It is in autocommit mode: each statement commits by itself; `with ctx.db.transaction():` groups some, and what
        such a block had not committed when the job ends is rolled back. Raises DatabaseUnavailable.
        """
        if self._db is None:
            self._db = self._connect()
        return self._db

    def progress(self, done: float, total: float | None = None, label: str = "") -> None:
        """Say how far it is: done of total, for as many named bars as you like.

        Costs nothing worth mentioning, so call it as often as you like: the newest state is written every few seconds
        (LOG_FLUSH_S) and at the end.
        """
        self._live.progress.report(done, total, label)

    def track(self, iterable: Iterable[T], label: str = "", total: float | None = None) -> Iterator[T]:
        """The same items, with progress: `for order in ctx.track(orders): …`. total: len(iterable) where it has one."""
        if total is None and isinstance(iterable, Sized):
            total = len(iterable)
        self.progress(0, total, label)
        for done, item in enumerate(iterable, start=1):
            yield item
            self.progress(done, total, label)

    @property
    def cancelled(self) -> bool:
        """Whether to stop: somebody asked for it, or the claim was taken over. Up to LOG_FLUSH_S old; no round trip."""
        return _is_to_stop(self._live.standing)

    def raise_if_cancelled(self) -> None:
        """Raise Cancelled if this execution is to stop; leave it uncaught, and the execution ends as cancelled."""
        standing = self._live.standing  # once: a flush may bring another one at any time
        if _is_to_stop(standing):
            by = f"cancelled by {standing.cancel_requested_by}" if standing.is_ours else "the claim was taken over"
            raise Cancelled(by)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One transaction that holds the job's writes and its success: both are there, or neither is.

        `with ctx.transaction() as connection:` around the writes, once, as the last thing the job does: on leaving it
        the execution has succeeded, whatever comes after. An exception inside rolls the writes back, as does a claim
        that was taken over meanwhile (ClaimLost). Keep it short: while it commits it holds the job's row. A context
        without a runner (a test's own) commits just the writes. Raises RuntimeError inside another transaction of
        ctx.db or the second time, where success would not be part of it.
        """
        if self._succeeded is not None:
            raise RuntimeError("ctx.transaction() has already made this execution succeed: use it once, at the end")
        if self.db.info.transaction_status != _IDLE:
            raise RuntimeError("ctx.transaction() inside a transaction of ctx.db: end that one first")
        succeeded = None
        with self.db.transaction():
            yield self.db
            if self._succeed is not None:
                succeeded = self._succeed(self.db)
                if succeeded is None:
                    message = "the claim was taken over, so the transaction was rolled back"
                    raise ClaimLost(f"job {self.job_id!r}: {message}")
        self._succeeded = succeeded

    @property
    def succeeded(self) -> Finished | None:
        """What there is to know once `transaction` has made this execution succeed."""
        return self._succeeded

    def close(self) -> None:
        """Close the connection, if one was opened; called whatever way the job ended."""
        if self._db is not None:
            self._db.close()
            self._db = None


JobFunction = Callable[[JobContext[Any]], Any]


class Job(Record):
    """A definition and the function that runs; calling it calls the function, so a test can pass its own context."""

    definition: JobDefinition
    function: JobFunction

    def __call__(self, ctx: JobContext[Any]) -> Any:
        """Run the job's function and return what it returns."""
        return self.function(ctx)

    @property
    def params(self) -> type | None:
        """The dataclass its params are; None for a job without."""
        return self.definition.params if isinstance(self.definition.params, type) else None


def job(
    *,
    id: str,
    schedule: str | None = None,
    timezone: str = "UTC",
    description: str = "",
    timeout: timedelta = timedelta(seconds=60),
    memory_mb: int = 256,
    retry: Retry | None = None,
    overlap: str = "skip",
    misfire: str = "ignore",
    pause_after_failures: int | None = None,
    concurrency: int | None = None,
    jitter: timedelta | None = None,
    permissions: Sequence[Mapping[str, Any]] = (),
    params: type | None = None,
    tags: Sequence[str] = (),
    **unknown: object,
) -> Callable[[JobFunction], Job]:
    """Make a function a job. Every option is checked here, at import. Raises InvalidJob with the value and the rule.

    id: 1-100 of a-z 0-9 . _ -; it never changes, history hangs on it.
    schedule: 5-field cron, a macro, `cron(…)`, `rate(…)`, or None for a job that only runs by hand.
    timezone: an IANA name; the schedule is read in it.
    timeout, memory_mb: of its Lambda function. overlap: `skip` or `allow` a second execution while one runs.
    retry: how often and when a failed execution is tried again; None: never.
    misfire: `ignore` occurrences missed while paused or down, or `run_once` for the newest of them.
    pause_after_failures: pause the job after this many final failures in a row; None: never.
    concurrency: reserve this many instances for it, 1-1,000, and never run more at once; None: JOBS_CONCURRENCY, else
    what the account has left. What comes beyond it waits up to an hour.
    jitter: start at a random moment within this window after the scheduled instant.
    permissions: IAM statements the job needs beside writing its log.
    params: a dataclass, what ctx.params is; with a schedule every field needs a default.
    tags: words to find and group jobs by, at most 20; 1-50 of a-z 0-9 . _ - each.
    """
    _refuse_unknown(id, unknown)

    def decorate(function: JobFunction) -> Job:
        if getattr(getattr(function, "__code__", None), "co_flags", 0) & _NEVER_RUNS:
            raise InvalidJob(
                f"job {id!r} is an async function or a generator, of which a call runs nothing: use a plain one, with "
                "asyncio.run(…) or list(…) inside"
            )
        definition = JobDefinition(
            id=id,
            schedule=schedule,
            timezone=timezone,
            description=description or _first_line(function.__doc__),
            timeout=timeout,
            memory_mb=memory_mb,
            retry=retry,
            overlap=overlap,
            misfire=misfire,
            pause_after_failures=pause_after_failures,
            concurrency=concurrency,
            jitter=jitter,
            permissions=tuple(permissions),
            params=params,
            tags=tags if isinstance(tags, str) else tuple(tags),  # type: ignore[arg-type] # refused, not spelled
            source=f"{function.__module__}:{function.__qualname__}",
        )
        if params is not None:
            from functions.params_type import check_type, hide_secrets  # late: most jobs have none

            check_type(id, params, is_scheduled=schedule is not None)
            hide_secrets(params)
        return Job(definition=definition, function=function)

    return decorate


def enqueue(
    job: Job,
    *,
    params: Any = None,
    delay: timedelta | None = None,
    at: datetime | None = None,
    key: str | None = None,
    connection: CallersConnection | None = None,
    after: uuid.UUID | None = None,
    on: str = "succeeded",
) -> uuid.UUID:
    """Run a job once: now, after a delay, at an aware instant up to a year ahead, or after another execution's end.

    Returns the id of the execution, which is written down (`queued` or `scheduled`) before anything is invoked. Up to a
    minute ahead is now; later, it starts within the minute after its time. Whatever AWS does not accept at once is sent
    by the sweep: what this has returned for is never lost, and its success is recorded once.

    params: an instance of the job's params type, or a mapping of its fields.
    key: while an execution of this job with this key is unfinished, its id is returned and nothing new is written.
    connection: a psycopg connection; in its transaction the execution is written, and sent once that has committed.
    after, on: run when that execution has ended as `succeeded`, `failed` (or lost), or `finished` however.

    Raises InvalidEnqueue, InvalidParams, JobNotFound (also for a removed job), ExecutionNotFound for `after`,
    JobsDisabled, and DatabaseUnavailable; then nothing was written. A paused job's execution waits for its resume.
    """
    from functions import enqueueing  # late: most jobs enqueue nothing

    return enqueueing.enqueue(
        job, params=params, delay=delay, at=at, key=key, connection=connection, after=after, on=on
    )


def enqueue_many(
    job: Job,
    params: Iterable[Any],
    *,
    delay: timedelta | None = None,
    at: datetime | None = None,
    progress: Callable[[int], object] | None = None,
) -> list[uuid.UUID]:
    """Enqueue an execution for each of the params, all or none, in one COPY; their ids, in order.

    Then sends them, many at once, calling progress(number sent so far); if the process dies in between, the sweep sends
    the rest. Those due later are all sent by the sweep, within a minute after their time. Raises as `enqueue` does.
    """
    from functions import enqueueing

    return enqueueing.enqueue_many(job, params, delay=delay, at=at, progress=progress)


def _refuse_unknown(job_id: str, unknown: Mapping[str, object]) -> None:
    for option, value in unknown.items():
        known = ", ".join(name for name in JobDefinition._fields if name != "source")
        raise InvalidJob(f"job {job_id!r}: unknown option {option}={value!r}: use one of {known}")


def _is_to_stop(standing: Standing) -> bool:
    return not standing.is_ours or standing.cancel_requested_by is not None


def _first_line(docstring: str | None) -> str:
    return (docstring or "").strip().split("\n", 1)[0][:512]
