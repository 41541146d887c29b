"""`scripts/deploy status`: what of a stage is up, which version, since when, and what is not as it was left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from functions import naming
from infra import deploy, stacks
from infra.aws import Aws, connect
from infra.deploying import drift, lock, versions
from infra.deploying.lock import Holder
from infra.deploying.plan_text import Line
from infra.deploying.versions import Version
from infra.deployment import Deployment
from infra.operations import OperationFailed, run_operation

if TYPE_CHECKING:
    from boto3.session import Session

_GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_DEPLOYS_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Status:
    """One look at a stage."""

    stage: str
    stacks: Mapping[str, str]
    versions: Sequence[Version]
    lock: Holder | None
    functions: int
    drift: Sequence[str]

    @property
    def is_up(self) -> bool:
        """Whether anything is deployed."""
        return bool(self.stacks)

    def to_json(self) -> dict[str, Any]:
        """It as JSON values."""
        return {
            "stage": self.stage,
            "is_up": self.is_up,
            "stacks": dict(self.stacks),
            "version": self.versions[0].number if self.versions else None,
            "versions": [version.to_json() for version in self.versions],
            "lock": None if self.lock is None else str(self.lock),
            "functions": self.functions,
            "drift": list(self.drift),
        }

    def lines(self) -> Iterator[Line]:
        """It for people."""
        if not self.is_up:
            yield f"stage {self.stage}: nothing is deployed", "bold"
            return
        yield f"stage {self.stage}: {self.functions} functions in {len(self.stacks)} stacks", "bold"
        for name, status in self.stacks.items():
            yield f"  {status:<24} {name}", "green" if status in _GOOD else "red"
        yield f"lock: {self.lock or 'nobody deploys'}", "yellow" if self.lock else ""
        yield "versions", "bold"
        for version in self.versions[:_DEPLOYS_SHOWN]:
            yield version.line(), "" if version.state == "finished" else "yellow"
        yield ("drift" if self.drift else "no drift"), "bold"
        for line in self.drift:
            yield f"  {line}", "yellow"


def look(deployment: Deployment, session: Session, *, deep: bool = False) -> Status:
    """The stage as it is; changes nothing. `deep`: every trigger is read whole."""
    aws, stage = connect(deployment, session), deployment.stage
    living = stacks.living_stacks(aws.cloudformation)
    ours = {name: living[name] for name in deploy.stacks_of(stage, living) if name in living}
    known, there = versions.read(aws.s3, deployment), drift.functions_there(aws, stage)
    version = known[0] if known and known[0].state != "started" else None
    found = drift.drifted_functions(aws, stage, version=version, living=ours, there=there) if ours else []
    return Status(
        stage=stage,
        stacks=ours,
        versions=known,
        lock=lock.read(aws.s3, deployment),
        functions=len(there),
        drift=[*found, *(trigger_drift(aws, stage, deep=deep) if naming.deployment(stage) in ours else [])],
    )


def trigger_drift(aws: Aws, stage: str, *, deep: bool) -> list[str]:
    """A line for each trigger that is not as the deployed definitions and people's pauses say."""
    try:
        answer = run_operation(aws.functions, stage, "plan", deep=deep)
    except OperationFailed as error:
        return [f"triggers are not known: {error}"]
    steps = (answer.get("plan") or {}).get("steps", [])
    return [
        f"trigger {step['name']}: {step['action']} is needed ({step['reason']})"
        for step in steps
        if step["action"] not in ("leave", "record")
    ]
