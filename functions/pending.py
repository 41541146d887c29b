"""What was enqueued in a transaction that has not ended yet: sent as soon as it has committed, forgotten if it has not.

PostgreSQL tells nobody but the committing connection, and that one belongs to the caller: so a thread looks, from the
first such call until nothing is left. Whatever it does not get to, since the process dies or Lambda freezes it, the
sweep sends within a minute.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from functions.database import process_database
from functions.db import one_time
from functions.dispatch import send
from functions.settings import settings

if TYPE_CHECKING:
    import uuid

    from functions.db.connection import CallersConnection
    from functions.db.one_time import Enqueued

_IN_TRANSACTION = (1, 2, 3)  # libpq: PQTRANS_ACTIVE, PQTRANS_INTRANS, PQTRANS_INERROR
_LOOK_EVERY_S = 0.01
# The connection may be in its next transaction already, where its state says nothing: then the rows are asked for,
# after half a second, and less and less often, since most such transactions are just long.
_FIRST_QUESTION = 50
_LOOKS_BETWEEN_QUESTIONS = 3_000

_log = logging.getLogger(__name__)


@cache
def pending() -> Pending:
    """This process's own."""
    found = Pending()
    atexit.register(found.settle)
    return found


# In a child of fork (a web server's worker) there is no thread, and what waits is the parent's.
os.register_at_fork(after_in_child=pending.cache_clear)


@dataclass(frozen=True, eq=False)
class _Uncommitted:
    connection: CallersConnection
    enqueued: Enqueued

    @property
    def has_ended(self) -> bool:
        """Whether the transaction is over, by the connection's state alone."""
        return self.connection.closed or self.connection.info.transaction_status not in _IN_TRANSACTION


class Pending:
    """Executions whose transaction has not ended yet, and the thread that waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._waiting: list[_Uncommitted] = []
        self._thread: threading.Thread | None = None

    def add(self, connection: CallersConnection, enqueued: Enqueued) -> None:
        """Send this execution's event once the transaction the connection is in has committed."""
        with self._lock:
            self._waiting.append(_Uncommitted(connection, enqueued))
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="lamplighter-pending", daemon=True)
                self._thread.start()

    def settle(self) -> None:
        """Return once all that has been committed by now is sent; for whoever is about to exit or be frozen."""
        with self._sending:
            self._send(self._taken())

    def _taken(self, *, ask: bool = False) -> list[_Uncommitted]:
        taken: list[_Uncommitted] = []
        left: list[_Uncommitted] = []
        with self._lock:
            for found in self._waiting:
                (taken if ask or found.has_ended else left).append(found)
            self._waiting = left
        return taken

    def _watch(self) -> None:
        looks, ask_at, pause = 0, _FIRST_QUESTION, threading.Event()
        while True:
            pause.wait(_LOOK_EVERY_S)
            looks += 1
            asks = looks == ask_at
            if asks:
                ask_at += min(ask_at, _LOOKS_BETWEEN_QUESTIONS)
            with self._sending:
                self._send(self._taken(ask=asks))
            with self._lock:
                if not self._waiting:
                    self._thread = None
                    return

    def _send(self, taken: list[_Uncommitted]) -> None:
        if not taken:
            return
        # Before the question: a commit that comes after it is not one that was not there.
        unended = [found for found in taken if not found.has_ended]
        try:
            written = self._send_written([found.enqueued for found in taken])
        except Exception as error:  # noqa: BLE001 - the thread must go on with what comes
            _log.warning("%d executions are left to the sweep: %s", len(taken), error)
            return
        with self._lock:
            self._waiting += [found for found in unended if found.enqueued.execution_id not in written]

    def _send_written(self, enqueued: list[Enqueued]) -> set[uuid.UUID]:
        database = process_database()
        written = database.run(lambda opened: one_time.written(opened, enqueued))
        for each in enqueued:
            if each.execution_id in written:
                send(settings(), database, each)
        return written
