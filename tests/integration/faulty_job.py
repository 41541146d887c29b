"""A process that delivers one event to the real handler, as a warm function does, and stops at a named point.

usage: python -m tests.integration.faulty_job POINT EVENT [--retry], with DATABASE_URL set. At the point it says `here`,
and goes on once it is told to; at its end it prints what became of the event. Points: see POINTS; `none` stops nowhere.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from typing import Any

from functions import handler, registry
from functions.database import process_database
from functions.errors import JobsError
from functions.job import JobContext, Retry, job
from tests.integration.delivery import LambdaContext

POINTS = ("before claim", "after claim", "mid-job", "own connection open", "effect made", "in transaction",
          "after transaction", "after finish", "none")  # fmt: skip
EFFECT = "INSERT INTO lamplighter.audit (actor, action) VALUES ('job', 'effect')"
OPTIONS: dict[str, Any] = {"id": "a", "schedule": "* * * * *"}


def main(point: str, event: dict[str, Any], options: dict[str, Any]) -> None:
    assert point in POINTS, point

    def reached(name: str) -> None:
        if name == point:
            os.write(1, b"here\n")  # what a job prints is a log line
            sys.stdin.readline()

    def plain(ctx: JobContext) -> None:
        reached("after claim")
        ctx.logger.info("half-way")
        ctx.progress(1, 2)
        reached("mid-job")
        if point == "own connection open":
            ctx.db.execute("SELECT 1")
        reached("own connection open")
        ctx.db.execute(EFFECT)
        reached("effect made")

    def in_transaction(ctx: JobContext) -> None:
        with ctx.transaction() as connection:
            connection.execute(EFFECT)
            reached("in transaction")
        reached("after transaction")

    made = job(**OPTIONS | options)(in_transaction if "transaction" in point else plain)
    registry.all_jobs = lambda: (made,)  # type: ignore[assignment]
    process_database().get()
    reached("before claim")
    try:
        answer = handler.handle(event, LambdaContext())  # type: ignore[arg-type]
    except JobsError as error:
        answer = {"status": f"Lambda error {type(error).__name__}"}
    reached("after finish")
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    retries = {"retry": Retry(attempts=1, delays=[timedelta(seconds=1)])} if "--retry" in sys.argv else {}
    main(sys.argv[1], json.loads(sys.argv[2]), retries)
