"""Shows a newcomer a run within a minute; only `scripts/dev` deploys it."""

from __future__ import annotations

from functions.job import JobContext, job


@job(id="demo-heartbeat", schedule="* * * * *")
def demo_heartbeat(ctx: JobContext) -> None:
    """Says that it ran, every minute."""
    delay_ms = (ctx.now - ctx.scheduled_at).total_seconds() * 1000
    ctx.logger.info("lit %d ms after its minute", delay_ms, extra={"delay_ms": round(delay_ms)})
