"""A job with params, in a module of its own."""

from dataclasses import dataclass

from functions.job import JobContext, Secret, job


@dataclass(frozen=True)
class Digest:
    days: int = 7
    key_phrase: Secret[str] = ""


@job(id="digest", schedule="@daily", params=Digest)
def digest(ctx: JobContext[Digest]) -> int:
    """Counts days."""
    return ctx.params.days
