"""Lambda's asynchronous queue: runs accepted events in the background, again after a failure, and gives up in the end.

The rules are those of "How Lambda handles errors and retries with asynchronous invocation" (Lambda Developer Guide).
Events wait in memory: those that wait when the executor closes are lost.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from infra.local.destinations import FailedEvent, deliver
from infra.local.function import Function, FunctionReader
from infra.local.invocation import InvocationRefused, InvokeResult

logger = logging.getLogger("lamplighter.local")

_WORKERS = 32
_FIRST_THROTTLE_DELAY = timedelta(seconds=1)
_LAST_THROTTLE_DELAY = timedelta(minutes=5)


@dataclass(kw_only=True)
class Event:
    """An accepted event; `accepted` is on the monotonic clock, in seconds."""

    request_id: str
    read_function: FunctionReader
    payload: bytes
    accepted: float = field(default_factory=time.monotonic)
    attempts: int = 0
    throttle_delay: timedelta = _FIRST_THROTTLE_DELAY


class EventQueue:
    """Runs events on worker threads. `run` invokes a function once; `retry_delays` are the waits between attempts."""

    def __init__(
        self, run: Callable[[Function, str, bytes], InvokeResult], *, retry_delays: tuple[timedelta, ...]
    ) -> None:
        self._run = run
        self._retry_delays = retry_delays
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="lambda-event")
        self._lock = threading.Lock()
        self._timers: set[threading.Timer] = set()
        self._closed = False

    def put(self, event: Event) -> None:
        """Accepts an event; it starts as soon as a worker is free."""
        with self._lock:
            if not self._closed:
                self._workers.submit(self._attempt, event)

    def close(self) -> None:
        """Starts nothing more; what runs is not waited for."""
        with self._lock:
            self._closed = True
            waiting, self._timers = self._timers, set()
        for timer in waiting:
            timer.cancel()
        if waiting:
            logger.warning("%d asynchronous events waited for a retry and are lost", len(waiting))
        self._workers.shutdown(wait=False, cancel_futures=True)

    def _attempt(self, event: Event) -> None:
        try:
            self._attempt_once(event)
        except Exception:
            logger.exception("asynchronous event %s is lost: this is a defect of the executor", event.request_id)

    def _attempt_once(self, event: Event) -> None:
        try:
            function = event.read_function()
        except InvocationRefused as gone:
            logger.warning("asynchronous event %s is dropped: %s", event.request_id, gone)
            return
        if function.reserved_concurrency == 0:
            self._give_up(event, function, "ZeroReservedConcurrency", None)
            return
        try:
            result = self._run(function, event.request_id, event.payload)
        except InvocationRefused:
            delay, event.throttle_delay = event.throttle_delay, min(event.throttle_delay * 2, _LAST_THROTTLE_DELAY)
            self._later(event, function, delay, None)
            return
        event.attempts += 1
        if result.function_error is not None:
            self._retry(event, function, result)

    def _retry(self, event: Event, function: Function, result: InvokeResult) -> None:
        if event.attempts > function.retry_attempts:
            self._give_up(event, function, "RetriesExhausted", result)
        else:
            self._later(event, function, self._retry_delays[event.attempts - 1], result)

    def _later(self, event: Event, function: Function, delay: timedelta, result: InvokeResult | None) -> None:
        age = timedelta(seconds=time.monotonic() - event.accepted)
        if age + delay > function.maximum_event_age:
            self._give_up(event, function, "EventAgeExceeded", result)
            return
        timer = threading.Timer(delay.total_seconds(), lambda: self._due(timer, event))
        timer.daemon = True
        with self._lock:
            if not self._closed:
                self._timers.add(timer)
                timer.start()

    def _due(self, timer: threading.Timer, event: Event) -> None:
        with self._lock:
            self._timers.discard(timer)
        self.put(event)

    def _give_up(self, event: Event, function: Function, condition: str, last: InvokeResult | None) -> None:
        with self._lock:
            if self._closed:  # the failure is our own doing: closing kills what runs
                return
        logger.error("asynchronous event %s of %s failed: %s", event.request_id, function.name, condition)
        failed = FailedEvent(
            request_id=event.request_id,
            payload=event.payload,
            condition=condition,
            attempts=event.attempts,
            last=last,
            failed_at=datetime.now(UTC),
        )
        deliver(failed, function)
