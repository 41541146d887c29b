"""Waiting with a deadline: a condition that never comes fails the test that waits for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psycopg

from functions.db.connection import Connection

_PATIENCE_S = 20.0
_WAITS = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"
_WAITED_FOR = "SELECT count(*) FROM pg_stat_activity WHERE %s = ANY (pg_blocking_pids(pid))"


def until(condition: Callable[[], object], what: str) -> None:
    """Return once the condition holds, which another thread or process brings about. Raises AssertionError."""
    given_up_at = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < given_up_at, f"waited in vain for {what}"
        time.sleep(0.005)


def is_waited_for(connection: Connection, holder: psycopg.Connection[Any]) -> bool:
    """Whether somebody waits for a lock that the other connection holds."""
    return connection.execute(_WAITED_FOR, (holder.info.backend_pid,)).fetchone() != (0,)


def until_waiting(connection: Connection, waiting: Connection) -> None:
    """Return once the other connection waits for a lock. Raises AssertionError when it does not."""
    until(
        lambda: connection.execute(_WAITS, (waiting.info.backend_pid,)).fetchone() != (0,),
        "the other connection to wait for a lock",
    )
