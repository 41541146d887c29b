"""Whether whoever deploys may do what a deploy does, as IAM's own simulator says."""

from __future__ import annotations

import re
from collections.abc import Mapping

from functions import naming
from infra.aws import Aws
from infra.deployment import Deployment

# One or two of each service a deploy touches; the whole of it is the deployer's policy (docs/deploy.md).
NEEDED: Mapping[str, str] = {
    "cloudformation:CreateChangeSet": "cloudformation:{region}:{account}:stack/{name}/*",
    "cloudformation:ExecuteChangeSet": "cloudformation:{region}:{account}:stack/{name}/*",
    "cloudformation:DeleteStack": "cloudformation:{region}:{account}:stack/{name}/*",
    "s3:CreateBucket": "s3:::{bucket}",
    "s3:PutObject": "s3:::{bucket}/deploys/lock.json",
    "lambda:CreateFunction": "lambda:{region}:{account}:function:{name}-operations",
    "lambda:UpdateFunctionCode": "lambda:{region}:{account}:function:{name}-operations",
    "lambda:InvokeFunction": "lambda:{region}:{account}:function:{name}-operations",
    "iam:CreateRole": "iam::{account}:role/{name}-operations-{region}",
    "iam:PassRole": "iam::{account}:role/{name}-operations-{region}",
    "logs:CreateLogGroup": "logs:{region}:{account}:log-group:/aws/lambda/{name}-operations",
    "sqs:CreateQueue": "sqs:{region}:{account}:{name}-dead-letters",
    "scheduler:CreateScheduleGroup": "scheduler:{region}:{account}:schedule-group/{name}",
}


def denied(aws: Aws, deployment: Deployment) -> list[str]:
    """What the simulator says is not allowed, as `action on resource`.

    Raises ClientError where the caller may not ask it (iam:SimulatePrincipalPolicy): then only a deploy shows.
    """
    settings = deployment.settings
    names = {
        "region": settings.region, "account": settings.account_id, "name": naming.deployment(deployment.stage),
        "bucket": deployment.bucket,
    }  # fmt: skip
    client, refused = aws.client("iam"), []
    for action, resource in NEEDED.items():
        arn = f"arn:{settings.partition}:{resource.format(**names)}"
        answer = client.simulate_principal_policy(
            PolicySourceArn=principal(aws.caller), ActionNames=[action], ResourceArns=[arn]
        )
        if any(result["EvalDecision"] != "allowed" for result in answer["EvaluationResults"]):
            refused.append(f"{action} on {arn}")
    return refused


def principal(caller: str) -> str:
    """Whose policies count: of a session of a role, the role (IAM, SimulatePrincipalPolicy)."""
    match = re.fullmatch(r"(arn:[\w-]+):sts::(\d+):assumed-role/([^/]+)/.*", caller)
    return caller if match is None else f"{match[1]}:iam::{match[2]}:role/{match[3]}"
