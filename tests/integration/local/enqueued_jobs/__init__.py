"""A job for tests of scripts/enqueue, which say JOBS_PACKAGES=tests.integration.local.enqueued_jobs."""

from __future__ import annotations

from dataclasses import dataclass

from functions.job import JobContext, job


@dataclass(frozen=True)
class Note:
    """What to keep."""

    text: str


@job(id="keep-note", params=Note)
def keep_note(ctx: JobContext[Note]) -> str:
    """Keeps its text as the result."""
    return ctx.params.text


@job(id="plain")
def plain(ctx: JobContext) -> None:
    """Takes nothing, and is deployed nowhere."""
