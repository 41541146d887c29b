"""No request hangs: after its time PostgreSQL is told to stop, AWS is asked nothing more, and the client hears 503."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from chalice.app import Request

from functions.db.connection import Connection, open_connections
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
    with _watch(os.getpid()).until(time.monotonic() + seconds), ends_in(seconds):
        yield


class _Watch:
    """One thread for the life of the process, which looks every second whose time is over.

    A thread for each request is one more that has to get its turn on a busy machine (docs/adr/0034).
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends_at: dict[object, float] = {}
        self._asked: set[Connection] = set()
        threading.Thread(target=self._run, name="patience", daemon=True).start()

    @contextmanager
    def until(self, ends_at: float) -> Iterator[None]:
        """Interrupt what is under way from then on, and nothing once the block has ended."""
        request = object()
        with self._lock:
            self._ends_at[request] = ends_at
        try:
            yield
        finally:
            with self._lock:
                del self._ends_at[request]

    def _run(self) -> None:
        while True:
            time.sleep(self._tick())

    def _tick(self) -> float:
        """End what has run too long; how long to sleep then, in seconds. No request has less time than a tick."""
        with self._lock:
            left_s = min(self._ends_at.values(), default=math.inf) - time.monotonic()
            if left_s > 0:
                self._asked.clear()
                return min(left_s, _TICK_S)
            for connection in open_connections():
                if connection.is_waiting:
                    self._interrupt(connection)
        return _TICK_S

    def _interrupt(self, connection: Connection) -> None:
        """Cancel what is under way; who does not hear that loses its connection a moment later."""
        if connection in self._asked:
            connection.hang_up()
        else:
            self._asked.add(connection)
            connection.interrupt()


@cache
def _watch(_: int) -> _Watch:
    """The process's watch; by process id, since a fork has none of its parent's threads."""
    return _Watch()


def _seconds(context: Any) -> float:
    """How long this request may work: less where Lambda ends it sooner. Tests have no context."""
    if context is None:
        return LONGEST_S
    left_s: float = context.get_remaining_time_in_millis() / 1000
    return max(_SHORTEST_S, min(LONGEST_S, left_s - _TO_END_S))
