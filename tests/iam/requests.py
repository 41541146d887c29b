"""What IAM is asked when an operation of AWS is called: Service Authorization Reference, one table a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.iam.evaluator import Request
from tests.iam.recorder import Call, Recorder
from tests.iam.stage import REGION, VARIANTS, arn

Params = Mapping[str, Any]
# AWS answers it to everybody, whatever their policy says (IAM API Reference, GetCallerIdentity).
FREE = {"sts:GetCallerIdentity"}


def needed(call: Call, recorder: Recorder) -> list[Request]:
    """What the caller must be allowed. Raises KeyError for an operation that no table has yet."""
    made = f"{call.service}:{call.operation}"
    if made in FREE:
        return []
    asked = _OPERATIONS[made](call.params)
    if call.service == "cloudformation":
        asked = [_on_its_stack(request, recorder) for request in asked]
    return [*asked, *_passed(call.service, call.params)]


def made_for(call: Call) -> list[tuple[str, Request]]:
    """What somebody else must be allowed later for this call to be of use: Scheduler's role, for what it will start."""
    if call.operation not in ("CreateSchedule", "UpdateSchedule"):
        return []
    target = call.params["Target"]
    role = target["RoleArn"].rpartition("/")[2].removeprefix("lamplighter-dev-").removesuffix(f"-{REGION}")
    return [
        (role, Request(action="lambda:InvokeFunction", resource=target["Arn"])),
        (role, Request(action="sqs:SendMessage", resource=target["DeadLetterConfig"]["Arn"])),
    ]


def function(name: str) -> str:
    """The ARN of a Lambda function."""
    return name if name.startswith("arn:") else arn("lambda", f"function:{name}")


def _passed(service: str, params: Params) -> list[Request]:
    roles = {params.get("RoleArn"), params.get("Target", {}).get("RoleArn")} - {None}
    context = {"iam:PassedToService": f"{service}.amazonaws.com"}
    return [Request(action="iam:PassRole", resource=str(role), context=context) for role in roles]


def _of(action: str, resource: Callable[[Params], str]) -> Callable[[Params], list[Request]]:
    return lambda params: [Request(action=action, resource=resource(params))]


def _rule(params: Params) -> str:
    return arn("events", f"rule/{params.get('Name') or params['Rule']}")


def _schedule(params: Params) -> str:
    return arn("scheduler", f"schedule/{params['GroupName']}/{params['Name']}")


def _bucket(params: Params) -> str:
    return f"arn:aws:s3:::{params['Bucket']}"


def _object(params: Params) -> str:
    return f"arn:aws:s3:::{params['Bucket']}/{params['Key']}"


def _stack(params: Params) -> str:
    # All stacks are described under the name of any (CloudFormation User Guide, "Control access with IAM").
    named = params.get("StackName") or params.get("ChangeSetName") or "*"
    return str(named) if str(named).startswith("arn:") else arn("cloudformation", f"stack/{named}/*")


def _change(params: Params) -> list[Request]:
    asked = [Request(action="cloudformation:CreateChangeSet", resource=_stack(params))]
    if "TemplateURL" in params:
        # CloudFormation reads the template with the credentials of whoever names it.
        bucket_and_key = str(params["TemplateURL"]).split("/", 3)[3]
        asked.append(Request(action="s3:GetObject", resource=f"arn:aws:s3:::{bucket_and_key}"))
    return asked


def _on_its_stack(request: Request, recorder: Recorder) -> Request:
    stack = recorder.stacks.get(request.resource, request.resource)
    return Request(action=request.action, resource=stack, context=request.context)


def _secret(params: Params) -> str:
    # Secrets Manager adds six characters to a name.
    given = params["SecretId"]
    return given if given.startswith("arn:") else arn("secretsmanager", f"secret:{given}-AbCdEf")


def _everywhere(_params: Params) -> str:
    return "*"


_OPERATIONS: dict[str, Callable[[Params], list[Request]]] = {
    **{
        f"events:{name}": _of(f"events:{name}", _rule)
        for name in (
            "PutRule", "DeleteRule", "EnableRule", "DisableRule", "DescribeRule", "PutTargets", "RemoveTargets",
            "ListTargetsByRule",
        )
    },
    "events:ListRules": _of("events:ListRules", _everywhere),
    **{
        f"scheduler:{name}": _of(f"scheduler:{name}", _schedule)
        for name in ("CreateSchedule", "UpdateSchedule", "DeleteSchedule", "GetSchedule")
    },
    "scheduler:ListSchedules": _of("scheduler:ListSchedules", _everywhere),
    "scheduler:GetScheduleGroup": _of(
        "scheduler:GetScheduleGroup", lambda params: arn("scheduler", f"schedule-group/{params['Name']}")
    ),
    "lambda:Invoke": _of("lambda:InvokeFunction", lambda params: function(params["FunctionName"])),
    "lambda:ListFunctions": _of("lambda:ListFunctions", _everywhere),
    "lambda:GetAccountSettings": _of("lambda:GetAccountSettings", _everywhere),
    "apigateway:GetAccount": _of("apigateway:GET", lambda _: f"arn:aws:apigateway:{REGION}::/account"),
    "iam:SimulatePrincipalPolicy": _of("iam:SimulatePrincipalPolicy", lambda params: str(params["PolicySourceArn"])),
    "logs:FilterLogEvents": _of(
        "logs:FilterLogEvents", lambda params: arn("logs", f"log-group:{params['logGroupName']}")
    ),
    "secretsmanager:GetSecretValue": _of("secretsmanager:GetSecretValue", _secret),
    "rds-db:connect": _of(
        "rds-db:connect",
        lambda params: arn("rds-db", f"dbuser:{VARIANTS['rds-iam']['DATABASE_RESOURCE_ID']}/{params['DBUser']}"),
    ),
    "s3:HeadBucket": _of("s3:ListBucket", _bucket),
    "s3:ListObjectsV2": _of("s3:ListBucket", _bucket),
    "s3:CreateBucket": _of("s3:CreateBucket", _bucket),
    "s3:DeleteBucket": _of("s3:DeleteBucket", _bucket),
    "s3:HeadObject": _of("s3:GetObject", _object),
    "s3:GetObject": _of("s3:GetObject", _object),
    "s3:PutObject": _of("s3:PutObject", _object),
    "s3:DeleteObject": _of("s3:DeleteObject", _object),
    "s3:ListObjectVersions": _of("s3:ListBucketVersions", _bucket),
    "s3:DeleteObjects": lambda params: [
        Request(
            action="s3:DeleteObjectVersion" if "VersionId" in each else "s3:DeleteObject",
            resource=f"{_bucket(params)}/{each['Key']}",
        )
        for each in params["Delete"]["Objects"]
    ],
    "cloudformation:CreateChangeSet": _change,
    **{
        f"cloudformation:{name}": _of(f"cloudformation:{name}", _stack)
        for name in (
            "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "DescribeStacks", "DescribeStackEvents",
            "DeleteStack", "GetTemplate", "ListStackResources",
        )
    },
}  # fmt: skip
OPERATIONS = frozenset(_OPERATIONS) | FREE
