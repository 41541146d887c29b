"""The Lambda entry of every job: AWS event to invocation to runner."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any


@contextmanager
def _uncollected() -> Iterator[None]:
    """Import what the block imports without looking for garbage in it, then or ever after.

    Everything a module makes stays. Yet Python walks all of it again and again while more is imported, which is one
    part in twenty of a cold start, and once more at each full collection while a job runs (docs/adr/0033).
    """
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


with _uncollected():
    from functions import registry
    from functions.database import process_database
    from functions.errors import InvalidEvent
    from functions.invocation import parse
    from functions.naming import job_name
    from functions.runner import Surroundings, run
    from functions.settings import settings

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


def handle(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Run the occurrence the event asks for; returns job_id, execution_id, status and reason.

    Succeeds once PostgreSQL knows the outcome, whatever it is. Raises InvalidEvent, JobNotFound, DatabaseUnavailable or
    OutcomeNotRecorded: then, and only then, Lambda counts an error and the event goes to the dead-letter queue.

    `{"probe": job_id}` claims and runs nothing: it shows that the package starts here and has the job.
    """
    if isinstance(event, dict) and "probe" in event:
        return _probe(event["probe"], context.function_name)
    now = datetime.now(UTC)
    invocation = parse(event, now=now)
    job = registry.find(invocation.job_id)
    _check_function(context.function_name, invocation.job_id)
    surroundings = Surroundings(
        settings=settings(),
        database=process_database(),
        request_id=context.aws_request_id,
        now=now,
        remaining=timedelta(milliseconds=context.get_remaining_time_in_millis()),
    )
    return run(job, invocation, surroundings)


def _probe(job_id: Any, function_name: str) -> dict[str, Any]:
    job = registry.find(str(job_id))
    _check_function(function_name, job.definition.id)
    return {"job_id": job.definition.id, "probe": "ok"}


def _check_function(name: str, job_id: str) -> None:
    # Each function has its own role, memory and timeout: what may invoke one must not run another job with them.
    own = job_name(settings().stage, job_id)
    if name != own:
        raise InvalidEvent(f"event for {job_id!r} came to function {name!r}: send it to {own!r}")
