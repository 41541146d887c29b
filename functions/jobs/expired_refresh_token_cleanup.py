"""Deletes refresh tokens nobody can use any more."""

from __future__ import annotations

from datetime import timedelta

from functions.db.refresh_tokens import delete_spent
from functions.job import JobContext, job

# A token that expired just now may still be on its way; an hour later it is not.
_GRACE = timedelta(hours=1)
# Small enough that a million rows never hold their locks for more than a moment.
_BATCH = 5_000


@job(id="expired-refresh-token-cleanup", schedule="@hourly", timeout=timedelta(minutes=5))
def expired_refresh_token_cleanup(ctx: JobContext) -> dict[str, int]:
    """Deletes refresh tokens that expired over an hour ago, were used, or were invalidated."""
    deleted = 0
    while batch := delete_spent(ctx.db, expired_before=ctx.now - _GRACE, batch=_BATCH):
        deleted += batch
    ctx.logger.info("deleted %d refresh tokens", deleted, extra={"deleted": deleted})
    return {"deleted": deleted}
