"""Runs Lambda functions on this machine: each instance a process, cold and warm, with AWS's limits and errors."""

from __future__ import annotations

import json
import logging
import subprocess
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import TracebackType

from infra.local import orphans
from infra.local.event_queue import Event, EventQueue
from infra.local.function import Function, FunctionReader
from infra.local.function_log import FunctionLog
from infra.local.instances import Instances
from infra.local.invocation import InvocationRefused, InvokeResult
from infra.local.platform_log import write_end
from infra.local.sandbox import Host, Sandbox

logger = logging.getLogger("lamplighter.local")

_HOUSEKEEPING_INTERVAL_S = 5
# "Lambda quotas": invocation payload, synchronous and asynchronous.
_SYNCHRONOUS_LIMIT_BYTES = 6 * 1024 * 1024
_ASYNCHRONOUS_LIMIT_BYTES = 1024 * 1024


class Executor:
    """Lambda's data plane. Use from any number of threads; a failing instance does not disturb another one.

    `python` is the interpreter of the function processes: an environment with awslambdaric and boto3 and nothing
    else. `state_dir` receives `logs/<function>.log` and what running instances need. Starting sweeps the instances
    of an executor that was killed.
    """

    def __init__(
        self,
        *,
        python: Path,
        state_dir: Path,
        init_timeout: timedelta = timedelta(seconds=10),
        idle_timeout: timedelta = timedelta(minutes=10),
        retry_delays: tuple[timedelta, timedelta] = (timedelta(minutes=1), timedelta(minutes=2)),
    ) -> None:
        state_dir = state_dir.absolute()
        self._logs_dir = state_dir / "logs"
        orphans.sweep(state_dir / "instances")
        self._idle_timeout = idle_timeout
        self._spawner = ThreadPoolExecutor(1, thread_name_prefix="lambda-spawner")
        host = Host(
            python=python.absolute(),
            instances_dir=state_dir / "instances",
            logs_dir=self._logs_dir,
            init_timeout=init_timeout,
            spawn=self._spawn,
        )
        self._instances = Instances(lambda function: Sandbox(function, host))
        self._events = EventQueue(self._run, retry_delays=retry_delays)
        self._closed = threading.Event()
        threading.Thread(target=self._housekeeping, name="lambda-housekeeping", daemon=True).start()

    def invoke(
        self, read_function: FunctionReader, payload: bytes, *, invocation_type: str = "RequestResponse"
    ) -> InvokeResult:
        """What Lambda's Invoke answers; `read_function` is called again before each retry of an event.

        Raises InvocationRefused: the payload is not JSON or too large, no concurrency is left, the type is unknown.
        """
        request_id = str(uuid.uuid4())
        function = read_function()
        if invocation_type == "DryRun":
            return InvokeResult(request_id=request_id, status_code=204)
        if invocation_type == "Event":
            _check_payload(payload, limit_bytes=_ASYNCHRONOUS_LIMIT_BYTES)
            self._events.put(Event(request_id=request_id, read_function=read_function, payload=payload))
            return InvokeResult(request_id=request_id, status_code=202)
        if invocation_type != "RequestResponse":
            message = f"invocation type {invocation_type!r} is invalid: use RequestResponse, Event or DryRun"
            raise InvocationRefused("InvalidParameterValueException", 400, message)
        _check_payload(payload, limit_bytes=_SYNCHRONOUS_LIMIT_BYTES)
        return self._run(function, request_id, payload)

    def keep_house(self) -> None:
        """Ends what was idle for too long and shortens logs; happens by itself every few seconds."""
        self._instances.retire_idle(idle_for=self._idle_timeout)
        for path in self._logs_dir.glob("*.log"):
            FunctionLog(path).trim()

    def close(self) -> None:
        """Kills every instance and forgets the events that wait; may be called twice."""
        self._closed.set()
        self._events.close()
        self._instances.close()
        self._spawner.shutdown(wait=False)

    def __enter__(self) -> Executor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, function: Function, request_id: str, payload: bytes) -> InvokeResult:
        instance = self._instances.acquire(function)
        try:
            result = instance.sandbox.invoke(request_id, payload or b"{}")
        finally:
            self._instances.release(instance)
        if result.function_error is not None:
            logger.warning("%s failed: %s", function.name, result.payload.decode(errors="replace"))
            write_end(function, result)
        return result

    def _spawn(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        return self._spawner.submit(start).result()

    def _housekeeping(self) -> None:
        while not self._closed.wait(_HOUSEKEEPING_INTERVAL_S):
            self.keep_house()


def _check_payload(payload: bytes, *, limit_bytes: int) -> None:
    if len(payload) > limit_bytes:
        message = f"{len(payload)} byte payload is too large: at most {limit_bytes} bytes are accepted"
        raise InvocationRefused("RequestTooLargeException", 413, message)
    try:
        json.loads(payload or b"{}")
    except ValueError as error:
        message = f"Could not parse request body into json: {error}"
        raise InvocationRefused("InvalidRequestContentException", 400, message) from error
