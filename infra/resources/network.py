"""Functions in a VPC: their subnets and security groups."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from troposphere import GetAtt, Template
from troposphere.awslambda import VPCConfig

from functions.settings import Settings
from infra.deployment import Deployment
from infra.resources.shared_values import shared

FUNCTIONS_GROUP = "FunctionsGroup"
"""The security group we make where none is named: its logical id, in the shared stack."""

_POSTGRESQL = 5432


def vpc_config(template: Template, deployment: Deployment) -> VPCConfig | None:
    """Where a function of this template runs; None: in Lambda's own network."""
    vpc = deployment.options.vpc
    if vpc is None:
        return None
    return VPCConfig(SubnetIds=list(vpc.subnet_ids), SecurityGroupIds=function_groups(template, deployment))


def function_groups(template: Template, deployment: Deployment) -> list[Any]:
    """The security groups of the functions: those that are named, or ours."""
    vpc = deployment.options.vpc
    if vpc is not None and vpc.security_group_ids:
        return list(vpc.security_group_ids)
    if FUNCTIONS_GROUP in template.resources:
        return [GetAtt(FUNCTIONS_GROUP, "GroupId")]
    return [shared(template, deployment.stage, FUNCTIONS_GROUP)]


def database_port(settings: Settings) -> int:
    """The port in DATABASE_URL."""
    return urlsplit(settings.database_url).port or _POSTGRESQL
