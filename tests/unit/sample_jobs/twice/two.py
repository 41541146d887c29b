from functions.job import JobContext, job


@job(id="same")
def two(ctx: JobContext) -> None: ...
