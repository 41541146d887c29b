"""Every command of scripts/deploy, once from nothing to nothing again."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from boto3.session import Session

from functions.settings import from_environment
from infra import stacks
from infra.aws import connect
from infra.deploying.administrator import make_administrator
from infra.deploying.doctor import examine
from infra.deploying.down import down, what_goes
from infra.deploying.plan import make_plan
from infra.deploying.status import look
from infra.deploying.up import Way, rollback, up
from infra.deployment import Deployment, Target
from tests.iam.recorder import Recorder
from tests.iam.stage import ACCOUNT, CLOSING, DEPLOYER, EXPORT, PLANNER, REGION, STAGE, VARIANTS
from tests.integration.infra.projects import make_project
from tests.unit.infra.deployments import ENVIRONMENT
from tests.unit.infra.servers import SERVER

_CALLER = f"arn:aws:sts::{ACCOUNT}:assumed-role/ci/42"
# What our functions say when all is well, by a word of what they are asked.
_ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "doctor": {"now": "2026-11-28T12:00:00+00:00", "connect_ms": 5, "clock_ahead_s": 0.0, "database": SERVER},
    "plan": {"pending": [], "plan": {"steps": []}, "lines": []},
    "administrator": {"name": "ada", "lines": ["ada can log in and may do everything"]},
    "probe": {"probe": "ok"},
    "path": {"statusCode": 200},
}


@dataclass
class Deploying:
    """A stage of a small project on a moto whose functions do nothing: what they would answer is put in."""

    recorder: Recorder
    patched: pytest.MonkeyPatch
    folder: Path
    endpoint_url: str

    def __post_init__(self) -> None:
        self.project = make_project(self.folder / "project")
        self.session = Session(aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION)
        self.session.events.register("after-call.lambda.Invoke", _answered)
        self.session.events.register("after-call.sts.GetCallerIdentity", _called_by)
        self.way = Way(session=self.session, report=_silent, is_approved=True)
        self.deployment = Deployment(
            settings=from_environment(ENVIRONMENT | VARIANTS["secret"]),
            jobs=(EXPORT, CLOSING),
            project=self.project,
            cache=self.folder / "cache",
            target=Target.host(),
            endpoint_url=self.endpoint_url,
        )

    def put_up(self) -> None:
        """A first version, one with new code, the first one's code again, and one that lacks a job."""
        self._examine()
        self._plan(self.deployment)
        self._up(self.deployment)
        (self.project / "functions/handler.py").write_text("def handle(event, context): return 'next'\n")
        self._up(self.deployment)
        with self.recorder.acting(DEPLOYER):
            assert rollback(self.deployment, self.way, to=None).restores == 1
            assert look(self.deployment, self.session, deep=True).is_up
            assert make_administrator(self.deployment, self.way, "ada", "correct horse battery staple")
        fewer = replace(self.deployment, jobs=(EXPORT,))
        self._plan(fewer)
        self._up(fewer)
        self._examine()

    def take_down(self) -> None:
        """All of it, having said what goes."""
        with self.recorder.acting(DEPLOYER):
            assert "".join(text for text, _ in what_goes(connect(self.deployment, self.session), self.deployment))
            down(self.deployment, self.way, confirmed=STAGE)

    def _examine(self) -> None:
        """As on AWS itself: on one machine nobody is asked what the caller may do."""
        with self.recorder.acting(DEPLOYER), self.patched.context() as here:
            here.setenv("AWS_ENDPOINT_URL", self.endpoint_url)
            assert [found.level for found in examine(replace(self.deployment, endpoint_url=None), self.way)]

    def _plan(self, deployment: Deployment) -> None:
        """As if no template fitted into a request, where there is a bucket: so long are those with many jobs."""
        with self.recorder.acting(PLANNER), self.patched.context() as here:
            for longest in (stacks.LONGEST_BODY, 0):
                here.setattr(stacks, "LONGEST_BODY", longest)
                assert make_plan(deployment, self.way, dist=self.folder / "dist").has_changes

    def _up(self, deployment: Deployment) -> None:
        with self.recorder.acting(DEPLOYER):
            assert up(deployment, self.way).state == "finished"


def _answered(parsed: dict[str, Any], **_: Any) -> None:
    """What one of ours would say; moto says what it was asked."""
    event = json.loads(parsed["Payload"].read())
    asked = event.get("operation") or next(iter({"probe", "path"} & event.keys()))
    answer = _ANSWERS.get(asked, {"left": ["0002_tidy.after"]})
    parsed["Payload"] = io.BytesIO(json.dumps(answer).encode())


def _called_by(parsed: dict[str, Any], **_: Any) -> None:
    """A role that CI has assumed; moto's own caller is a user by a role's name."""
    parsed["Arn"] = _CALLER


def _silent(_step: str, _seconds: float, _detail: str) -> None:
    pass
