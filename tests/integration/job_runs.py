"""Runs a job's function by itself, as the runner would, at an instant of the test's choosing."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from functions.db.connection import connect
from functions.job import Job, JobContext
from functions.logs import job_logger


def run_job(job: Job, database_url: str, *, now: datetime) -> Any:
    """What the job returns; its connection is closed whatever happens."""
    job_id = job.definition.id
    ctx = JobContext(
        execution_id=uuid.uuid4(),
        job_id=job_id,
        attempt=1,
        scheduled_at=now.replace(second=0, microsecond=0),
        now=now,
        deadline=now + timedelta(minutes=15),
        logger=job_logger(job_id, "INFO"),
        connect=partial(connect, database_url),
    )
    try:
        return job(ctx)
    finally:
        ctx.close()
