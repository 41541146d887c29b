"""Makes the coming months ready, so that the first execution of a month finds its table there."""

from __future__ import annotations

from datetime import timedelta

from functions.db.partitions import ensure_month, month_of
from functions.job import JobContext, job

# With the month that runs. A claim makes a missing month itself, so this much slack is for a quiet start of each month.
_MONTHS = 4


@job(id="prepare-partitions", schedule="10 2 * * *", timeout=timedelta(minutes=5))
def prepare_partitions(ctx: JobContext) -> dict[str, list[str]]:
    """Makes this month's tables and those of the three after it, where they are missing."""
    ready, at = [], ctx.now
    for _ in range(_MONTHS):
        month = month_of(at)
        ensure_month(ctx.db, month.starts_at)
        ready.append(month.name)
        at = month.ends_at
    ctx.logger.info("ready: %s", ", ".join(ready))
    return {"ready": ready}
