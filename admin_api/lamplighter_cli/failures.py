"""Why a command did not do what it was asked to: a line for people, an exit code for scripts.

Failure
├── NotLoggedIn    no token, or none that is valid any more
└── Unavailable    the API did not answer, or cannot at the moment; `wait_s` when it says for how long
"""

from __future__ import annotations

from typing import Any

from lamplighter_cli.exit_codes import ExitCode


class Failure(Exception):
    """`code` and `request_id` are the API's, where it answered with a problem document (RFC 9457)."""

    def __init__(
        self, exit_code: ExitCode, message: str, *, code: str | None = None, request_id: str | None = None
    ) -> None:
        super().__init__(message)
        self.exit_code = exit_code
        self.message = message
        self.code = code
        self.request_id = request_id

    @property
    def line(self) -> str:
        """All of it in one line."""
        request = None if self.request_id is None else f"request {self.request_id}"
        origin = ", ".join(part for part in (self.code, request) if part)
        return " ".join(f"{self.message} ({origin})".split()) if origin else " ".join(self.message.split())

    @property
    def fields(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "detail": self.message, "code": self.code, "requestId": self.request_id, "exitCode": int(self.exit_code),
        }  # fmt: skip


class NotLoggedIn(Failure):
    """No token, or none that is valid any more."""

    def __init__(self, message: str, *, code: str | None = None, request_id: str | None = None) -> None:
        super().__init__(ExitCode.NOT_LOGGED_IN, message, code=code, request_id=request_id)


class Unavailable(Failure):
    """The API did not answer, or said that it cannot at the moment."""

    def __init__(self, message: str, *, code: str | None = None, request_id: str | None = None) -> None:
        super().__init__(ExitCode.UNAVAILABLE, message, code=code, request_id=request_id)
