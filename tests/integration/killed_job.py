"""A process that runs one job through the real handler and kills itself at a given round trip to PostgreSQL.

usage: python -m tests.integration.killed_job NUMBER, with DATABASE_URL set; prints how many round trips there were.
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

import psycopg

from functions import handler, registry
from functions.job import JobContext, job
from tests.integration.delivery import LambdaContext, event


@job(id="a", schedule="* * * * *")
def effect(ctx: JobContext) -> str:
    """Writes twice in one transaction with its success."""
    with ctx.transaction() as connection:
        connection.execute("INSERT INTO lamplighter.audit (actor, action) VALUES ('job', 'first half')")
        connection.execute("INSERT INTO lamplighter.audit (actor, action) VALUES ('job', 'second half')")
    ctx.logger.info("committed")
    return "done"


def main(number: int) -> None:
    made, wait = 0, psycopg.Connection.wait

    def counted(self: Any, generator: Any, *arguments: Any, **options: Any) -> Any:
        """Every statement goes through here, BEGIN and COMMIT too."""
        nonlocal made
        if made == number:
            os.kill(os.getpid(), signal.SIGKILL)
        made += 1
        return wait(self, generator, *arguments, **options)

    psycopg.Connection.wait = counted  # type: ignore[method-assign, assignment]
    registry.all_jobs = lambda: (effect,)  # type: ignore[assignment]
    handler.handle(event(), LambdaContext())  # type: ignore[arg-type]
    print(f"round trips: {made}", file=sys.stderr)


if __name__ == "__main__":
    main(int(sys.argv[1]))
