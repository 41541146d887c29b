"""What a stage may have beside the usual is put up, changed and taken down by the same code."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from boto3.session import Session

from functions.errors import SettingsError
from functions.jobs.mark_lost_executions import mark_lost_executions
from functions.settings import from_environment
from infra.deploy import deploy, tear_down
from infra.deployment import Deployment, Target
from infra.options import options_from
from tests.integration.infra.projects import make_project
from tests.unit.infra.deployments import ENVIRONMENT
from tests.unit.infra.variants import EVERYTHING, PROXY, RDS_IAM

Client = Callable[[str], Any]
OPTIONS = {name: EVERYTHING[name] for name in ("kms_key_arn", "permissions_boundary_arn", "alarm_emails")}
URL = "postgresql://127.0.0.1:5432/jobs"


@pytest.fixture
def client(session: Session, endpoint_url: str) -> Client:
    return lambda service: session.client(service, endpoint_url=endpoint_url)  # type: ignore[call-overload]


@pytest.fixture
def vpc(client: Client) -> dict[str, Any]:
    ec2 = client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc_id, CidrBlock=f"10.9.{part}.0/24")["Subnet"]["SubnetId"] for part in (1, 2)]
    return {"vpc_id": vpc_id, "subnet_ids": subnets}


@pytest.fixture
def deployment(tmp_path: Path, endpoint_url: str) -> Deployment:
    return Deployment(
        settings=from_environment(ENVIRONMENT | {"DATABASE_URL": URL}),
        jobs=(mark_lost_executions.definition,),
        project=make_project(tmp_path / "project"),
        cache=tmp_path / "cache",
        target=Target.host(),
        endpoint_url=endpoint_url,
    )


def left(client: Client, *, vpc_id: str) -> dict[str, list[Any]]:
    """What of a deployment can be seen in the account."""
    ours = [{"Name": "vpc-id", "Values": [vpc_id]}]
    groups = [each["GroupName"] for each in client("ec2").describe_security_groups(Filters=ours)["SecurityGroups"]]
    return {
        "stacks": client("cloudformation").describe_stacks()["Stacks"],
        "functions": client("lambda").list_functions()["Functions"],
        "roles": client("iam").list_roles()["Roles"],
        "log groups": client("logs").describe_log_groups()["logGroups"],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "topics": client("sns").list_topics()["Topics"],
        "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
        "dashboards": client("cloudwatch").list_dashboards()["DashboardEntries"],
        "parameters": client("ssm").describe_parameters()["Parameters"],
        "schedule groups": [
            each for each in client("scheduler").list_schedule_groups()["ScheduleGroups"] if each["Name"] != "default"
        ],
        "security groups": [name for name in groups if name != "default"],
        "buckets": client("s3").list_buckets()["Buckets"],
    }


def test_options_are_put_up_taken_away_again_and_nothing_is_left_after_a_tear_down(
    deployment: Deployment, session: Session, client: Client, vpc: dict[str, Any]
) -> None:
    def put_up(options: dict[str, Any]) -> None:
        wanted = dataclasses.replace(deployment, options=options_from(options))
        deploy(wanted, session=session, report=lambda step, seconds, detail: None)

    put_up({**OPTIONS, "vpc": vpc})
    (group,) = [
        each for each in client("ec2").describe_security_groups()["SecurityGroups"] if "functions" in each["GroupName"]
    ]
    functions = client("lambda").list_functions()["Functions"]
    assert [each["VpcConfig"]["SecurityGroupIds"] for each in functions] == [[group["GroupId"]]] * 3
    assert len(left(client, vpc_id=vpc["vpc_id"])["alarms"]) == 8
    (topic,) = client("sns").list_topics()["Topics"]
    subscribed = client("sns").list_subscriptions_by_topic(TopicArn=topic["TopicArn"])["Subscriptions"]
    assert sorted(each["Endpoint"] for each in subscribed) == ["night@example.com", "ops@example.com"]

    put_up(OPTIONS)
    assert left(client, vpc_id=vpc["vpc_id"])["security groups"] == []

    tear_down(deployment, session=session, report=lambda step, seconds, detail: None)
    assert {what: found for what, found in left(client, vpc_id=vpc["vpc_id"]).items() if found} == {}


def test_a_proxy_is_put_up_before_the_functions_that_go_through_it_and_is_gone_after_a_tear_down(
    deployment: Deployment, session: Session, client: Client, vpc: dict[str, Any]
) -> None:
    settings = from_environment(ENVIRONMENT | RDS_IAM)
    options = options_from({"vpc": vpc, "database_proxy": PROXY})
    through = dataclasses.replace(deployment, settings=settings, options=options)
    deploy(through, session=session, report=lambda step, seconds, detail: None)
    (proxy,) = client("rds").describe_db_proxies()["DBProxies"]
    found = [each["Environment"]["Variables"] for each in client("lambda").list_functions()["Functions"]]

    assert {variables["DATABASE_URL"] for variables in found} == {
        f"postgresql://the%2Bjobs@{proxy['Endpoint']}:5433/jobs?application_name=jobs"
    }
    assert {variables["DATABASE_RESOURCE_ID"] for variables in found} == {proxy["DBProxyArn"].rpartition(":")[2]}

    tear_down(through, session=session, report=lambda step, seconds, detail: None)
    assert client("rds").describe_db_proxies()["DBProxies"] == []
    assert {what: found for what, found in left(client, vpc_id=vpc["vpc_id"]).items() if found} == {}


def test_options_that_cannot_work_change_nothing(
    deployment: Deployment, session: Session, client: Client, vpc: dict[str, Any]
) -> None:
    wanted = dataclasses.replace(deployment, options=options_from({"vpc": vpc, "database_proxy": PROXY}))
    with pytest.raises(SettingsError, match="database_proxy needs DATABASE_SECRET_SOURCE='rds-iam'"):
        deploy(wanted, session=session, report=lambda step, seconds, detail: None)
    assert {what: found for what, found in left(client, vpc_id=vpc["vpc_id"]).items() if found} == {}
