"""Writes down every call botocore makes while somebody of ours is at work, whatever client it is made with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.client import BaseClient
from botocore.signers import RequestSigner


@dataclass(frozen=True)
class Call:
    """One call: which role made it, the operation, and what it was given."""

    role: str
    service: str
    operation: str
    params: dict[str, Any]


@dataclass
class Recorder:
    """The calls so far. Only those are kept that are made inside `acting`: what a test prepares is nobody's."""

    calls: list[Call] = field(default_factory=list)
    # A change set's id names no stack, yet its stack is what executing it needs leave for.
    stacks: dict[str, str] = field(default_factory=dict)
    _role: str | None = None

    @contextmanager
    def acting(self, role: str | None) -> Iterator[None]:
        """Inside, every call is this role's; nobody's with None."""
        before, self._role = self._role, role
        try:
            yield
        finally:
            self._role = before

    def note(self, service: str, operation: str, params: dict[str, Any]) -> None:
        """Keep a call, before it is known what comes of it."""
        if self._role is not None:
            self.calls.append(Call(self._role, service, operation, params))

    def note_answer(self, operation: str, answer: Any) -> None:
        """Remember what a later call is about."""
        if operation == "CreateChangeSet":
            self.stacks[answer["Id"]] = answer["StackId"]


@contextmanager
def recording() -> Iterator[Recorder]:
    """A recorder of all calls of this process, and of the logins it signs for RDS, which no call is made for."""
    recorder, presign = Recorder(), RequestSigner.generate_presigned_url
    call: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def noted(client: BaseClient, operation: str, params: dict[str, Any]) -> Any:
        recorder.note(client.meta.service_model.service_name, operation, dict(params))
        answer = call(client, operation, params)
        recorder.note_answer(operation, answer)
        return answer

    def signed(signer: RequestSigner, *given: Any, **named: Any) -> Any:
        if named.get("signing_name") == "rds-db":
            recorder.note("rds-db", named["operation_name"], dict(named["request_dict"]["body"]))
        return presign(signer, *given, **named)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(BaseClient, "_make_api_call", noted)
        patched.setattr(RequestSigner, "generate_presigned_url", signed)
        yield recorder
