"""One Lambda function with all that belongs to it: role, log group, and what becomes of an event it cannot finish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from troposphere import GetAtt, Ref, Template
from troposphere.awslambda import (
    Code,
    DestinationConfig,
    Environment,
    EventInvokeConfig,
    Function,
    LoggingConfig,
    OnFailure,
)
from troposphere.iam import Policy, Role
from troposphere.logs import LogGroup

from functions import naming
from infra import policies
from infra.archive import Archive
from infra.deployment import Deployment
from infra.resources.environment import environment
from infra.resources.network import vpc_config
from infra.resources.through_proxy import proxy_resource, through_proxy

# Lambda's own limit on a description (CreateFunction, API reference); EventBridge allows more.
_DESCRIPTION = 256
# An event that waited this long for a free instance goes to the dead-letter queue: by then the next occurrence is due.
_MAX_EVENT_AGE_S = 3600


@dataclass(frozen=True, kw_only=True)
class FunctionPlan:
    """What one function needs. `title` is the start of its logical ids; `policy` its role's statements beside logs.

    `concurrency`: how many instances are reserved for it, and the most it may have; None: what the account has left.
    """

    title: str
    name: str
    description: str
    handler: str
    code: Archive
    timeout_s: int
    memory_mb: int
    dead_letters: Any
    policy: list[policies.Statement] = field(default_factory=list)
    secrets: Mapping[str, Ref] = field(default_factory=dict)
    concurrency: int | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


def add_function(template: Template, plan: FunctionPlan, deployment: Deployment) -> Function:
    """Add the function, its role, log group and event-invoke configuration; returns the function."""
    group = template.add_resource(_log_group(plan, deployment.log_retention_days))
    role = template.add_resource(_role(template, plan, deployment))
    function = template.add_resource(_function(template, plan, deployment, role=role, group=group))
    template.add_resource(_event_invoke_config(plan, function))
    return function


def _log_group(plan: FunctionPlan, retention_days: int) -> LogGroup:
    # Goes with its function: the history of executions, their log lines too, is in PostgreSQL.
    return LogGroup(
        f"{plan.title}Logs",
        LogGroupName=f"/aws/lambda/{plan.name}",
        RetentionInDays=retention_days,
        DeletionPolicy="Delete",
        UpdateReplacePolicy="Delete",
    )


def _role(template: Template, plan: FunctionPlan, deployment: Deployment) -> Role:
    options = deployment.options
    own = policies.document(
        policies.write_logs(plan.name),
        policies.send_dead_letters(plan.dead_letters),
        *policies.log_in_to_database(deployment.settings, proxy=proxy_resource(template, deployment)),
        *(policies.join_network() if options.vpc is not None else []),
        *policies.use_key(options.kms_key_arn),
        *plan.policy,
    )
    return Role(
        f"{plan.title}Role",
        RoleName=naming.role(plan.name, deployment.settings.region),
        AssumeRolePolicyDocument=policies.assumed_by_lambda(),
        Policies=[Policy(PolicyName="own", PolicyDocument=own)],
    )


def _function(
    template: Template, plan: FunctionPlan, deployment: Deployment, *, role: Role, group: LogGroup
) -> Function:
    where_set: dict[str, Any] = {
        "ReservedConcurrentExecutions": plan.concurrency,
        "VpcConfig": vpc_config(template, deployment),
    }
    variables = {**environment(deployment.settings), **plan.variables, **plan.secrets}
    return Function(
        f"{plan.title}Function",
        FunctionName=plan.name,
        Description=plan.description[:_DESCRIPTION],
        Handler=plan.handler,
        Runtime=f"python{deployment.target.python}",
        Architectures=[deployment.target.architecture],
        Code=Code(S3Bucket=deployment.bucket, S3Key=plan.code.key),
        Role=GetAtt(role, "Arn"),
        Timeout=plan.timeout_s,
        MemorySize=plan.memory_mb,
        Environment=Environment(Variables=variables | through_proxy(template, deployment)),
        LoggingConfig=LoggingConfig(LogGroup=Ref(group)),
        Metadata=dict(plan.metadata),
        **{name: value for name, value in where_set.items() if value is not None},
    )


def _event_invoke_config(plan: FunctionPlan, function: Function) -> EventInvokeConfig:
    # No retry by Lambda: retries are rows of ours, and two owners would run a job three times.
    return EventInvokeConfig(
        f"{plan.title}Invoke",
        FunctionName=Ref(function),
        Qualifier="$LATEST",
        MaximumRetryAttempts=0,
        MaximumEventAgeInSeconds=_MAX_EVENT_AGE_S,
        DestinationConfig=DestinationConfig(OnFailure=OnFailure(Destination=plan.dead_letters)),
    )
