"""What whoever deploys a stage must be allowed: IAM policies for a person or a CI, on this stage's resources alone.

CloudFormation makes what the templates describe with the credentials of whoever deploys, so its calls are in here too
(the `handlers` of each type's schema name them). A managed policy holds 6,144 characters: hence several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from functions import naming
from infra.deployment import Deployment
from infra.policies import Statement, document

# "IAM and AWS STS quotas": white space is not counted.
LARGEST = 6_144
_LAMBDA = "lambda.amazonaws.com"


def deployer_policies(deployment: Deployment, *, boundary: str | None = None) -> dict[str, dict[str, Any]]:
    """The documents by name. With `boundary`, the ARN of a policy, no role can be made or changed without it.

    Without one, whoever deploys can give a role of this stage any permission there is, and so use any: a deployer who
    is not an administrator anyway needs a boundary (IAM, "Permissions boundaries for IAM entities").
    """
    names = _Names(deployment)
    statements = {
        "stacks": [*_stacks(names), *_bucket(names), *_operations(names), *_triggers(names)],
        "functions": [*_functions(names), *_roles(names, boundary), *_shared(names)],
        "extras": [*_alarms(names), *_secrets(names), *_api(names), *_around(names)],
    }
    return {f"{names.prefix}deployer-{name}-{names.region}": document(*some) for name, some in statements.items()}


class _Names:
    """The ARNs of one stage in one region of one account."""

    def __init__(self, deployment: Deployment) -> None:
        settings = deployment.settings
        self.name, self.bucket = naming.deployment(deployment.stage), deployment.bucket
        self.prefix = f"{self.name}-"
        self.region, self.account, self.partition = settings.region, settings.account_id, settings.partition
        self.job_prefix, self.operations = (
            naming.job_prefix(deployment.stage),
            naming.operations_function(settings.stage),
        )
        self.roles = self.everywhere("iam", f"role/{self.prefix}*-{self.region}")
        self.functions = self.regional("lambda", f"function:{self.prefix}*")

    def regional(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def everywhere(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}::{self.account}:{resource}"


def _stacks(names: _Names) -> list[Statement]:
    changes = ["CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "DeleteStack"]
    looks = ["DescribeStackEvents", "ListStackResources", "GetTemplate"]
    # The stack `lamplighter-<stage>` itself, and those whose names go on after a dash: never those of stage2.
    own = [names.regional("cloudformation", f"stack/{name}/*") for name in (names.name, f"{names.prefix}*")]
    return [
        _allow("cloudformation", changes + looks, own),
        # Which stacks of jobs there are is asked without a name, which AWS takes for all.
        _allow("cloudformation", ["DescribeStacks"], names.regional("cloudformation", "stack/*")),
    ]


def _bucket(names: _Names) -> list[Statement]:
    bucket = f"arn:{names.partition}:s3:::{names.bucket}"
    settings = ["PutBucketPublicAccessBlock", "PutBucketVersioning", "PutEncryptionConfiguration", "PutBucketPolicy"]
    listing = ["ListBucket", "ListBucketVersions"]
    return [
        _allow("s3", ["CreateBucket", "DeleteBucket", *listing, *settings], bucket),
        _allow(
            "s3", ["GetObject", "GetObjectVersion", "PutObject", "DeleteObject", "DeleteObjectVersion"], f"{bucket}/*"
        ),
    ]


def _operations(names: _Names) -> list[Statement]:
    # Asked after a deploy whether they work, too: the operations function, the API's, each job's.
    return [_allow("lambda", ["InvokeFunction"], names.functions)]


def _triggers(names: _Names) -> list[Statement]:
    """What `down` takes away; only the operations function makes any."""
    rules, schedules = f"rule/{names.job_prefix}*", f"schedule/{names.name}/*"
    return [
        _allow("events", ["ListTargetsByRule", "RemoveTargets", "DeleteRule"], names.regional("events", rules)),
        _allow("scheduler", ["DeleteSchedule"], names.regional("scheduler", schedules)),
        _allow("events", ["ListRules"], "*"),
        _allow("scheduler", ["ListSchedules"], "*"),
    ]


def _functions(names: _Names) -> list[Statement]:
    return [
        _allow(
            "lambda",
            [
                "CreateFunction", "GetFunction", "UpdateFunctionCode", "UpdateFunctionConfiguration", "DeleteFunction",
                "PutFunctionConcurrency", "DeleteFunctionConcurrency", "AddPermission", "RemovePermission", "GetPolicy",
                "PutFunctionEventInvokeConfig", "UpdateFunctionEventInvokeConfig", "GetFunctionEventInvokeConfig",
                "DeleteFunctionEventInvokeConfig", "GetFunctionCodeSigningConfig", "GetFunctionRecursionConfig",
                "GetRuntimeManagementConfig", "TagResource", "UntagResource", "ListTags",
            ],
            names.functions,
        ),
        # Neither has a resource type: they list names and limits.
        _allow("lambda", ["ListFunctions", "GetAccountSettings"], "*"),
        _allow(
            "logs",
            [
                "CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy", "TagResource",
                "UntagResource", "ListTagsForResource", "AssociateKmsKey", "DisassociateKmsKey",
                "GetDataProtectionPolicy",
            ],
            [
                names.regional("logs", f"log-group:/aws/{service}/{names.prefix}*")
                for service in ("lambda", "apigateway")
            ],
        ),
        _allow("logs", ["DescribeLogGroups", "DescribeResourcePolicies", "DescribeIndexPolicies"], "*"),
    ]  # fmt: skip


def _roles(names: _Names, boundary: str | None) -> list[Statement]:
    changing = ["CreateRole", "PutRolePolicy", "DeleteRolePolicy", "AttachRolePolicy", "DetachRolePolicy"]
    rest = [
        "DeleteRole", "GetRole", "GetRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies", "UpdateRole",
        "UpdateRoleDescription", "UpdateAssumeRolePolicy", "TagRole", "UntagRole",
    ]  # fmt: skip
    passing = {"StringEquals": {"iam:PassedToService": _LAMBDA}}
    statements = [
        _allow("iam", rest, names.roles),
        _where({"StringEquals": {"iam:PermissionsBoundary": boundary}}, _allow("iam", changing, names.roles))
        if boundary is not None
        else _allow("iam", [*changing, "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"], names.roles),
        _where(passing, _allow("iam", ["PassRole"], names.roles)),
    ]
    if boundary is not None:
        setting = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
        statements.append(_where(setting, _allow("iam", ["PutRolePermissionsBoundary"], names.roles)))
    return statements


def _shared(names: _Names) -> list[Statement]:
    group = names.regional("scheduler", f"schedule-group/{names.name}")
    tags = ["TagResource", "UntagResource", "ListTagsForResource"]
    return [
        _allow(
            "sqs",
            [
                "CreateQueue", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "SetQueueAttributes",
                "ListQueueTags", "TagQueue", "UntagQueue",
            ],
            names.regional("sqs", f"{names.prefix}*"),
        ),
        _allow("scheduler", ["CreateScheduleGroup", "GetScheduleGroup", "DeleteScheduleGroup", *tags], group),
    ]  # fmt: skip


def _alarms(names: _Names) -> list[Statement]:
    alarms, tags = names.regional("cloudwatch", f"alarm:{names.prefix}*"), ["TagResource", "UntagResource"]
    dashboards = [names.everywhere("cloudwatch", f"dashboard/{name}") for name in (names.name, f"{names.prefix}*")]
    return [
        _allow("cloudwatch", ["PutMetricAlarm", "DeleteAlarms", "ListTagsForResource", *tags], alarms),
        # CloudFormation describes alarms by prefix, for which AWS looks at no name.
        _allow("cloudwatch", ["DescribeAlarms"], names.regional("cloudwatch", "alarm:*")),
        _allow("cloudwatch", ["PutDashboard", "GetDashboard", "DeleteDashboards"], dashboards),
        _allow(
            "sns",
            [
                "CreateTopic", "DeleteTopic", "GetTopicAttributes", "SetTopicAttributes", "Subscribe",
                "ListSubscriptionsByTopic", "ListTagsForResource", "GetDataProtectionPolicy", *tags,
            ],
            names.regional("sns", f"{names.prefix}*"),
        ),
        # A subscription is named by its own ARN, which begins with its topic's.
        _allow("sns", ["Unsubscribe"], names.regional("sns", f"{names.prefix}*")),
    ]  # fmt: skip


def _secrets(names: _Names) -> list[Statement]:
    """Made and deleted, never read: CloudFormation generates the value."""
    making = ["CreateSecret", "UpdateSecret", "DeleteSecret", "DescribeSecret", "TagResource", "UntagResource"]
    return [
        _allow("secretsmanager", making, names.regional("secretsmanager", f"secret:{names.prefix}*")),
        _allow("secretsmanager", ["GetRandomPassword"], "*"),
    ]


def _api(names: _Names) -> list[Statement]:
    """API Gateway gives ids of its own, so only kinds can be named: those of this account and region."""

    def paths(*kinds: str) -> list[str]:
        return [f"arn:{names.partition}:apigateway:{names.region}::/{kind}" for kind in kinds]

    return [
        _allow("apigateway", ["GET", "POST"], paths("restapis", "domainnames")),
        _allow("apigateway", ["GET", "POST", "PATCH", "DELETE"], paths("restapis/*", "domainnames/*")),
        _allow("apigateway", ["PUT"], paths("restapis/*", "tags/*")),
        _allow("apigateway", ["GET", "DELETE"], paths("tags/*")),
        # Where its log's role is set, for the whole account.
        _allow("apigateway", ["GET"], paths("account")),
    ]


def _around(names: _Names) -> list[Statement]:
    """What the check before a deploy asks: who is asking, and what that one may."""
    identities = [names.everywhere("iam", kind) for kind in ("role/*", "user/*")]
    return [_allow("iam", ["SimulatePrincipalPolicy"], identities)]


def _allow(service: str, actions: Sequence[str], resource: str | list[str]) -> Statement:
    return {"Effect": "Allow", "Action": [f"{service}:{action}" for action in actions], "Resource": resource}


def _where(condition: Mapping[str, Any], statement: Statement) -> Statement:
    return {**statement, "Condition": dict(condition)}
