"""A stage of a small project on the shared one-machine AWS, and the calls that are made to it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.session import Session

from functions.definition import JobDefinition
from functions.settings import from_environment
from infra.deploy import tear_down
from infra.deploying.up import Way
from infra.deployment import Deployment, Target
from infra.local.moto_server import ACCOUNT_ID
from tests.integration.local.account import REGION, Account
from tests.integration.local.deploying.projects import answering_project

JOBS = (JobDefinition(id="cleanup", schedule="@hourly"), JobDefinition(id="export"))


@dataclass
class Stage:
    """One stage, with what a test wants to know and to break."""

    deployment: Deployment
    session: Session
    steps: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)

    def way(self, **options: Any) -> Way:
        """How to deploy it, told into `steps`."""
        return Way(session=self.session, report=self._hear, **options)

    def client(self, service: str) -> Any:
        """A client of any service, whose calls nobody breaks."""
        return plain_session().client(service, endpoint_url=self.deployment.endpoint_url)  # type: ignore[call-overload]

    def _hear(self, step: str, _seconds: float, detail: str) -> None:
        self.steps.append(step)
        self.details.append(detail)


def plain_session() -> Session:
    """Credentials that are good for moto only."""
    return boto3.session.Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)


def unused_stage() -> str:
    """The name of a stage nobody has."""
    return f"s{uuid.uuid4().hex[:12]}"


@pytest.fixture
def make_stage(account: Account, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Makes a stage that nothing is deployed of, taken down afterwards; all of a test share their project."""
    project, cache, made = answering_project(tmp_path / "project"), tmp_path_factory.getbasetemp() / "zips", []

    def make(**changes: Any) -> Stage:
        environment = {
            "STAGE": unused_stage(), "ACCOUNT_ID": ACCOUNT_ID, "AWS_REGION": REGION, "AUTH_SIGNING_KEY": "x" * 40,
            "DATABASE_URL": "postgresql://app:hunter2@127.0.0.1:5432/jobs",
        }  # fmt: skip
        given: dict[str, Any] = {
            "settings": from_environment(environment), "jobs": JOBS, "project": project, "cache": cache,
            "target": Target.host(), "endpoint_url": account.endpoint_url,
        }  # fmt: skip
        made.append(Stage(Deployment(**given | changes), plain_session()))
        return made[-1]

    yield make
    for stage in made:
        tear_down(stage.deployment, session=plain_session(), report=lambda *_: None)


@pytest.fixture
def stage(make_stage: Callable[[], Stage]) -> Stage:
    """A stage that nothing is deployed of."""
    return make_stage()
