"""RDS Proxy before the database: it keeps the few connections that hundreds of functions share."""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, Template
from troposphere.iam import Policy, Role
from troposphere.rds import AuthFormat, ConnectionPoolConfigurationInfoFormat, DBProxy, DBProxyTargetGroup

from functions import naming
from infra import policies
from infra.deployment import Deployment
from infra.options import DatabaseProxy, Vpc
from infra.resources.security_groups import proxy_groups
from infra.resources.through_proxy import PROXY, share_proxy

# The rest is for whoever logs in beside the proxy: a person, a backup, a migration tool.
_MOST_CONNECTIONS_PERCENT = 80
# An execution waits so long for a connection to get free before it fails and is tried again.
_WAIT_S = 30


def add_database_proxy(template: Template, deployment: Deployment, *, vpc: Vpc, proxy: DatabaseProxy) -> None:
    """Add the proxy to the shared stack, with its role and security group. Functions log in to it with IAM only."""
    role = template.add_resource(_role(proxy, deployment))
    template.add_resource(
        DBProxy(
            PROXY,
            DBProxyName=naming.deployment(deployment.stage),
            EngineFamily="POSTGRESQL",
            RoleArn=GetAtt(role, "Arn"),
            Auth=[AuthFormat(AuthScheme="SECRETS", IAMAuth="REQUIRED", SecretArn=proxy.secret_arn)],
            RequireTLS=True,
            VpcSubnetIds=list(vpc.subnet_ids),
            VpcSecurityGroupIds=proxy_groups(template, deployment, vpc=vpc, proxy=proxy),
        )
    )
    template.add_resource(_targets(proxy))
    share_proxy(template, deployment.stage)


def _targets(proxy: DatabaseProxy) -> DBProxyTargetGroup:
    which: dict[str, Any] = (
        {"DBInstanceIdentifiers": [proxy.instance_id]}
        if proxy.instance_id is not None
        else {"DBClusterIdentifiers": [proxy.cluster_id]}
    )
    return DBProxyTargetGroup(
        "DatabaseProxyTargets",
        DBProxyName=Ref(PROXY),
        TargetGroupName="default",  # the only one RDS Proxy takes
        ConnectionPoolConfigurationInfo=ConnectionPoolConfigurationInfoFormat(
            MaxConnectionsPercent=_MOST_CONNECTIONS_PERCENT, ConnectionBorrowTimeout=_WAIT_S
        ),
        **which,
    )


def _role(proxy: DatabaseProxy, deployment: Deployment) -> Role:
    allowed = policies.document(*policies.read_proxy_secret(proxy.secret_arn, proxy.secret_kms_key_arn))
    return Role(
        "DatabaseProxyRole",
        RoleName=naming.role(f"{naming.deployment(deployment.stage)}-database-proxy", deployment.settings.region),
        AssumeRolePolicyDocument=policies.assumed_by_rds(),
        Policies=[Policy(PolicyName="own", PolicyDocument=allowed)],
    )
