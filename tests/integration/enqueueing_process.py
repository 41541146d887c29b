"""Processes around one job that counts its runs: a caller that enqueues and may be killed, and one that handles events.

usage, with DATABASE_URL and AWS_ENDPOINT_URL_LAMBDA set:
  python -m tests.integration.enqueueing_process call NUMBER    one order and its execution; killed at that round trip
  python -m tests.integration.enqueueing_process order FIRST LAST   orders, each in a transaction with its execution
  python -m tests.integration.enqueueing_process many COUNT     a batch by enqueue_many
  python -m tests.integration.enqueueing_process handle         handles the events on its standard input, a line each
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from functions import handler, registry
from functions.job import JobContext, enqueue, enqueue_many, job
from tests.integration.delivery import LambdaContext


@dataclass(frozen=True)
class Order:
    """Which order the execution is for."""

    number: int


@job(id="a", params=Order)
def ship(ctx: JobContext[Order]) -> None:
    """Leaves a row for each time it ran."""
    ctx.db.execute("INSERT INTO shipped (number) VALUES (%s)", (ctx.params.number,))


def place(connection: psycopg.Connection[Any], number: int) -> None:
    """One transaction: the order, and the execution that ships it."""
    with connection.transaction():
        connection.execute("INSERT INTO placed (number) VALUES (%s)", (number,))
        enqueue(ship, params=Order(number), connection=connection)


def call(number: int) -> None:
    """Place an order, and die before the given round trip to PostgreSQL or Lambda."""
    made = 0

    def counted(do: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **options: Any) -> Any:
            nonlocal made
            if made == number:
                os.kill(os.getpid(), signal.SIGKILL)
            made += 1
            return do(*arguments, **options)

        return wrapper

    psycopg.Connection.wait = counted(psycopg.Connection.wait)  # type: ignore[method-assign]
    from functions import invoker

    invoker.invoke = counted(invoker.invoke)
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        place(connection, 1)
    from functions.pending import pending

    pending().settle()
    print(f"round trips: {made}", file=sys.stderr)


def order(first: int, last: int) -> None:
    """Place these orders, one after the other."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        for number in range(first, last):
            place(connection, number)


def handle() -> None:
    """Handle each event, as a function's process does."""
    registry.all_jobs = lambda: (ship,)  # type: ignore[assignment]
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    for line in sys.stdin:
        handler.handle(json.loads(line), LambdaContext())  # type: ignore[arg-type]


if __name__ == "__main__":
    name, *given = sys.argv[1:]
    numbers = [int(value) for value in given]
    if name == "call":
        call(numbers[0])
    elif name == "order":
        order(*numbers)
    elif name == "many":
        enqueue_many(ship, [Order(number) for number in range(numbers[0])])
    else:
        handle()
