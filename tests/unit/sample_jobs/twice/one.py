from functions.job import JobContext, job


@job(id="same")
def one(ctx: JobContext) -> None: ...
