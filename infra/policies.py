"""What each role may do: IAM statements, each on resources of this stage only.

Which action takes which resource: Service Authorization Reference. ARNs are written with CloudFormation's pseudo
parameters, so that one template is the same for every account, region and partition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from troposphere import Ref, Sub

from functions import naming
from functions.settings import RDS_IAM, SECRETS_MANAGER, Settings

Statement = dict[str, Any]
_SCHEDULER = "scheduler.amazonaws.com"
_PLACEHOLDER = re.compile(r"\$\{(AWS::|Stage\})")


def regional_arn(service: str, resource: str) -> Sub:
    """The ARN of something in the stack's own account and region."""
    return Sub(f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}")


def job_functions_arn(stage: str) -> Sub:
    """Every job's function of this stage, and nothing else."""
    return regional_arn("lambda", f"function:{naming.job_prefix(stage)}*")


def job_rules_arn(stage: str) -> Sub:
    """Every rule of this stage on the default event bus, and nothing else."""
    return regional_arn("events", f"rule/{naming.job_prefix(stage)}*")


def dead_letters_arn(stage: str) -> Sub:
    """The dead-letter queue, for stacks that do not contain it."""
    return regional_arn("sqs", naming.dead_letter_queue(stage))


def schedule_group_arn(stage: str) -> Sub:
    """The group that holds this stage's schedules."""
    return regional_arn("scheduler", f"schedule-group/{naming.deployment(stage)}")


def scheduler_role_arn(stage: str) -> Sub:
    """The role EventBridge Scheduler assumes. A role's ARN has no region, its name has."""
    name = naming.scheduler_role(stage, "${AWS::Region}")
    return Sub(f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/{name}")


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def assumed_by_lambda() -> dict[str, Any]:
    """The trust policy of a function's role."""
    return document(_trust("lambda.amazonaws.com"))


def assumed_by_scheduler(stage: str) -> dict[str, Any]:
    """The trust policy of the schedules' role, for our group only (Scheduler, "Confused deputy prevention")."""
    condition = {
        "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
        "ArnEquals": {"aws:SourceArn": schedule_group_arn(stage)},
    }
    return document({**_trust(_SCHEDULER), "Condition": condition})


def write_logs(function_name: str) -> Statement:
    """Log lines into the function's own log group; the group itself is the stack's, so it cannot be made again."""
    group = regional_arn("logs", f"log-group:/aws/lambda/{function_name}:*")
    return _allow(["logs:CreateLogStream", "logs:PutLogEvents"], group)


def send_dead_letters(queue_arn: Any) -> Statement:
    """Whoever gives up on an event puts it into the queue with its own role (Lambda, "Adding a destination")."""
    return _allow(["sqs:SendMessage"], queue_arn)


def invoke_jobs(stage: str) -> Statement:
    """Start any job of this stage."""
    return _allow(["lambda:InvokeFunction"], job_functions_arn(stage))


def manage_triggers(stage: str) -> list[Statement]:
    """Make, change, switch and delete what fires this stage's jobs; not the one-time schedules beside it."""
    rules = ["PutRule", "DeleteRule", "EnableRule", "DisableRule"]
    targets = ["PutTargets", "RemoveTargets", "ListTargetsByRule"]
    schedules = ["CreateSchedule", "UpdateSchedule", "DeleteSchedule", "GetSchedule"]
    own = f"schedule/{naming.deployment(stage)}/{naming.job_prefix(stage)}*"
    return [
        _allow([f"events:{action}" for action in rules + targets], job_rules_arn(stage)),
        _allow([f"scheduler:{action}" for action in schedules], regional_arn("scheduler", own)),
        _allow(["scheduler:GetScheduleGroup"], schedule_group_arn(stage)),
        # The only "*" we grant: neither action has a resource type it could be limited to. Both only list names.
        _allow(["events:ListRules", "scheduler:ListSchedules"], "*"),
        _pass_role_to_scheduler(stage),
    ]


def look_at_rules(stage: str) -> Statement:
    """Look at one rule of a job, where the whole list is not wanted."""
    return _allow(["events:DescribeRule"], job_rules_arn(stage))


def schedule_starts(stage: str) -> Statement:
    """Make the one-time schedules that start executions which are due later, and nothing else in the group."""
    own = f"schedule/{naming.deployment(stage)}/{naming.start_prefix(stage)}*"
    return _allow(["scheduler:CreateSchedule"], regional_arn("scheduler", own))


def schedule_retries(stage: str) -> list[Statement]:
    """Make the one-time schedules that bring a job's retries, and nothing else in the group."""
    own = f"schedule/{naming.deployment(stage)}/{naming.retry_prefix(stage)}*"
    return [_allow(["scheduler:CreateSchedule"], regional_arn("scheduler", own)), _pass_role_to_scheduler(stage)]


def log_in_to_database(settings: Settings, *, proxy: Any | None = None) -> list[Statement]:
    """Get the login where DATABASE_SECRET_SOURCE says; nothing while DATABASE_URL holds it. `proxy`: its own id."""
    if settings.database_secret_source == SECRETS_MANAGER:
        return read_secret(settings.database_secret_id)
    if settings.database_secret_source == RDS_IAM:
        user = unquote(urlsplit(settings.database_url).username or "")
        resource = regional_arn("rds-db", f"dbuser:{settings.database_resource_id}/{user}")
        if proxy is not None:
            resource = Sub(regional_arn("rds-db", f"dbuser:${{Proxy}}/{user}").data["Fn::Sub"], Proxy=proxy)
        return [_allow(["rds-db:connect"], resource)]
    return []


def read_secret(secret: Any, *, key: Any | None = None) -> list[Statement]:
    """Read this one secret (a name, an ARN, a Ref), and nothing where there is none.

    `key`: the ARN of the KMS key it is encrypted with, where that is not Secrets Manager's own, which needs no grant;
    it may then be used through Secrets Manager alone (Secrets Manager, "Secret encryption and decryption").
    """
    if secret is None:
        return []
    arn = _secret_arn(secret) if isinstance(secret, str) else secret
    reading = _allow(["secretsmanager:GetSecretValue"], arn)
    if key is None:
        return [reading]
    through = Sub("secretsmanager.${AWS::Region}.${AWS::URLSuffix}")
    return [reading, {**_allow(["kms:Decrypt"], key), "Condition": {"StringEquals": {"kms:ViaService": through}}}]


def _secret_arn(secret_id: str) -> Any:
    # Secrets Manager ends an ARN with six characters of its own, which a name does not tell ("IAM policy examples").
    return secret_id if secret_id.startswith("arn:") else regional_arn("secretsmanager", f"secret:{secret_id}-??????")


def job_permissions(stage: str, statements: Iterable[Mapping[str, Any]]) -> list[Statement]:
    """What a job's author asked for: allowed unless the statement says otherwise.

    A Resource may hold ${Stage} and CloudFormation's ${AWS::Partition}, ${AWS::Region} and ${AWS::AccountId}.
    """
    return [{"Effect": "Allow", **statement, "Resource": _located(stage, statement["Resource"])}
            for statement in statements]  # fmt: skip


def _located(stage: str, resource: Any) -> Any:
    if isinstance(resource, list | tuple):
        return [_located(stage, one) for one in resource]
    if not isinstance(resource, str) or not _PLACEHOLDER.search(resource):
        return resource
    # IAM's own variables, such as ${aws:username}, are not CloudFormation's to replace.
    return Sub(re.sub(r"\$\{(?!AWS::|!)", "${!", resource.replace("${Stage}", stage)))


def receive_from_rules(stage: str, queue_arn: Any) -> Statement:
    """EventBridge puts what a rule could not deliver into the queue as a service, not through a role of ours."""
    return {
        **_allow(["sqs:SendMessage"], queue_arn),
        "Principal": {"Service": "events.amazonaws.com"},
        "Condition": {
            "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
            "ArnLike": {"aws:SourceArn": job_rules_arn(stage)},
        },
    }


def _pass_role_to_scheduler(stage: str) -> Statement:
    return {
        **_allow(["iam:PassRole"], scheduler_role_arn(stage)),
        "Condition": {"StringEquals": {"iam:PassedToService": _SCHEDULER}},
    }


def _allow(actions: list[str], resource: Any) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _trust(service: str) -> Statement:
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}


def join_network() -> list[Statement]:
    """Put a function's network interface into its subnets, which Lambda does with the function's role.

    Lambda wants all ids of a kind for these, and "*" for what lists; only it may use them, never the function's own
    code ("Giving Lambda functions access to resources in an Amazon VPC"). IAM takes no wildcard for the kind itself.
    """
    making = ["CreateNetworkInterface"]
    changing = ["DeleteNetworkInterface", "AssignPrivateIpAddresses", "UnassignPrivateIpAddresses"]
    listing = ["DescribeNetworkInterfaces", "DescribeSubnets"]
    interfaces = regional_arn("ec2", "network-interface/*")
    made_in = [regional_arn("ec2", f"{kind}/*") for kind in ("subnet", "security-group")]
    return [
        _allow([f"ec2:{action}" for action in making], [interfaces, *made_in]),
        _allow([f"ec2:{action}" for action in changing], interfaces),
        _allow([f"ec2:{action}" for action in listing], "*"),
        {
            "Effect": "Deny",
            "Action": [f"ec2:{action}" for action in making + changing + listing],
            "Resource": "*",
            "Condition": {"ArnLike": {"lambda:SourceFunctionArn": regional_arn("lambda", "function:*")}},
        },
    ]


def use_key(key_arn: str | None) -> list[Statement]:
    """Read an environment that is encrypted with the key, and write to a queue that is."""
    return [] if key_arn is None else [_allow(["kms:Decrypt", "kms:GenerateDataKey"], key_arn)]


def assumed_by_rds() -> dict[str, Any]:
    """The trust policy of the database proxy's role, for this account only."""
    condition = {"StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")}}
    return document({**_trust("rds.amazonaws.com"), "Condition": condition})


def read_proxy_secret(secret_arn: str, key_arn: str | None) -> list[Statement]:
    """Get the login the database proxy uses; where the secret has a key of its own, through Secrets Manager alone."""
    statements = [_allow(["secretsmanager:GetSecretValue"], secret_arn)]
    if key_arn is not None:
        via = {"StringEquals": {"kms:ViaService": Sub("secretsmanager.${AWS::Region}.${AWS::URLSuffix}")}}
        statements.append({**_allow(["kms:Decrypt"], key_arn), "Condition": via})
    return statements


def publish_alarms(stage: str, topic_arn: Any) -> Statement:
    """CloudWatch tells the topic of alarms of this stage, as a service."""
    return {
        **_allow(["sns:Publish"], topic_arn),
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Condition": {
            "StringEquals": {"aws:SourceAccount": Ref("AWS::AccountId")},
            "ArnLike": {"aws:SourceArn": regional_arn("cloudwatch", f"alarm:{naming.deployment(stage)}-*")},
        },
    }
