"""Options are read strictly: what is wrong is named with the rule and the next step, before anything is touched."""

from __future__ import annotations

import dataclasses
import re
from typing import Any, get_type_hints

import pytest

from functions.errors import SettingsError
from infra import options
from infra.option_fit import check_options
from infra.options import Options, options_from
from tests.conftest import PROJECT
from tests.unit.infra.deployments import deployment_of
from tests.unit.infra.variants import DOMAIN, EVERYTHING, KEY, PROXY, RDS_IAM, SECRET, SUBNETS, VPC

ELSEWHERE = KEY.replace("eu-central-1", "us-east-1")
TOPIC = "arn:aws:sns:eu-central-1:123456789012:night"


def test_a_stage_without_options_has_none() -> None:
    assert options_from({}) == Options()


def test_every_option_can_be_set() -> None:
    read = options_from(EVERYTHING)

    assert read.vpc == options.Vpc(subnet_ids=tuple(SUBNETS), vpc_id="vpc-0aaaaaaaaaaaaaaa3")
    assert read.database_proxy == options.DatabaseProxy(
        instance_id="jobs-prod", secret_arn=SECRET, secret_kms_key_arn=KEY
    )
    assert read.domain == options.Domain(**DOMAIN)
    assert read.api == options.Api(requests_per_second=20, burst=40)
    assert read.alarm_emails == ("ops@example.com", "night@example.com")
    assert {field.name for field in dataclasses.fields(read)} == {*EVERYTHING, "alarm_topic_arn"}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"vps": {}}, "option vps is unknown: use one of vpc, database_proxy"),
        ({"vpc": "vpc-1"}, "option vpc='vpc-1' is invalid: make it a table"),
        ({"vpc": {**VPC, "subnets": []}}, "option vpc.subnets is unknown: use one of subnet_ids"),
        ({"vpc": {"vpc_id": "vpc-0aaaaaaaaaaaaaaa3"}}, "option vpc.subnet_ids is missing"),
        ({"vpc": {"subnet_ids": []}}, r"option vpc.subnet_ids=\[\] is invalid: use a list"),
        ({"vpc": {"subnet_ids": ["subnet-x"]}}, "'subnet-x' is invalid: use a subnet's id"),
        ({"vpc": {**VPC, "subnet_ids": [SUBNETS[0]] * 2}}, "an entry stands there twice"),
        ({"vpc": {"subnet_ids": SUBNETS}}, "neither security_group_ids nor vpc_id"),
        ({"database_proxy": PROXY}, "database_proxy needs option vpc with two subnets"),
        ({"vpc": {**VPC, "subnet_ids": SUBNETS[:1]}, "database_proxy": PROXY}, "with two subnets or more"),
        ({"vpc": VPC, "database_proxy": {"secret_arn": SECRET}}, "needs instance_id or cluster_id, and not both"),
        ({"vpc": VPC, "database_proxy": {**PROXY, "cluster_id": "a"}}, "instance_id or cluster_id, and not both"),
        ({"vpc": VPC, "database_proxy": {"instance_id": "a"}}, "option database_proxy.secret_arn is missing"),
        (
            {"vpc": {"subnet_ids": SUBNETS, "security_group_ids": ["sg-0aaaaaaaa"]}, "database_proxy": PROXY},
            "database_proxy has no security_group_ids",
        ),
        ({"kms_key_arn": "alias/jobs"}, "option kms_key_arn='alias/jobs' is invalid: use the ARN of a key"),
        ({"permissions_boundary_arn": "boundary"}, "use the ARN of a managed policy"),
        ({"tags": {"aws:x": "1"}}, "option tags has the key 'aws:x'"),
        ({"tags": {"team": 1}}, "option tags.team=1 is invalid"),
        ({"tags": dict.fromkeys(map(str, range(41)), "")}, "at most 40 tags"),
        ({"alarm_emails": "ops@example.com"}, "use a list, each entry an address"),
        ({"alarm_emails": ["ops"]}, "option alarm_emails='ops' is invalid"),
        ({"alarm_emails": ["ops@example.com"], "alarm_topic_arn": TOPIC}, "subscribe the addresses to that topic"),
        ({"alarm_topic_arn": f"{TOPIC}.fifo"}, "an SNS topic that is not FIFO"),
        ({"domain": {"name": "jobs.example.com"}}, "option domain.certificate_arn is missing"),
        ({"domain": {**DOMAIN, "name": "Jobs"}}, "option domain.name='Jobs' is invalid"),
        ({"waf_acl_arn": KEY}, "use the ARN of a regional web ACL"),
        ({"api": {"requests_per_second": 0}}, "use a whole number from 1 to 10,000"),
        ({"api": {"burst": True}}, "use a whole number from 1 to 5,000"),
    ],
)
def test_what_is_wrong_is_named_with_the_rule(table: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        options_from(table)


def test_what_lies_in_another_region_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"kms_key_arn='.*' is in region us-east-1, and stage dev in eu-central-1"):
        check_options(deployment_of([], options={"kms_key_arn": ELSEWHERE}))


def test_a_proxy_needs_logins_with_iam() -> None:
    wanted = {"vpc": VPC, "database_proxy": PROXY}
    check_options(deployment_of([], options=wanted, environ=RDS_IAM))
    with pytest.raises(SettingsError, match="database_proxy needs DATABASE_SECRET_SOURCE='rds-iam', not 'environment'"):
        check_options(deployment_of([], options=wanted))


def test_every_option_is_documented_and_no_other() -> None:
    tables = {"vpc": options.Vpc, "database_proxy": options.DatabaseProxy, "domain": options.Domain, "api": options.Api}
    plain = set(get_type_hints(Options)) - set(tables)
    nested = {f"{name}.{field}" for name, kind in tables.items() for field in get_type_hints(kind)}
    page = (PROJECT / "docs" / "infrastructure.md").read_text()

    assert set(re.findall(r"^\| `([a-z_.]+)` \|", page, re.MULTILINE)) == plain | nested
