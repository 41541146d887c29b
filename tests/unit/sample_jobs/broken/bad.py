from functions.job import JobContext, job


@job(id="bad", schedule="61 * * * *")
def bad(ctx: JobContext) -> None: ...
