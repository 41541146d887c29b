"""What a deploy would destroy, and who says that it may."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from functions.errors import JobsError
from infra.stacks import ChangeSet

# What holds something, or is called by its name: taken away or made anew it is gone, with events under way.
_PRECIOUS = (
    "AWS::Lambda::Function", "AWS::SQS::Queue", "AWS::Scheduler::ScheduleGroup", "AWS::Logs::LogGroup",
    "AWS::SecretsManager::Secret", "AWS::KMS::Key", "AWS::ApiGateway::RestApi", "AWS::Serverless::Api",
    "AWS::RDS::DBProxy", "AWS::ApiGateway::DomainName",
)  # fmt: skip


class NotApproved(JobsError):
    """Something would be destroyed and nobody said that it may; none of it was touched."""

    code = "deploy_not_approved"


def destroyed(changes: Sequence[ChangeSet], emptied: Sequence[str]) -> list[str]:
    """A line for each thing that would be gone."""
    lines = [
        f"{change.name}: {_how(resource)} {resource['LogicalResourceId']} ({resource['ResourceType']})"
        for change in changes
        for resource in change.changes
        if _is_destroyed(resource)
    ]
    return lines + [f"{name}: the stack is deleted, no job is left in it" for name in emptied]


def approve(changes: Sequence[ChangeSet], emptied: Sequence[str], *, is_given: bool) -> None:
    """Ask whether it may be, unless that `is_given`. Raises NotApproved."""
    lines = destroyed(changes, emptied)
    if not lines or is_given:
        return
    listed = "\n".join(f"  {line}" for line in lines)
    if not sys.stdin.isatty():
        raise NotApproved(f"this would go:\n{listed}\ngive --yes to let it; none of it was touched")
    print(f"This goes, with its events and log lines (history stays in PostgreSQL):\n{listed}", file=sys.stderr)
    if input("Type yes to go on: ").strip() != "yes":
        raise NotApproved("none of it was touched")


def _is_destroyed(resource: Mapping[str, Any]) -> bool:
    return resource["ResourceType"] in _PRECIOUS and (
        resource["Action"] == "Remove" or resource.get("Replacement") == "True"
    )


def _how(resource: Mapping[str, Any]) -> str:
    return "removed" if resource["Action"] == "Remove" else "made anew"
