"""The stack of what all else relies on: operations function, dead-letter queue, Scheduler's group and role."""

from __future__ import annotations

from troposphere import GetAtt, Ref, Sub, Template
from troposphere.iam import Policy, Role
from troposphere.scheduler import ScheduleGroup
from troposphere.sqs import Queue, QueuePolicy

from functions import naming
from infra import policies
from infra.deployment import Deployment
from infra.packaging import Packages
from infra.resources.environment import DATABASE_URL, add_secret
from infra.resources.function import FunctionPlan, add_function

# Migrations may take all that Lambda allows.
_OPERATIONS_TIMEOUT_S = 900
_MEMORY_MB = 512
_KEEP_DEAD_LETTERS_S = 14 * 24 * 3600


def shared_template(deployment: Deployment, packages: Packages) -> Template:
    """The template of the stack `lamplighter-<stage>`. Its parameter is the database's address."""
    template = Template(Description=f"Lamplighter, stage {deployment.stage}: what all jobs share")
    stage, queue = deployment.stage, _add_queue(template, deployment.stage)
    _add_scheduler(template, stage, queue)
    operations = FunctionPlan(
        title="Operations",
        name=naming.operations_function(stage),
        description="Migrates the database and makes EventBridge match the definitions",
        handler="functions.operations.handle",
        code=packages.functions,
        timeout_s=_OPERATIONS_TIMEOUT_S,
        memory_mb=_MEMORY_MB,
        dead_letters=GetAtt(queue, "Arn"),
        policy=policies.manage_triggers(stage),
        secrets={"DATABASE_URL": add_secret(template, DATABASE_URL)},
    )
    add_function(template, operations, deployment)
    return template


def _add_queue(template: Template, stage: str) -> Queue:
    queue = template.add_resource(
        Queue(
            "DeadLetters",
            QueueName=naming.dead_letter_queue(stage),
            MessageRetentionPeriod=_KEEP_DEAD_LETTERS_S,
            SqsManagedSseEnabled=True,
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Delete",
        )
    )
    allowed = policies.document(policies.receive_from_rules(stage, GetAtt(queue, "Arn")))
    template.add_resource(QueuePolicy("DeadLettersPolicy", Queues=[Ref(queue)], PolicyDocument=allowed))
    return queue


def _add_scheduler(template: Template, stage: str, queue: Queue) -> None:
    template.add_resource(ScheduleGroup("Schedules", Name=naming.deployment(stage)))
    allowed = policies.document(policies.invoke_jobs(stage), policies.send_dead_letters(GetAtt(queue, "Arn")))
    template.add_resource(
        Role(
            "SchedulerRole",
            RoleName=Sub(naming.scheduler_role(stage, "${AWS::Region}")),
            AssumeRolePolicyDocument=policies.assumed_by_scheduler(stage),
            Policies=[Policy(PolicyName="own", PolicyDocument=allowed)],
        )
    )
