"""What whoever deploys a stage must be allowed: IAM policies for a person or a CI, on this stage's resources alone.

CloudFormation makes what the templates describe with the credentials of whoever deploys, so its calls are in here too
(the `handlers` of each type's schema name them). A managed policy holds 6,144 characters: hence several.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from infra.deployer_names import Names, allow, where
from infra.deployer_options import options_statements
from infra.deployment import Deployment
from infra.policies import Statement, document

# "IAM and AWS STS quotas": white space is not counted.
LARGEST = 6_144
_LAMBDA = "lambda.amazonaws.com"


def deployer_policies(
    deployment: Deployment, *, boundary: str | None = None, uses: Collection[str] = ()
) -> dict[str, dict[str, Any]]:
    """The documents by name. With `boundary`, the ARN of a policy, no role can be made or changed without it.

    uses: which of OPTIONAL the stage has; what the others would take is not granted.

    Without one, whoever deploys can give a role of this stage any permission there is, and so use any: a deployer who
    is not an administrator anyway needs a boundary (IAM, "Permissions boundaries for IAM entities").
    """
    names = Names(deployment)
    statements = {
        "stacks": [*_stacks(names), *_bucket(names), *_operations(names), *_triggers(names)],
        "functions": [*_functions(names), *_roles(names, boundary), *_shared(names)],
        "extras": [*_alarms(names), *_secrets(names), *_api(names), *_around(names)],
    }
    if uses:
        statements["options"] = options_statements(names, uses)
    return {f"{names.prefix}deployer-{name}-{names.region}": document(*some) for name, some in statements.items()}


def _stacks(names: Names) -> list[Statement]:
    changes = ["CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "DeleteStack"]
    looks = ["DescribeStackEvents", "ListStackResources", "GetTemplate"]
    return [
        allow("cloudformation", changes + looks, names.stacks),
        # Which stacks of jobs there are is asked without a name, which AWS takes for all.
        allow("cloudformation", ["DescribeStacks"], names.regional("cloudformation", "stack/*")),
    ]


def _bucket(names: Names) -> list[Statement]:
    bucket = f"arn:{names.partition}:s3:::{names.bucket}"
    settings = ["PutBucketPublicAccessBlock", "PutBucketVersioning", "PutEncryptionConfiguration", "PutBucketPolicy"]
    listing = ["ListBucket", "ListBucketVersions"]
    return [
        allow("s3", ["CreateBucket", "DeleteBucket", *listing, *settings], bucket),
        allow(
            "s3", ["GetObject", "GetObjectVersion", "PutObject", "DeleteObject", "DeleteObjectVersion"], f"{bucket}/*"
        ),
    ]


def _operations(names: Names) -> list[Statement]:
    # Asked after a deploy whether they work, too: the operations function, the API's, each job's.
    return [allow("lambda", ["InvokeFunction"], names.functions)]


def _triggers(names: Names) -> list[Statement]:
    """What `down` takes away; only the operations function makes any."""
    rules, schedules = f"rule/{names.job_prefix}*", f"schedule/{names.name}/*"
    return [
        allow("events", ["ListTargetsByRule", "RemoveTargets", "DeleteRule"], names.regional("events", rules)),
        allow("scheduler", ["DeleteSchedule"], names.regional("scheduler", schedules)),
        allow("events", ["ListRules"], "*"),
        allow("scheduler", ["ListSchedules"], "*"),
    ]


def _functions(names: Names) -> list[Statement]:
    return [
        allow(
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
        allow("lambda", ["ListFunctions", "GetAccountSettings"], "*"),
        allow(
            "logs",
            [
                "CreateLogGroup", "DeleteLogGroup", "PutRetentionPolicy", "DeleteRetentionPolicy", "TagResource",
                "UntagResource", "ListTagsForResource", "AssociateKmsKey", "DisassociateKmsKey",
                "GetDataProtectionPolicy",
            ],
            [
                names.regional("logs", f"log-group:/aws/lambda/{names.prefix}*"),
                names.regional("logs", f"log-group:/aws/apigateway/{names.name}"),
            ],
        ),
        allow("logs", ["DescribeLogGroups", "DescribeResourcePolicies", "DescribeIndexPolicies"], "*"),
    ]  # fmt: skip


def _roles(names: Names, boundary: str | None) -> list[Statement]:
    changing = ["CreateRole", "PutRolePolicy", "DeleteRolePolicy", "AttachRolePolicy", "DetachRolePolicy"]
    rest = [
        "DeleteRole", "GetRole", "GetRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies", "UpdateRole",
        "UpdateRoleDescription", "UpdateAssumeRolePolicy", "TagRole", "UntagRole",
    ]  # fmt: skip
    passing = {"StringEquals": {"iam:PassedToService": _LAMBDA}}
    statements = [
        allow("iam", rest, names.roles),
        where({"StringEquals": {"iam:PermissionsBoundary": boundary}}, allow("iam", changing, names.roles))
        if boundary is not None
        else allow("iam", [*changing, "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary"], names.roles),
        where(passing, allow("iam", ["PassRole"], names.roles)),
    ]
    if boundary is not None:
        setting = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
        statements.append(where(setting, allow("iam", ["PutRolePermissionsBoundary"], names.roles)))
    return statements


def _shared(names: Names) -> list[Statement]:
    group = names.regional("scheduler", f"schedule-group/{names.name}")
    tags = ["TagResource", "UntagResource", "ListTagsForResource"]
    return [
        allow(
            "sqs",
            [
                "CreateQueue", "DeleteQueue", "GetQueueAttributes", "GetQueueUrl", "SetQueueAttributes",
                "ListQueueTags", "TagQueue", "UntagQueue",
            ],
            names.regional("sqs", f"{names.prefix}*"),
        ),
        allow("scheduler", ["CreateScheduleGroup", "GetScheduleGroup", "DeleteScheduleGroup", *tags], group),
    ]  # fmt: skip


def _alarms(names: Names) -> list[Statement]:
    alarms, tags = names.regional("cloudwatch", f"alarm:{names.prefix}*"), ["TagResource", "UntagResource"]
    dashboards = [names.everywhere("cloudwatch", f"dashboard/{name}") for name in (names.name, f"{names.prefix}*")]
    return [
        allow("cloudwatch", ["PutMetricAlarm", "DeleteAlarms", "ListTagsForResource", *tags], alarms),
        # CloudFormation describes alarms by prefix, for which AWS looks at no name.
        allow("cloudwatch", ["DescribeAlarms"], names.regional("cloudwatch", "alarm:*")),
        allow("cloudwatch", ["PutDashboard", "GetDashboard", "DeleteDashboards"], dashboards),
        allow("cloudwatch", ["ListTagsForResource", *tags], dashboards),
        allow(
            "sns",
            [
                "CreateTopic", "DeleteTopic", "GetTopicAttributes", "SetTopicAttributes", "Subscribe",
                "ListSubscriptionsByTopic", "ListTagsForResource", "GetDataProtectionPolicy", *tags,
            ],
            names.regional("sns", f"{names.prefix}*"),
        ),
        # A subscription is named by its own ARN, which begins with its topic's.
        allow("sns", ["Unsubscribe"], names.regional("sns", f"{names.prefix}*")),
    ]  # fmt: skip


def _secrets(names: Names) -> list[Statement]:
    """Made and deleted, never read: CloudFormation generates the value."""
    making = ["CreateSecret", "UpdateSecret", "DeleteSecret", "DescribeSecret", "TagResource", "UntagResource"]
    return [
        allow("secretsmanager", making, names.regional("secretsmanager", f"secret:{names.name}/*")),
        allow("secretsmanager", ["GetRandomPassword"], "*"),
    ]


def _api(names: Names) -> list[Statement]:
    """API Gateway gives ids of its own, so only kinds can be named: those of this account and region."""

    def paths(*kinds: str) -> list[str]:
        return [f"arn:{names.partition}:apigateway:{names.region}::/{kind}" for kind in kinds]

    return [
        allow("apigateway", ["GET", "POST"], paths("restapis")),
        allow("apigateway", ["GET", "POST", "PATCH", "DELETE"], paths("restapis/*")),
        allow("apigateway", ["PUT"], paths("restapis/*", "tags/*")),
        allow("apigateway", ["GET", "DELETE"], paths("tags/*")),
        # Where its log's role is set, for the whole account.
        allow("apigateway", ["GET"], paths("account")),
    ]


def _around(names: Names) -> list[Statement]:
    """What the check before a deploy asks: who is asking, and what that one may."""
    identities = [names.everywhere("iam", kind) for kind in ("role/*", "user/*")]
    return [allow("iam", ["SimulatePrincipalPolicy"], identities)]
