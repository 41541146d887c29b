"""Whether whoever deploys may do what a deploy does, as IAM's own simulator says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from infra.aws import Aws
from infra.deployer_options import uses_of
from infra.deployer_policy import deployer_policies
from infra.deployment import Deployment
from infra.policies import Statement


def needed(deployment: Deployment) -> list[Statement]:
    """What the deployer's policies allow, which is what a deploy of this stage and its options may come to do."""
    options = deployment.options
    made = deployer_policies(deployment, boundary=options.permissions_boundary_arn, uses=uses_of(options))
    return [statement for each in made.values() for statement in each["Statement"]]


def denied(aws: Aws, deployment: Deployment) -> list[str]:
    """What the simulator says is not allowed, as `action, action on resource`.

    Raises ClientError where the caller may not ask it (iam:SimulatePrincipalPolicy): then only a deploy shows.
    """
    client, caller = aws.client("iam"), principal(aws.caller)
    return [line for statement in needed(deployment) for line in _refused(client, caller, statement)]


def _refused(client: Any, caller: str, statement: Statement) -> Iterator[str]:
    """A line for each resource of the statement. All pairs of it are one question, on a resource such as it names."""
    resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    for resource in resources:
        pages = client.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=caller,
            ActionNames=statement["Action"],
            ResourceArns=[resource if resource == "*" else resource.replace("*", "x")],
            ContextEntries=_context(statement),
        )
        results = [result for page in pages for result in page["EvaluationResults"]]
        refused = [result["EvalActionName"] for result in results if result["EvalDecision"] != "allowed"]
        if refused:
            yield f"{', '.join(refused)} on {resource}"


def _context(statement: Statement) -> list[dict[str, Any]]:
    """The circumstances under which the statement allows it."""
    wanted = [pair for pairs in statement.get("Condition", {}).values() for pair in pairs.items()]
    return [
        {"ContextKeyName": key, "ContextKeyType": "string", "ContextKeyValues": [_one_of(given)]}
        for key, given in wanted
    ]


def _one_of(given: str | list[str]) -> str:
    return (given if isinstance(given, str) else given[0]).replace("*", "")


def principal(caller: str) -> str:
    """Whose policies count: of a session of a role, the role (IAM, SimulatePrincipalPolicy)."""
    match = re.fullmatch(r"(arn:[\w-]+):sts::(\d+):assumed-role/([^/]+)/.*", caller)
    return caller if match is None else f"{match[1]}:iam::{match[2]}:role/{match[3]}"
