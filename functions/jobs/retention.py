"""Deletes history nobody keeps any more: whole months where it can, rows where other rows of a month stay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

from functions.db import stats
from functions.db.partitions import Month, drop_month, months
from functions.db.retention import delete_finished, free_keys
from functions.job import JobContext, job
from functions.settings import settings

# Small enough that a million rows never hold their locks for more than a moment.
_BATCH = 5_000
_DAY = timedelta(days=1)
# An event comes up to a day after its time (EventBridge), and takes back what was counted as missed.
_COUNTED_FOR = timedelta(hours=25)


@job(id="retention", schedule="40 2 * * *", timeout=timedelta(minutes=15))
def retention(ctx: JobContext) -> dict[str, object]:
    """Deletes final executions with their lines after the days RETENTION_DAYS gives their status."""
    kept = settings().retention_days
    longest = max(kept.values())
    dropped, deleted = [], 0
    for month in months(ctx.db):
        is_over = month.ends_at <= ctx.now - longest * _DAY
        if is_over and drop_month(ctx.db, month, finished_before=ctx.now - longest * _DAY):
            dropped.append(month.name)
            continue
        if is_over:
            ctx.logger.warning("month %s stays: an execution in it is not final, or somebody uses it", month.name)
        deleted += _delete_rows(ctx, month, {s: days for s, days in kept.items() if is_over or days < longest})
    stats.roll_up(ctx.db, before=ctx.now - _COUNTED_FOR)
    stats.delete_before(ctx.db, ctx.now - longest * _DAY)
    while free_keys(ctx.db, before=ctx.now - _DAY, batch=_BATCH):
        pass
    ctx.logger.info("dropped %d months, deleted %d executions", len(dropped), deleted)
    return {"dropped": dropped, "deleted": deleted}


def _delete_rows(ctx: JobContext, month: Month, kept: Mapping[str, int]) -> int:
    deleted = 0
    by_days = defaultdict(list)
    for status, days in kept.items():
        by_days[days].append(status)
    for days, statuses in by_days.items():
        before = ctx.now - days * _DAY
        if month.starts_at >= before:
            continue
        while batch := delete_finished(ctx.db, month, statuses=statuses, before=before, batch=_BATCH):
            deleted += batch
    return deleted
