"""What the infrastructure of a stage may have beside what every stage has: all of it off unless it is asked for.

For people: docs/infrastructure.md, whose table a test compares with these fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from functions.errors import SettingsError
from infra import option_values as values
from infra.option_values import Read, read_table


@dataclass(frozen=True, kw_only=True)
class Vpc:
    """Where functions run. Without `security_group_ids` a group of ours is made, in `vpc_id`."""

    subnet_ids: tuple[str, ...]
    security_group_ids: tuple[str, ...] = ()
    vpc_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class DatabaseProxy:
    """An RDS Proxy between the functions and `instance_id` or `cluster_id`, which logs in with the secret."""

    secret_arn: str
    instance_id: str | None = None
    cluster_id: str | None = None
    secret_kms_key_arn: str | None = None
    security_group_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Domain:
    """A name of one's own for the API; with `hosted_zone_id` its record in Route 53 is made, too."""

    name: str
    certificate_arn: str
    hosted_zone_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Api:
    """How much API Gateway lets through, from all callers together; what is more is answered with 429."""

    requests_per_second: int = 100
    burst: int = 200


@dataclass(frozen=True, kw_only=True)
class Options:
    """The choices of one stage."""

    vpc: Vpc | None = None
    database_proxy: DatabaseProxy | None = None
    kms_key_arn: str | None = None
    permissions_boundary_arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    alarm_emails: tuple[str, ...] = ()
    alarm_topic_arn: str | None = None
    domain: Domain | None = None
    waf_acl_arn: str | None = None
    api: Api = field(default_factory=Api)


_VPC: Mapping[str, Read] = {
    "subnet_ids": values.texts(values.SUBNET),
    "security_group_ids": values.texts(values.SECURITY_GROUP),
    "vpc_id": values.text(values.VPC),
}
_PROXY: Mapping[str, Read] = {
    "instance_id": values.text(values.DATABASE),
    "cluster_id": values.text(values.DATABASE),
    "secret_arn": values.text(values.SECRET),
    "secret_kms_key_arn": values.text(values.KEY),
    "security_group_ids": values.texts(values.SECURITY_GROUP),
}
_DOMAIN: Mapping[str, Read] = {
    "name": values.text(values.HOST),
    "certificate_arn": values.text(values.CERTIFICATE),
    "hosted_zone_id": values.text(values.HOSTED_ZONE),
}
_API: Mapping[str, Read] = {
    "requests_per_second": values.number(1, 10_000),  # "Amazon API Gateway quotas": an account's own, by default
    "burst": values.number(1, 5_000),
}


def options_from(table: Mapping[str, Any]) -> Options:
    """The options that `[tool.lamplighter.stages.<stage>.options]` of pyproject.toml names; an empty table is none.

    Raises SettingsError naming the first key or value that is wrong, the rule and the next step.
    """
    options = Options(**read_table("", table, _OPTIONS))
    if options.database_proxy is not None:
        _check_proxy(options.database_proxy, options.vpc)
    if options.alarm_emails and options.alarm_topic_arn:
        raise SettingsError(
            "options alarm_emails and alarm_topic_arn are both set: subscribe the addresses to that topic, and take "
            "alarm_emails away"
        )
    return options


def _vpc(name: str, value: Any) -> Vpc:
    vpc = Vpc(**read_table(name, value, _VPC, required=("subnet_ids",)))
    if not vpc.security_group_ids and vpc.vpc_id is None:
        raise SettingsError(
            "option vpc has neither security_group_ids nor vpc_id: name the groups that the functions belong to, or "
            "the VPC that a group of ours is made in"
        )
    return vpc


def _proxy(name: str, value: Any) -> DatabaseProxy:
    proxy = DatabaseProxy(**read_table(name, value, _PROXY, required=("secret_arn",)))
    if (proxy.instance_id is None) == (proxy.cluster_id is None):
        raise SettingsError(
            "option database_proxy needs instance_id or cluster_id, and not both: name the database it stands before"
        )
    return proxy


def _check_proxy(proxy: DatabaseProxy, vpc: Vpc | None) -> None:
    if vpc is None or len(vpc.subnet_ids) < 2:
        raise SettingsError(
            "option database_proxy needs option vpc with two subnets or more, in different availability zones: it can "
            "only be reached from within (RDS User Guide, RDS Proxy)"
        )
    if not proxy.security_group_ids and vpc.vpc_id is None:
        raise SettingsError(
            "option database_proxy has no security_group_ids: name them, or set vpc.vpc_id, where a group of ours is "
            "made that lets the functions in"
        )


def _domain(name: str, value: Any) -> Domain:
    return Domain(**read_table(name, value, _DOMAIN, required=("name", "certificate_arn")))


def _api(name: str, value: Any) -> Api:
    return Api(**read_table(name, value, _API))


_OPTIONS: Mapping[str, Read] = {
    "vpc": _vpc,
    "database_proxy": _proxy,
    "kms_key_arn": values.text(values.KEY),
    "permissions_boundary_arn": values.text(values.BOUNDARY),
    "tags": values.tags,
    "alarm_emails": values.texts(values.EMAIL),
    "alarm_topic_arn": values.text(values.TOPIC),
    "domain": _domain,
    "waf_acl_arn": values.text(values.WEB_ACL),
    "api": _api,
}
