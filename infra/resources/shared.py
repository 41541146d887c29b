"""The stack of what all else relies on: operations function, dead-letter queue, Scheduler's group and role, alarms."""

from __future__ import annotations

from troposphere import GetAtt, Ref, Sub, Template
from troposphere.iam import Policy, Role
from troposphere.scheduler import ScheduleGroup
from troposphere.sqs import Queue, QueuePolicy

from functions import naming
from infra import policies
from infra.deployment import Deployment
from infra.packaging import Packages
from infra.resources.alarms import add_alarms
from infra.resources.dashboard import add_dashboard
from infra.resources.environment import database_address
from infra.resources.finishing import finished
from infra.resources.function import FunctionPlan, add_function
from infra.resources.topic import add_topic

# Migrations may take all that Lambda allows.
_OPERATIONS_TIMEOUT_S = 900
_MEMORY_MB = 512
_KEEP_DEAD_LETTERS_S = 14 * 24 * 3600


def shared_template(deployment: Deployment, packages: Packages) -> Template:
    """The template of the stack `lamplighter-<stage>`. Its parameter is the database's address."""
    template = Template(Description=f"Lamplighter, stage {deployment.stage}: what all jobs share")
    stage, queue = deployment.stage, _add_queue(template, deployment.stage)
    _add_scheduler(template, deployment, queue)
    _add_network(template, deployment)
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
        secrets=database_address(template, deployment),
    )
    add_function(template, operations, deployment)
    add_topic(template, deployment)
    add_alarms(template, deployment)
    add_dashboard(template, deployment)
    return finished(template, deployment.options)


def _add_network(template: Template, deployment: Deployment) -> None:
    vpc, proxy = deployment.options.vpc, deployment.options.database_proxy
    if vpc is None:
        return
    # Late: EC2's and RDS's types are a library each, and the one-machine edition has neither.
    from infra.resources.database_proxy import add_database_proxy
    from infra.resources.security_groups import add_functions_group

    add_functions_group(template, deployment, vpc)
    if proxy is not None:
        add_database_proxy(template, deployment, vpc=vpc, proxy=proxy)


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


def _add_scheduler(template: Template, deployment: Deployment, queue: Queue) -> None:
    stage = deployment.stage
    template.add_resource(ScheduleGroup("Schedules", Name=naming.deployment(stage)))
    allowed = policies.document(
        policies.invoke_jobs(stage),
        policies.send_dead_letters(GetAtt(queue, "Arn")),
        *policies.use_key(deployment.options.kms_key_arn),
    )
    template.add_resource(
        Role(
            "SchedulerRole",
            RoleName=Sub(naming.scheduler_role(stage, "${AWS::Region}")),
            AssumeRolePolicyDocument=policies.assumed_by_scheduler(stage),
            Policies=[Policy(PolicyName="own", PolicyDocument=allowed)],
        )
    )
