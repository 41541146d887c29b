"""One function instance: a process group of its own running AWS's runtime client on the unpacked package."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.local import invocation as outcome
from infra.local import orphans
from infra.local.function import Function
from infra.local.function_log import FunctionLog
from infra.local.invocation import InvokeResult
from infra.local.runtime_api import Invocation, Reply, RuntimeApi
from infra.local.sandbox_environment import sandbox_environment
from infra.local.supervised import END_WITH_SUPERVISOR

# `python -m awslambdaric`, ending with its supervisor.
_BOOTSTRAP = f"""{END_WITH_SUPERVISOR}
sys.path[0] = os.getcwd()
from awslambdaric.__main__ import main
main(sys.argv)
"""


@dataclass(frozen=True, kw_only=True)
class Host:
    """What instances need from the machine.

    `python` is an interpreter whose environment holds awslambdaric and boto3 only: what it can import, a function
    can. `spawn` must run its argument in a thread that outlives every instance, because Linux sends the parent-death
    signal when the thread that started the child ends.
    """

    python: Path
    instances_dir: Path
    logs_dir: Path
    init_timeout: timedelta
    spawn: Callable[[Callable[[], subprocess.Popen[bytes]]], subprocess.Popen[bytes]]


class Sandbox:
    """An instance of a function; it runs one invocation at a time and starts its process with the first one."""

    def __init__(self, function: Function, host: Host) -> None:
        self.function = function
        self._host = host
        self._log = FunctionLog(host.logs_dir / f"{function.name}.log")
        self._dir = host.instances_dir / uuid.uuid4().hex
        self._api = RuntimeApi()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: threading.Thread | None = None
        self._lock = threading.Lock()

    @property
    def ended(self) -> bool:
        """Whether the process is gone, so that this instance can run nothing any more."""
        return self._api.closed

    def invoke(self, request_id: str, payload: bytes) -> InvokeResult:
        """Runs the function once, cold or warm, and says how it ended; it never raises for what the function does."""
        log_start = self._log.size()
        self._log.write_line(f"START RequestId: {request_id} Version: $LATEST")
        cold = self._process is None
        started = time.perf_counter()
        failure = self._initialise(request_id) if cold else None
        initialised = time.perf_counter()
        reply = failure or self._run(request_id, payload)
        report = f"REPORT RequestId: {request_id}\tDuration: {_milliseconds(initialised)}"
        self._log.write_line(report + (f"\tInit Duration: {_milliseconds(started, initialised)}" if cold else ""))
        return InvokeResult(
            request_id=request_id,
            status_code=200,
            payload=reply.payload,
            function_error="Unhandled" if reply.failed else None,
            log_tail=self._log.tail(since=log_start),
        )

    def kill(self) -> None:
        """Ends the process group at once; returns when it is gone."""
        with self._lock:
            process, watcher = self._process, self._watcher
            self._api.close()
        if process is not None and watcher is not None:
            orphans.kill_group(process.pid)
            watcher.join()

    def _initialise(self, request_id: str) -> Reply | None:
        self._start()
        if self._api.wait_initialised(self._host.init_timeout):
            return None
        if self._api.init_error is not None:
            error = outcome.with_request_id(request_id, self._api.init_error)
        elif self.ended:
            error = outcome.exited(request_id, self._exit_code())
        else:
            error = outcome.init_timed_out(request_id, self._host.init_timeout)
        self.kill()
        return Reply(error, failed=True)

    def _run(self, request_id: str, payload: bytes) -> Reply:
        function = self.function
        invocation = Invocation(
            request_id=request_id,
            payload=payload,
            function_arn=function.arn,
            deadline_ms=int((time.time() + function.timeout.total_seconds()) * 1000),
            trace_id=f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Parent={uuid.uuid4().hex[:16]};Sampled=0",
        )
        reply = self._api.run(invocation, function.timeout)
        if reply is not None:
            return reply
        if self.ended:
            return Reply(outcome.exited(request_id, self._exit_code()), failed=True)
        self.kill()
        return Reply(outcome.timed_out(request_id, function.timeout), failed=True)

    def _start(self) -> None:
        (self._dir / "tmp").mkdir(parents=True, exist_ok=True)
        with self._lock:
            if self.ended:
                return
            self._process = self._host.spawn(self._popen)
            orphans.record(self._dir, self._process.pid)
            self._watcher = threading.Thread(target=self._watch, name=f"watch-{self._process.pid}", daemon=True)
            self._watcher.start()

    def _popen(self) -> subprocess.Popen[bytes]:
        with self._log.open() as log:
            return subprocess.Popen(
                _command(self._host.python, self.function.handler),
                cwd=self.function.package,
                env=sandbox_environment(
                    self.function,
                    runtime_api=self._api.address,
                    home=self._dir / "tmp",
                    started_at=datetime.now(UTC),
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _watch(self) -> None:
        assert self._process is not None
        self._process.wait()
        orphans.kill_group(self._process.pid)
        self._api.close()
        shutil.rmtree(self._dir, ignore_errors=True)

    def _exit_code(self) -> int:
        return self._process.wait() if self._process is not None else 0


def _command(python: Path, handler: str) -> list[str]:
    return [str(python), "-s", "-c", _BOOTSTRAP, str(signal.SIGKILL.value), str(os.getpid()), handler]


def _milliseconds(start: float, end: float | None = None) -> str:
    elapsed = (time.perf_counter() if end is None else end) - start
    return f"{elapsed * 1000:.2f} ms"
