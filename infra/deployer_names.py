"""What a deployer's policies are written with: the ARNs of one stage, and statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from functions import naming
from infra.deployment import Deployment
from infra.policies import Statement


class Names:
    """The ARNs of one stage in one region of one account."""

    def __init__(self, deployment: Deployment) -> None:
        settings = deployment.settings
        self.name, self.bucket = naming.deployment(deployment.stage), deployment.bucket
        self.prefix = f"{self.name}-"
        self.region, self.account, self.partition = settings.region, settings.account_id, settings.partition
        self.job_prefix = naming.job_prefix(deployment.stage)
        self.roles = self.everywhere("iam", f"role/{self.prefix}*-{self.region}")
        self.functions = self.regional("lambda", f"function:{self.prefix}*")
        self.operations = self.regional("lambda", f"function:{naming.operations_function(settings.stage)}")
        # The stack `lamplighter-<stage>` itself, and those whose names go on after a dash: never those of stage2.
        self.stacks = [self.regional("cloudformation", f"stack/{name}/*") for name in (self.name, f"{self.prefix}*")]
        # What the shared stack tells the others (infra/resources/shared_values.py).
        self.parameters = self.regional("ssm", f"parameter/{self.name}/*")

    def regional(self, service: str, resource: str) -> str:
        """An ARN in the stage's account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def everywhere(self, service: str, resource: str) -> str:
        """The ARN of something in the stage's account and no region."""
        return f"arn:{self.partition}:{service}::{self.account}:{resource}"


def allow(service: str, actions: Sequence[str], resource: str | list[str]) -> Statement:
    """A statement that allows these actions of one service."""
    return {"Effect": "Allow", "Action": [f"{service}:{action}" for action in actions], "Resource": resource}


def where(condition: Mapping[str, Any], statement: Statement) -> Statement:
    """The statement, under a condition."""
    return {**statement, "Condition": dict(condition)}
