"""A deployment in small: PostgreSQL, moto in this process, and every AWS call written down before it is made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.loaders import Loader
from moto import mock_aws

from functions.db import jobs
from functions.db.connection import Connection
from functions.definition import JobDefinition
from functions.scheduling.backends import all_backends
from functions.scheduling.plan import Report
from functions.scheduling.reconcile import reconcile
from functions.scheduling.trigger import Definition
from functions.settings import Settings, from_environment

READS = ("List", "Describe", "Get")
_MODELS = Loader()  # botocore's service models take most of a test's time to read; once is enough


class Crash(Exception):
    """The process dies here: nothing after it happens, nothing catches it."""


@dataclass
class Calls:
    """The AWS calls made, by operation, and what shall happen at one of them."""

    made: list[str] = field(default_factory=list)
    bodies: list[tuple[str, str]] = field(default_factory=list)
    before: Callable[[str], None] = lambda operation: None
    after: Callable[[str], None] = lambda operation: None

    @property
    def reads(self) -> Counter[str]:
        return Counter(operation for operation in self.made if operation.startswith(READS))

    @property
    def writes(self) -> list[str]:
        return [operation for operation in self.made if not operation.startswith(READS)]

    def forget(self) -> None:
        self.made.clear()
        self.bodies.clear()
        self.before = self.after = lambda operation: None

    def crash_at_write(self, number: int) -> None:
        """Die instead of making the write of this number, from 0."""
        self.before = lambda operation: self._at_write(number, operation, Crash(operation))

    def throttle_at_write(self, number: int) -> None:
        """From this write on AWS answers nothing but "slow down"."""
        answer: Any = {"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}
        self.before = lambda operation: self._at_write(number, operation, ClientError(answer, operation))

    def lose_answer_of_write(self, number: int) -> None:
        """AWS does the write of this number, from 0, and nobody hears of it; after that it does not answer."""
        error = ReadTimeoutError(endpoint_url="https://events.example")
        self.before = lambda operation: self._at_write(number + 1, operation, error)
        self.after = lambda operation: self._at_write(number + 1, operation, error)

    def note(self, model: Any, params: Any, **_: Any) -> None:
        self.before(model.name)
        self.made.append(model.name)
        body = params["body"]
        self.bodies.append((model.name, body.decode() if isinstance(body, bytes) else str(body)))

    def note_answer(self, model: Any, **_: Any) -> None:
        self.after(model.name)

    def _at_write(self, number: int, operation: str, error: Exception) -> None:
        if not operation.startswith(READS) and len(self.writes) >= number:
            raise error


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Calls]:
    """moto instead of AWS; the hook stands in the session that every client of ours is made from."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        boto3.setup_default_session()
        session = boto3.DEFAULT_SESSION
        assert session is not None
        session._session.register_component("data_loader", _MODELS)
        noted = Calls()
        session.events.register("before-call.*.*", noted.note)
        session.events.register("after-call.*.*", noted.note_answer)
        yield noted
        boto3.DEFAULT_SESSION = None


def settings_of(**environ: str) -> Settings:
    return from_environment({"STAGE": "test", "ACCOUNT_ID": "123456789012", "AWS_REGION": "us-east-1", **environ})


ON_RULES = settings_of(RULES_LIMIT="20000")
ON_SCHEDULER = settings_of(TRIGGER_BACKEND="scheduler")
BOTH = [pytest.param(ON_RULES, id="rules"), pytest.param(ON_SCHEDULER, id="scheduler")]


def deploy(connection: Connection, settings: Settings, *definitions: JobDefinition) -> Report:
    """What a deploy does with definitions."""
    jobs.store_definitions(connection, definitions)
    return reconcile(connection, settings)


def job(job_id: str = "cleanup", schedule: str | None = "*/5 * * * *", **options: Any) -> JobDefinition:
    return JobDefinition(id=job_id, schedule=schedule, **options)


def in_aws(settings: Settings) -> dict[str, dict[str, Definition]]:
    """Everything under our prefix, whole, by backend and by the part of the name after the prefix."""
    prefix = f"lamplighter-{settings.stage}-job-"
    found: dict[str, dict[str, Definition]] = {}
    for backend in all_backends(settings).values():
        described = {name: backend.describe(name, listed) for name, listed in backend.list().items()}
        found[backend.name] = {name.removeprefix(prefix): d for name, d in described.items() if d is not None}
    return found


def states(settings: Settings, job_id: str = "cleanup") -> dict[str, str]:
    """The state of a job's trigger on each backend that has one."""
    return {name: triggers[job_id]["State"] for name, triggers in in_aws(settings).items() if job_id in triggers}


def actions(report: Report) -> dict[str, str]:
    """What was done, by job id or, for an orphan, by name."""
    return {step.job_id or step.name: step.action for step in report.done}
