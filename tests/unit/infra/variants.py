"""Deployments as they are wanted, from the smallest to one with every option on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from functions.definition import JobDefinition
from functions.jobs.mark_lost_executions import mark_lost_executions
from functions.registry import collect
from infra.deployment import Deployment, Target
from tests.unit.infra.deployments import deployment_of

_PLACE = "eu-central-1:123456789012"
SUBNETS = ["subnet-0aaaaaaaaaaaaaaa1", "subnet-0aaaaaaaaaaaaaaa2"]
VPC = {"subnet_ids": SUBNETS, "vpc_id": "vpc-0aaaaaaaaaaaaaaa3"}
GIVEN_GROUPS = {"subnet_ids": SUBNETS, "security_group_ids": ["sg-0aaaaaaaaaaaaaaa4"]}
SECRET = f"arn:aws:secretsmanager:{_PLACE}:secret:prod/jobs-AbCdEf"
KEY = f"arn:aws:kms:{_PLACE}:key/0aaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
PROXY = {"instance_id": "jobs-prod", "secret_arn": SECRET}
DOMAIN = {
    "name": "jobs.example.com",
    "certificate_arn": f"arn:aws:acm:{_PLACE}:certificate/0aaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "hosted_zone_id": "Z0123456789ABCDEFGHIJ",
}
EVERYTHING: Mapping[str, Any] = {
    "vpc": VPC,
    "database_proxy": {**PROXY, "secret_kms_key_arn": KEY},
    "kms_key_arn": KEY,
    "permissions_boundary_arn": "arn:aws:iam::123456789012:policy/teams/boundary",
    "tags": {"team": "ops + friends", "cost:centre": "42"},
    "alarm_emails": ["ops@example.com", "night@example.com"],
    "domain": DOMAIN,
    "waf_acl_arn": f"arn:aws:wafv2:{_PLACE}:regional/webacl/jobs/0aaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
    "api": {"requests_per_second": 20, "burst": 40},
}
RDS_IAM = {
    "DATABASE_SECRET_SOURCE": "rds-iam",
    "DATABASE_URL": "postgresql://the%2Bjobs@db.example:5433/jobs?application_name=jobs",
    "DATABASE_RESOURCE_ID": "db-ABC1",
    "DATABASE_TLS_ROOT_CERT": "/opt/rds-global-bundle.pem",
}
EXPORT = JobDefinition(
    id="nightly.export", permissions=({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::exports/*"},)
)
JOBS = (*(job.definition for job in collect(["functions.jobs"])), EXPORT)
FEW_JOBS = (mark_lost_executions.definition, EXPORT)
X86 = Target(python="3.11", architecture="x86_64")


def everything(*, jobs: tuple[JobDefinition, ...] = FEW_JOBS) -> Deployment:
    return deployment_of(jobs, environ=RDS_IAM, options=EVERYTHING)


def with_proxy() -> Deployment:
    return deployment_of(FEW_JOBS, environ=RDS_IAM, options={"vpc": VPC, "database_proxy": PROXY})


def variants() -> dict[str, Deployment]:
    """Each kind of deployment once, by what is special about it."""
    return {
        "minimal": deployment_of(JOBS),
        "one-machine": deployment_of(FEW_JOBS, endpoint_url="http://127.0.0.1:4566"),
        "x86_64": deployment_of(FEW_JOBS, target=X86),
        "vpc": deployment_of(FEW_JOBS, options={"vpc": GIVEN_GROUPS}),
        "proxy": with_proxy(),
        "everything": everything(),
    }


def thousand_jobs() -> tuple[JobDefinition, ...]:
    """And one, which begins a stack; as long as a job's words may be, and with permissions of their own."""
    return tuple(
        JobDefinition(
            id=f"{'long-' * 19}{number:04d}"[-100:],
            description="d" * 500,
            timeout=timedelta(minutes=5),
            permissions=EXPORT.permissions,
            concurrency=1,
        )
        for number in range(1_001)
    )
