from functions.job import JobContext, job
from tests.unit.sample_jobs.fine.first import first

__all__ = ["first", "second"]


@job(id="a.second")
def second(ctx: JobContext) -> None:
    """Only runs by hand."""
