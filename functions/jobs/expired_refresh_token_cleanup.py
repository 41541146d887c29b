"""Deletes refresh tokens nobody can use any more, and sessions and failed logins nobody asks about any more."""

from __future__ import annotations

from datetime import timedelta

from functions.db.refresh_tokens import delete_spent
from functions.job import JobContext, job

# A token that expired just now may still be on its way; an hour later it is not.
_GRACE = timedelta(hours=1)
# An address counts as known to an account for as long as a session that began there is kept.
_KEEP_SESSIONS = timedelta(days=30)
# Small enough that a million rows never hold their locks for more than a moment.
_BATCH = 5_000


@job(id="expired-refresh-token-cleanup", schedule="@hourly", timeout=timedelta(minutes=5))
def expired_refresh_token_cleanup(ctx: JobContext) -> dict[str, int]:
    """Deletes refresh tokens that expired over an hour ago, were used, or were invalidated, and old sessions."""
    deleted = 0
    while batch := delete_spent(ctx.db, expired_before=ctx.now - _GRACE, batch=_BATCH):
        deleted += batch
    ctx.logger.info("deleted %d refresh tokens", deleted, extra={"deleted": deleted})
    _delete_sessions(ctx)
    return {"deleted": deleted}


def _delete_sessions(ctx: JobContext) -> None:
    # Imported here: a start of the function is measured (docs/adr/0023).
    from functions.db import login_attempts, sessions

    deleted = 0
    while batch := sessions.delete_ended(ctx.db, ended_before=ctx.now - _KEEP_SESSIONS, batch=_BATCH):
        deleted += batch
    if deleted:
        ctx.logger.info("deleted %d ended sessions", deleted, extra={"sessions": deleted})
    login_attempts.delete_forgotten(ctx.db, now=ctx.now)
