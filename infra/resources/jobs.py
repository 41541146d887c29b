"""The stack of some of the jobs: one function with its own role, memory and timeout for each."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from troposphere import Ref, Template
from troposphere.awslambda import Permission

from functions import naming
from functions.definition import JobDefinition
from functions.smtp_settings import SENDING_JOBS
from infra import policies
from infra.deployment import Deployment
from infra.packaging import Packages
from infra.resources.environment import SMTP_PASSWORD, add_secret, database_address, mail_server
from infra.resources.finishing import finished
from infra.resources.function import FunctionPlan, add_function

# The key of a function's Metadata that says whose it is: this is how a later deploy finds a job's stack again.
JOB_ID = "JobId"


def jobs_template(deployment: Deployment, packages: Packages, jobs: Sequence[JobDefinition]) -> Template:
    """The template of one stack of jobs. Its parameters are the database's address and the mail server's password."""
    template = Template(Description=f"Lamplighter, stage {deployment.stage}: the functions of {len(jobs)} jobs")
    secrets, smtp = database_address(template, deployment), deployment.settings.smtp
    if smtp is not None and smtp.password is not None:
        secrets["SMTP_PASSWORD"] = add_secret(template, SMTP_PASSWORD)
    for job in jobs:
        plan = FunctionPlan(
            title=_title(job.id),
            name=naming.job_name(deployment.stage, job.id),
            description=job.description,
            handler="functions.handler.handle",
            code=packages.functions,
            timeout_s=int(job.timeout.total_seconds()),
            memory_mb=job.memory_mb,
            dead_letters=policies.dead_letters_arn(deployment.stage),
            policy=[
                *policies.schedule_retries(deployment.stage),
                *(policies.read_secret(smtp.secret_id) if smtp is not None and job.id in SENDING_JOBS else []),
                *policies.job_permissions(deployment.stage, job.permissions),
            ],
            secrets=secrets,
            concurrency=job.concurrency or deployment.settings.jobs_concurrency,
            variables={"JOB_MODULE": job.module, **mail_server(smtp)},
            metadata={JOB_ID: job.id},
        )
        function = add_function(template, plan, deployment)
        template.add_resource(_fired_by_rules(plan, Ref(function), deployment.stage))
    return finished(template, deployment.options)


def _title(job_id: str) -> str:
    """A logical id has letters and digits only; the hash keeps `a-b` and `a.b` apart."""
    words = "".join(word.capitalize() for word in job_id.replace(".", "-").replace("_", "-").split("-"))
    return words + hashlib.sha256(job_id.encode()).hexdigest()[:6]


def _fired_by_rules(plan: FunctionPlan, function: Ref, stage: str) -> Permission:
    # One statement for every rule we will ever make: a function's policy is capped at 20,480 bytes.
    return Permission(
        f"{plan.title}Rules",
        Action="lambda:InvokeFunction",
        FunctionName=function,
        Principal="events.amazonaws.com",
        SourceAccount=Ref("AWS::AccountId"),
        SourceArn=policies.job_rules_arn(stage),
    )
