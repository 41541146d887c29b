"""The security groups we make where the options name none: nothing comes in, and out goes what is known."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Template
from troposphere.ec2 import SecurityGroup, SecurityGroupRule

from functions import naming
from functions.settings import Settings
from infra.deployment import Deployment
from infra.options import DatabaseProxy, Vpc
from infra.resources.network import FUNCTIONS_GROUP, database_port, function_groups
from infra.resources.shared_values import share

_HTTPS = 443


def add_functions_group(template: Template, deployment: Deployment, vpc: Vpc) -> None:
    """Add the functions' security group to the shared stack, unless others are named."""
    if vpc.security_group_ids:
        return
    group = SecurityGroup(
        FUNCTIONS_GROUP,
        GroupName=f"{naming.deployment(deployment.stage)}-functions",
        GroupDescription="Functions of Lamplighter - nothing comes in",
        VpcId=vpc.vpc_id,
        SecurityGroupEgress=[_to_anywhere(port, what) for port, what in _ports(deployment.settings).items()],
    )
    template.add_resource(group)
    share(template, deployment.stage, FUNCTIONS_GROUP, GetAtt(group, "GroupId"))


def proxy_groups(template: Template, deployment: Deployment, *, vpc: Vpc, proxy: DatabaseProxy) -> list[Any]:
    """The security groups of the database proxy: those that are named, or one that lets the functions in."""
    if proxy.security_group_ids:
        return list(proxy.security_group_ids)
    port = database_port(deployment.settings)
    group = SecurityGroup(
        "DatabaseProxyGroup",
        GroupName=f"{naming.deployment(deployment.stage)}-database-proxy",
        GroupDescription="RDS Proxy of Lamplighter - the functions come in and the database is reached",
        VpcId=vpc.vpc_id,
        SecurityGroupIngress=[_from(one, port) for one in function_groups(template, deployment)],
        SecurityGroupEgress=[_to_anywhere(port, "PostgreSQL")],
    )
    return [GetAtt(template.add_resource(group), "GroupId")]


def _ports(settings: Settings) -> dict[int, str]:
    ports = {_HTTPS: "HTTPS: AWS and what jobs call", database_port(settings): "PostgreSQL"}
    return ports if settings.smtp is None else {**ports, settings.smtp.port: "the mail server"}


def _to_anywhere(port: int, what: str) -> SecurityGroupRule:
    return SecurityGroupRule(IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="0.0.0.0/0", Description=what)


def _from(group: Any, port: int) -> SecurityGroupRule:
    return SecurityGroupRule(
        IpProtocol="tcp", FromPort=port, ToPort=port, SourceSecurityGroupId=group, Description="Functions"
    )
