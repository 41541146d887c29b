"""What code of an earlier commit does on a newer schema; run with that commit's `functions` first on PYTHONPATH.

usage, with DATABASE_URL set: python old_code.py migrate | work
It keeps to what has been there since the first release candidate, because it runs with whatever was there.
"""

from __future__ import annotations

import json
import sys
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from functions import handler, registry
from functions.database import database
from functions.db import intents, jobs
from functions.db.audit import Author
from functions.db.connection import connect
from functions.db.migrate import migrate
from functions.job import JobContext, enqueue, job
from functions.settings import settings

_NOW = datetime.now(UTC).replace(second=0, microsecond=0)
_PERSON = Author(actor="ann", request_id=uuid.uuid4().hex)


@job(id="works", schedule="* * * * *")
def works(ctx: JobContext[Any]) -> dict[str, int]:
    """Logs, shows how far it is, and says what came of it."""
    ctx.logger.info("at work", extra={"attempt": ctx.attempt})
    ctx.progress(1, 2, "half")
    return {"answer": 42}


@job(id="fails", schedule="* * * * *")
def fails(ctx: JobContext[Any]) -> None:
    """Fails for good."""
    raise ValueError("no luck")


def deliver(job_id: str, *, minutes_ago: int) -> dict[str, Any]:
    """One occurrence's event, to the handler."""
    at = _NOW - timedelta(minutes=minutes_ago)
    context = SimpleNamespace(
        function_name=f"lamplighter-local-job-{job_id}",
        aws_request_id="old",
        get_remaining_time_in_millis=lambda: 60_000,
    )
    event = {"cause": "schedule", "job_id": job_id, "scheduled_at": at.isoformat()}
    return handler.handle(event, context)  # type: ignore[arg-type]


def work() -> dict[str, Any]:
    """Claim and finish, fail, refuse a duplicate, pause, claim, resume, enqueue, remove."""
    registry.all_jobs = lambda: (works, fails)  # type: ignore[assignment]
    said: dict[str, Any] = {}
    with connect(database(settings())) as connection:
        jobs.store_definitions(connection, [works.definition, fails.definition])
        said["works"] = deliver("works", minutes_ago=5)["status"]
        said["duplicate"] = deliver("works", minutes_ago=5)["status"]
        said["fails"] = deliver("fails", minutes_ago=5)["status"]
        intents.pause(connection, "works", _PERSON)
        said["paused"] = deliver("works", minutes_ago=4)["reason"]
        intents.resume(connection, "works", _PERSON)
        said["resumed"] = deliver("works", minutes_ago=3)["status"]
        with connection.transaction():
            said["enqueued"] = bool(enqueue(works, delay=timedelta(hours=1), key="k", connection=connection))
        intents.remove(connection, "fails", _PERSON)
    return said


if __name__ == "__main__":
    if sys.argv[1] == "migrate":
        migrate(database(settings()), now=datetime.now(UTC))
    else:
        print(json.dumps(work()))
