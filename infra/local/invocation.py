"""What an invocation ends with: an answer, a function error in AWS's words, or a refusal by the service."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, kw_only=True)
class InvokeResult:
    """The answer of Lambda's Invoke. `function_error` is "Unhandled" when the function failed, else None."""

    request_id: str
    status_code: int
    payload: bytes = b""
    function_error: str | None = None
    log_tail: bytes = b""


class InvocationRefused(Exception):
    """Lambda did not run the function; `code` and `status` are those of the Invoke API's errors."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def timed_out(request_id: str, timeout: timedelta) -> bytes:
    """The payload of an invocation that was killed at its timeout."""
    message = f"RequestId: {request_id} Error: Task timed out after {timeout.total_seconds():.2f} seconds"
    return _payload("Sandbox.Timedout", message)


def init_timed_out(request_id: str, limit: timedelta) -> bytes:
    """The payload when importing the function's module did not end within Lambda's limit for initialisation."""
    message = f"RequestId: {request_id} Error: Init timed out after {limit.total_seconds():.2f} seconds"
    return _payload("Sandbox.Timedout", message)


def exited(request_id: str, return_code: int) -> bytes:
    """The payload when the function's process ended by itself; a negative `return_code` is a signal's number."""
    return _payload("Runtime.ExitError", f"RequestId: {request_id} Error: {_exit_reason(return_code)}")


def with_request_id(request_id: str, error: bytes) -> bytes:
    """An initialisation error as the runtime reported it, with the request it failed for."""
    return json.dumps({**json.loads(error), "requestId": request_id}).encode()


def too_large(limit_bytes: int) -> bytes:
    """The payload when the function answered more than Lambda passes on."""
    message = f"Response payload size exceeded maximum allowed payload size ({limit_bytes} bytes)."
    return _payload("Function.ResponseSizeTooLarge", message)


def _exit_reason(return_code: int) -> str:
    if return_code == 0:
        return "Runtime exited without providing a reason"
    if return_code > 0:
        return f"Runtime exited with error: exit status {return_code}"
    name = signal.strsignal(-return_code) or str(-return_code)
    return f"Runtime exited with error: signal: {name.lower()}"


def _payload(error_type: str, message: str) -> bytes:
    return json.dumps({"errorType": error_type, "errorMessage": message}).encode()
