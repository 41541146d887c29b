"""No request hangs: after its time PostgreSQL is told to stop, AWS is asked nothing more, and the client hears 503."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalice.app import Request

from functions.db.connection import open_connections
from functions.deadline import ends_in

# API Gateway gives up after 29 s ("Amazon API Gateway quotas", integration timeout), and we want to answer before 25.
LONGEST_S = 15.0
# What may come after that: a connection that is not answered (5 s), an AWS call that has begun (7 s), our own answer.
_TO_END_S = 10.0
_SHORTEST_S = 1.0
_TICK_S = 1.0


@contextmanager
def limited(request: Request) -> Iterator[None]:
    """Inside, a statement that still runs after the request's time is ended, so it raises; no AWS call begins then."""
    seconds = _seconds(request.lambda_context)
    over = threading.Event()
    watch = threading.Thread(target=_interrupt, args=(over, seconds), name="patience", daemon=True)
    watch.start()
    try:
        with ends_in(seconds):
            yield
    finally:
        over.set()


def _seconds(context: Any) -> float:
    """How long this request may work: less where Lambda ends it sooner. Tests have no context."""
    if context is None:
        return LONGEST_S
    left_s: float = context.get_remaining_time_in_millis() / 1000
    return max(_SHORTEST_S, min(LONGEST_S, left_s - _TO_END_S))


def _interrupt(over: threading.Event, seconds: float) -> None:
    """Cancel what is under way then; who does not hear that loses its connection a moment later."""
    if over.wait(seconds):
        return
    asked = set()
    while not over.is_set():
        for connection in open_connections():
            if not connection.is_waiting:
                continue
            if connection in asked:
                connection.hang_up()
            else:
                asked.add(connection)
                connection.interrupt()
        over.wait(_TICK_S)
