"""Waiting for a state of PostgreSQL, with a deadline: a condition that never comes fails the test that waits for it."""

from __future__ import annotations

import time

from functions.db.connection import Connection

_PATIENCE_S = 20.0
_WAITS = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"


def until_waiting(connection: Connection, waiting: Connection) -> None:
    """Return once the other connection waits for a lock. Raises AssertionError when it does not."""
    given_up_at = time.monotonic() + _PATIENCE_S
    while connection.execute(_WAITS, (waiting.info.backend_pid,)).fetchone() == (0,):
        assert time.monotonic() < given_up_at, "the other connection waits for nothing"
