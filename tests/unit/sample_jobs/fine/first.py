from functions.job import JobContext, job


@job(id="first", schedule="@daily")
def first(ctx: JobContext) -> None:
    """Does the first thing."""
