"""Ends executions that stopped without a word or never came, and starts what waits for an event."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from functions.db.chains import release_ended
from functions.db.ended_pauses import lift_ended
from functions.db.lost import LostExecution, mark_lost, past_their_lease
from functions.db.orphans import end_without_job
from functions.definition import JobDefinition
from functions.dispatch import send_all
from functions.errors import AwsUnavailable
from functions.job import JobContext, job
from functions.metrics import count_outcome
from functions.scheduling.misfires import judge
from functions.settings import settings

if TYPE_CHECKING:
    from functions.invocation_log import InvocationLog

# A minute's work; what is left is the next minute's.
_BATCH = 500
# What has to be left for the rest of the sweep: AWS may answer slowly, or not at all.
_TIME_FOR_THE_REST = timedelta(seconds=35)
# About as many as fit: what is left is the next minute's, or another sweep's beside this one.
_MOST_SENT = 20_000
_INVOKE_JOBS = {
    "Action": "lambda:InvokeFunction",
    "Resource": "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:lamplighter-${Stage}-job-*",
}
_READ_JOBS_LOGS = {
    "Action": "logs:FilterLogEvents",
    "Resource": (
        "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:/aws/lambda/lamplighter-${Stage}-job-*"
    ),
}


@job(id="mark-lost-executions", schedule="* * * * *", permissions=[_READ_JOBS_LOGS, _INVOKE_JOBS])
def mark_lost_executions(ctx: JobContext) -> dict[str, int]:
    """Ends executions as lost or missed that stopped or never came, and sends overdue retries, triggers, catch-ups."""
    resumed = _resume(ctx)  # before what follows, which leaves a paused job alone
    lost = _end_lost(ctx)
    ended = end_without_job(ctx.db)
    released, skipped = release_ended(ctx.db, limit=_BATCH)
    kept = timedelta(days=min(settings().retention_days.values()))
    judged = judge(ctx.db, now=ctx.now, kept=kept)
    missed = _count_missed(ctx, judged.missed)
    sent, not_sent = send_all(settings(), ctx.db, limit=_MOST_SENT)
    return {
        "resumed": resumed, "lost": lost, "ended": ended, "released": released, "skipped": skipped, "missed": missed,
        "caught_up": len(judged.catch_ups), "sent": sent, "not_sent": not_sent,
    }  # fmt: skip


def _resume(ctx: JobContext) -> int:
    resumed = lift_ended(ctx.db, limit=_BATCH)
    for job_id in resumed:
        ctx.logger.info("job %s is resumed: its pause was to end now", job_id, extra={"resumed_job_id": job_id})
    return len(resumed)


def _end_lost(ctx: JobContext) -> int:
    found = past_their_lease(ctx.db, limit=_BATCH)
    if not found:
        return 0
    from functions.invocation_log import InvocationLog  # late: most minutes nothing is lost

    log, is_scheduling, ended = InvocationLog(settings()), True, 0
    until = time.monotonic() + (ctx.deadline - ctx.now - _TIME_FOR_THE_REST).total_seconds()
    for number, lost in enumerate(found):
        if time.monotonic() > until:
            ctx.logger.warning("no time is left: %d lost executions are the next sweep's", len(found) - number)
            break
        retry_at = _retry_at(lost, ctx.now)
        if not _mark(ctx, lost, log, retry_at):
            continue
        ended += 1
        if retry_at is not None and is_scheduling:
            is_scheduling = _schedule_retry(ctx, lost, retry_at)
    return ended


def _mark(ctx: JobContext, lost: LostExecution, log: InvocationLog, retry_at: datetime | None) -> bool:
    ending = log.ending(lost.job_id, lost.request_id, since=lost.started_at, until=lost.lease_expires_at)
    if not mark_lost(ctx.db, lost, retry_at=retry_at, reason=ending.reason, detail=ending.detail):
        return False
    count_outcome(stage=settings().stage, job_id=lost.job_id, status="lost")
    ctx.logger.warning(
        "job %s: attempt %d of execution %s was lost: %s", lost.job_id, lost.attempt, lost.id, ending.reason,
        extra={"lost_job_id": lost.job_id, "lost_execution_id": str(lost.id), "retry_at": retry_at},
    )  # fmt: skip
    return True


def _count_missed(ctx: JobContext, missed: Mapping[str, int]) -> int:
    for job_id, count in missed.items():
        count_outcome(stage=settings().stage, job_id=job_id, status="missed", count=count)
        ctx.logger.warning("job %s missed %d: no event came", job_id, count, extra={"missed_job_id": job_id})
    return sum(missed.values())


def _retry_at(lost: LostExecution, now: datetime) -> datetime | None:
    retry = None if lost.definition is None else JobDefinition.from_json(lost.definition).retry
    if retry is None:
        return None
    delay = retry.delay(lost.failed_attempts, chance=random.random())  # noqa: S311 - jitter, not a secret
    return None if delay is None else (now + delay).replace(microsecond=0) + timedelta(seconds=1)


def _schedule_retry(ctx: JobContext, lost: LostExecution, retry_at: datetime) -> bool:
    """Whether Scheduler has it; where it has not, nor will it have the others, and a later sweep sends them."""
    # Imported only here: boto3 takes half a second, and most minutes need none of it.
    from functions.scheduling.one_shot import schedule_retry

    try:
        schedule_retry(
            settings(), job_id=lost.job_id, execution_id=lost.id, scheduled_at=lost.scheduled_at,
            attempt=lost.attempt + 1, retry_at=retry_at,
        )  # fmt: skip
    except AwsUnavailable as error:
        ctx.logger.warning("retries cannot be scheduled now, a later sweep sends them: %s", error)
        return False
    return True
