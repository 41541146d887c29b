"""One stage in every variant: its templates, and each role in them with its policy as AWS would see it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from functions import naming
from functions.definition import JobDefinition
from functions.job import MAY_ENQUEUE
from functions.registry import collect
from infra.deployer_options import uses_of
from infra.deployer_policy import deployer_policies
from infra.deployment import Deployment
from infra.job_stacks import stack_name
from infra.planner_policy import planner_policies
from infra.resources.api import api_template
from infra.resources.jobs import jobs_template
from infra.resources.shared import shared_template
from tests.iam.evaluator import Statement
from tests.unit.infra.deployments import ENVIRONMENT, deployment_of, packages
from tests.unit.infra.variants import EVERYTHING, GIVEN_GROUPS, KEY, VPC

STAGE, REGION, ACCOUNT = ENVIRONMENT["STAGE"], ENVIRONMENT["AWS_REGION"], ENVIRONMENT["ACCOUNT_ID"]


def arn(service: str, resource: str) -> str:
    """An ARN in the stage's account and region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


# Every way a function can come to its login; the statements differ.
VARIANTS: dict[str, dict[str, str]] = {
    "environment": {},
    "secret": {
        "AUTH_SIGNING_KEY": "",  # the API's stack makes one
        "DATABASE_SECRET_SOURCE": "secrets-manager",
        "DATABASE_SECRET_ID": "prod/jobs",
        "DATABASE_URL": "postgresql://db.example:5432/jobs?sslmode=require",
    },
    "kept": {
        "AUTH_SIGNING_KEY": "",
        "AUTH_SECRET_ID": "prod/auth",
        "SMTP_HOST": "mail.example.com",
        "SMTP_FROM": "jobs@example.com",
        "SMTP_SECRET_ID": "prod/mail",
    },
    "rds-iam": {
        "DATABASE_SECRET_SOURCE": "rds-iam",
        "DATABASE_RESOURCE_ID": "cluster-ABC1",
        "DATABASE_URL": "postgresql://jobs@db.example:5432/jobs?sslmode=require",
    },
}
# What a stage may have beside that, each with a login of the database's it goes with.
PROXY_SECRET = arn("secretsmanager", "secret:prod/proxy-AbCdEf")
BEHIND_PROXY = {"instance_id": "jobs-prod", "secret_arn": PROXY_SECRET}
OPTIONS: dict[str, Mapping[str, Any]] = {
    "vpc": {"vpc": GIVEN_GROUPS},
    "proxy": {"vpc": VPC, "database_proxy": BEHIND_PROXY},
    "kms": {"kms_key_arn": KEY},
    "everything": {**EVERYTHING, "database_proxy": {**BEHIND_PROXY, "secret_kms_key_arn": KEY}},
}
VARIANTS |= {"vpc": VARIANTS["secret"], "kms": VARIANTS["secret"]}
VARIANTS |= {name: {**VARIANTS["rds-iam"], "AUTH_SIGNING_KEY": ""} for name in ("proxy", "everything")}
PROXY_ID = "prx-0123456789abcdef0"
# The two beside ours: one that asks for something of its own, one that may enqueue.
EXPORT = JobDefinition(
    id="nightly-export",
    schedule="0 3 * * *",
    permissions=({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::exports/${Stage}/*"},),
)
CLOSING = JobDefinition(id="close-the-day", schedule="0 22 * * *", permissions=MAY_ENQUEUE)
JOBS = tuple(found.definition for found in collect(("functions.jobs",)))
SCHEDULER, OPERATIONS, API, PROXY = "scheduler", "operations", "api", "database-proxy"
DEPLOYER, PLANNER = "deployer", "planner"
_PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Region": REGION,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


@dataclass(frozen=True)
class Role:
    """A role of the templates. `name`: what is left of its name without stage and region."""

    name: str
    statements: tuple[Statement, ...]
    trust: tuple[Statement, ...]
    managed: tuple[str, ...]
    boundary: str | None


def job_role(job_id: str) -> str:
    """What we call the role of a job."""
    return f"job-{job_id}"


def deployment(variant: str = "environment") -> Deployment:
    """The stage with all jobs."""
    return deployment_of([*JOBS, EXPORT, CLOSING], environ=VARIANTS[variant], options=OPTIONS.get(variant))


@cache
def templates(variant: str = "environment") -> Mapping[str, Mapping[str, Any]]:
    """The templates of the stage with all jobs, resolved: no Ref, Sub or GetAtt is left in their policies."""
    stage = deployment(variant)
    made = {
        naming.deployment(STAGE): shared_template(stage, packages()),
        naming.api_function(STAGE): api_template(stage, packages()),
        stack_name(STAGE, 1): jobs_template(stage, packages(), stage.jobs),
    }
    resolved: dict[str, Mapping[str, Any]] = {}
    for name, template in made.items():
        stored = {
            each["Properties"]["Name"]: each["Properties"]["Value"]
            for one in resolved.values()
            for each in one["Resources"].values()
            if each["Type"] == "AWS::SSM::Parameter"
        }
        resolved[name] = _resolved(template.to_dict(), stored)
    return resolved


def resources(variant: str = "environment") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The type and the properties of every resource of the stage."""
    for template in templates(variant).values():
        for resource in template["Resources"].values():
            yield resource["Type"], resource.get("Properties", {})


@cache
def statements_of(role: str) -> tuple[Statement, ...]:
    """What a role's policy says, in all variants together; of whoever deploys or plans, for a stage without options."""
    if role in (DEPLOYER, PLANNER):
        return by_hand(role)
    return tuple(each for variant in VARIANTS if role in roles(variant) for each in roles(variant)[role].statements)


@cache
def by_hand(role: str, variant: str = "environment") -> tuple[Statement, ...]:
    """What `scripts/permissions` prints for whoever deploys this variant, or plans it."""
    stage = deployment(variant)
    boundary, uses = stage.options.permissions_boundary_arn, uses_of(stage.options)
    made = (
        planner_policies(stage, uses=uses)
        if role == PLANNER
        else deployer_policies(stage, boundary=boundary, uses=uses)
    )
    return tuple(statement for document in made.values() for statement in document["Statement"])


@cache
def roles(variant: str = "environment") -> Mapping[str, Role]:
    """Every role of the templates, by its name here."""
    found = [_role(properties) for kind, properties in resources(variant) if kind == "AWS::IAM::Role"]
    return {role.name: role for role in found}


def _role(properties: Mapping[str, Any]) -> Role:
    documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
    name = str(properties["RoleName"]).removeprefix(f"{naming.deployment(STAGE)}-").removesuffix(f"-{REGION}")
    return Role(
        name=name,
        statements=tuple(statement for document in documents for statement in document["Statement"]),
        trust=tuple(properties["AssumeRolePolicyDocument"]["Statement"]),
        managed=tuple(properties.get("ManagedPolicyArns", ())),
        boundary=properties.get("PermissionsBoundary"),
    )


def _resolved(template: Mapping[str, Any], stored: Mapping[str, str]) -> dict[str, Any]:
    looked_up = {
        title: stored[parameter["Default"]]
        for title, parameter in template.get("Parameters", {}).items()
        if "Default" in parameter
    }

    def value(node: Any) -> Any:
        if isinstance(node, list):
            return [value(each) for each in node]
        if not isinstance(node, dict):
            return node
        if node.keys() == {"Ref"}:
            known = {**_PSEUDO, **looked_up}
            return known.get(node["Ref"]) or _reference(template, node["Ref"], "Ref")
        if node.keys() == {"Fn::GetAtt"}:
            return _reference(template, *node["Fn::GetAtt"])
        if node.keys() == {"Fn::Sub"}:
            return substituted(*([node["Fn::Sub"]] if isinstance(node["Fn::Sub"], str) else node["Fn::Sub"]))
        if node.keys() == {"Fn::Split"}:
            sign, text = map(value, node["Fn::Split"])
            return text.split(sign)
        if node.keys() == {"Fn::Select"}:
            index, some = map(value, node["Fn::Select"])
            return some[int(index)]
        if len(node) == 1 and next(iter(node)).startswith("Fn::"):
            return f"<{next(iter(node))}>"
        return {key: value(each) for key, each in node.items()}

    def substituted(text: str, given: Mapping[str, Any] | None = None) -> str:
        known = {**_PSEUDO, **{name: value(each) for name, each in (given or {}).items()}}

        def named(found: re.Match[str]) -> str:
            title, _, attribute = found[1].partition(".")
            return str(known[found[1]]) if found[1] in known else _reference(template, title, attribute or "Ref")

        return re.sub(r"\$\{([^}!]+)\}", named, text)

    return dict(value(template))


def _reference(template: Mapping[str, Any], title: str, attribute: str) -> str:
    """The ARN of what is named, where a policy can name it; elsewhere a word that says what stands there."""
    resource = template.get("Resources", {}).get(title)
    name = None if resource is None else _NAMES.get((resource["Type"], attribute))
    if resource is None or name is None:
        return f"<{title}.{attribute}>"
    return f"arn:aws:{name.format(**resource['Properties'])}"


_PLACE = f"{REGION}:{ACCOUNT}"
_NAMES = {
    ("AWS::SQS::Queue", "Arn"): f"sqs:{_PLACE}:{{QueueName}}",
    ("AWS::Lambda::Function", "Arn"): f"lambda:{_PLACE}:function:{{FunctionName}}",
    ("AWS::Lambda::Function", "Ref"): f"lambda:{_PLACE}:function:{{FunctionName}}",
    ("AWS::SecretsManager::Secret", "Ref"): f"secretsmanager:{_PLACE}:secret:{{Name}}-AbCdEf",
    ("AWS::SNS::Topic", "Ref"): f"sns:{_PLACE}:{{TopicName}}",
    ("AWS::RDS::DBProxy", "DBProxyArn"): f"rds:{_PLACE}:db-proxy:{PROXY_ID}",
}
