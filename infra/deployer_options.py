"""What a deployer must be allowed beside the usual, for each option of a stage that makes something more."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from infra.deployer_names import Names, allow, where
from infra.options import Options
from infra.policies import Statement


def uses_of(options: Options) -> set[str]:
    """Which of OPTIONAL these options are in need of."""
    asked = {
        "database-proxy": options.database_proxy,
        "domain": options.domain,
        "kms": options.kms_key_arn,
        "vpc": options.vpc,
        "waf": options.waf_acl_arn,
    }
    return {name for name, value in asked.items() if value is not None}


def options_statements(names: Names, uses: Collection[str]) -> list[Statement]:
    """The statements of these options. Raises KeyError for one that is not in OPTIONAL."""
    return [statement for option in sorted(uses) for statement in OPTIONAL[option](names)]


def _vpc(names: Names) -> list[Statement]:
    """A security group has an id of its own, so only its account and region can be named."""
    rules = ["AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress"]
    rules += ["RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"]
    rules += ["UpdateSecurityGroupRuleDescriptionsEgress", "UpdateSecurityGroupRuleDescriptionsIngress"]
    looks = ["DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs", "DescribeNetworkInterfaces"]
    groups = names.regional("ec2", "security-group/*")
    return [
        allow("ec2", ["CreateSecurityGroup"], [groups, names.regional("ec2", "vpc/*")]),
        allow("ec2", ["DeleteSecurityGroup", "CreateTags", "DeleteTags", *rules], groups),
        allow("ec2", [*looks, "DescribeInstances"], "*"),
        *_shared_values(names),
    ]


def _shared_values(names: Names) -> list[Statement]:
    """Written by the shared stack, looked up by the others: what no name tells, such as a security group's id."""
    changes = ["PutParameter", "DeleteParameter", "AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"]
    return [allow("ssm", ["GetParameters", *changes], names.parameters)]


def _database_proxy(names: Names) -> list[Statement]:
    """A proxy and its targets have ids of their own, too."""
    changes = ["ModifyDBProxy", "DeleteDBProxy", "ModifyDBProxyTargetGroup"]
    changes += ["RegisterDBProxyTargets", "DeregisterDBProxyTargets"]
    looks = ["DescribeDBProxies", "DescribeDBProxyTargetGroups", "DescribeDBProxyTargets", "ListTagsForResource"]
    tags = ["AddTagsToResource", "RemoveTagsFromResource"]
    kinds = [names.regional("rds", f"{kind}:*") for kind in ("db-proxy", "target-group", "db", "cluster")]
    passing = {"StringEquals": {"iam:PassedToService": "rds.amazonaws.com"}}
    return [
        allow("rds", ["CreateDBProxy"], "*"),
        allow("rds", changes + looks, kinds),
        allow("rds", tags, kinds[:2]),
        where(passing, allow("iam", ["PassRole"], names.roles)),
    ]


def _domain(names: Names) -> list[Statement]:
    """The name in API Gateway, and its record in Route 53."""
    gateway = f"arn:{names.partition}:apigateway:{names.region}::/domainnames"
    zones, changes = f"arn:{names.partition}:route53:::hostedzone/*", f"arn:{names.partition}:route53:::change/*"
    return [
        allow("apigateway", ["GET", "POST"], gateway),
        allow("apigateway", ["GET", "POST", "PATCH", "DELETE"], f"{gateway}/*"),
        allow("route53", ["ChangeResourceRecordSets", "GetHostedZone", "ListResourceRecordSets"], zones),
        allow("route53", ["GetChange"], changes),
        allow("route53", ["ListHostedZones"], "*"),
    ]


def _waf(names: Names) -> list[Statement]:
    lists = names.regional("wafv2", "regional/webacl/*")
    stages = f"arn:{names.partition}:apigateway:{names.region}::/restapis/*"
    return [
        allow("wafv2", ["AssociateWebACL", "DisassociateWebACL", "GetWebACLForResource"], stages),
        allow("wafv2", ["AssociateWebACL", "GetWebACLForResource", "GetWebACL"], lists),
        allow("apigateway", ["SetWebACL"], stages),
    ]


def _kms(names: Names) -> list[Statement]:
    """Through the services that encrypt with it alone."""
    services = ("lambda", "logs", "sqs", "sns", "secretsmanager")
    through = {"StringLike": {"kms:ViaService": [f"{service}.{names.region}.amazonaws.com*" for service in services]}}
    uses = ["CreateGrant", "Decrypt", "Encrypt", "GenerateDataKey"]
    keys = names.regional("kms", "key/*")
    return [where(through, allow("kms", uses, keys)), allow("kms", ["DescribeKey"], keys)]


OPTIONAL: Mapping[str, Callable[[Names], list[Statement]]] = {
    "database-proxy": _database_proxy,
    "domain": _domain,
    "kms": _kms,
    "vpc": _vpc,
    "waf": _waf,
}
