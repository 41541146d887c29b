"""What a stage asks for reaches every resource it is about, whichever stack that is in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions import naming
from infra.deployment import Deployment
from infra.templates import all_templates
from tests.unit.infra.deployments import deployment_of, packages
from tests.unit.infra.variants import EVERYTHING, FEW_JOBS, GIVEN_GROUPS, KEY, SUBNETS, VPC, everything, with_proxy

Found = dict[str, dict[str, Any]]
SHARED = "lamplighter-dev"
SCHEDULER_ROLE = "lamplighter-dev-scheduler-${AWS::Region}"
IN_OTHER_STACKS = ("lamplighter-dev-jobs-01", "lamplighter-dev-api")


def stacks(deployment: Deployment) -> dict[str, dict[str, Any]]:
    return {name: template.to_dict() for name, template in all_templates(deployment, packages()).items()}


def of_type(kind: str, template: dict[str, Any]) -> Found:
    return {title: each["Properties"] for title, each in template["Resources"].items() if each["Type"] == kind}


def everywhere(kind: str, deployment: Deployment) -> list[dict[str, Any]]:
    return [found for template in stacks(deployment).values() for found in of_type(kind, template).values()]


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("AWS::Lambda::Function", "KmsKeyArn", KEY),
        ("AWS::Logs::LogGroup", "KmsKeyId", KEY),
        ("AWS::SQS::Queue", "KmsMasterKeyId", KEY),
        ("AWS::SNS::Topic", "KmsMasterKeyId", KEY),
        ("AWS::IAM::Role", "PermissionsBoundary", EVERYTHING["permissions_boundary_arn"]),
    ],
)
def test_an_option_holds_for_every_resource_of_its_kind_and_for_none_without_it(
    kind: str, name: str, value: str
) -> None:
    assert {found.get(name) for found in everywhere(kind, everything())} == {value}
    assert {found.get(name) for found in everywhere(kind, deployment_of(FEW_JOBS))} == {None}


def test_every_resource_that_can_has_the_tags() -> None:
    wanted = [{"Key": "cost:centre", "Value": "42"}, {"Key": "team", "Value": "ops + friends"}]
    tagged = {
        each["Type"]
        for template in stacks(everything()).values()
        for each in template["Resources"].values()
        if each["Properties"].get("Tags") in (wanted, EVERYTHING["tags"])
    }
    assert tagged >= {
        "AWS::Lambda::Function", "AWS::IAM::Role", "AWS::Logs::LogGroup", "AWS::SQS::Queue", "AWS::SNS::Topic",
        "AWS::Scheduler::ScheduleGroup", "AWS::CloudWatch::Alarm", "AWS::EC2::SecurityGroup", "AWS::RDS::DBProxy",
        "AWS::SSM::Parameter", "AWS::ApiGateway::RestApi", "AWS::ApiGateway::Stage",
    }  # fmt: skip
    assert "Tags" not in json.dumps(stacks(deployment_of(FEW_JOBS)))


def test_who_writes_to_an_encrypted_queue_may_use_its_key_and_nobody_else() -> None:
    using = {
        name_of(role)
        for role in everywhere("AWS::IAM::Role", everything())
        if any(statement["Resource"] == KEY and "kms:GenerateDataKey" in statement["Action"] for statement in of(role))
    }
    functions = {found["FunctionName"] for found in everywhere("AWS::Lambda::Function", everything())}
    assert using == {*(naming.role(name, "eu-central-1") for name in functions), SCHEDULER_ROLE}


def name_of(role: dict[str, Any]) -> str:
    return str(role["RoleName"]["Fn::Sub"] if isinstance(role["RoleName"], dict) else role["RoleName"])


def of(role: dict[str, Any]) -> list[dict[str, Any]]:
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def test_every_function_runs_in_the_vpc_with_the_groups_that_are_named() -> None:
    placed = [
        found["VpcConfig"]
        for found in everywhere("AWS::Lambda::Function", deployment_of(FEW_JOBS, options={"vpc": GIVEN_GROUPS}))
    ]

    assert len(placed) == 4
    assert all(
        each == {"SubnetIds": SUBNETS, "SecurityGroupIds": GIVEN_GROUPS["security_group_ids"]} for each in placed
    )
    assert "VpcConfig" not in json.dumps(stacks(deployment_of(FEW_JOBS)))


def test_where_no_group_is_named_ours_lets_nothing_in_and_each_stack_finds_it() -> None:
    found = stacks(deployment_of(FEW_JOBS, options={"vpc": VPC}))
    (group,) = of_type("AWS::EC2::SecurityGroup", found[SHARED]).values()
    (stored,) = of_type("AWS::SSM::Parameter", found[SHARED]).values()

    assert "SecurityGroupIngress" not in group
    assert {rule["ToPort"] for rule in group["SecurityGroupEgress"]} == {443, 5432}
    for name in IN_OTHER_STACKS:
        (title,) = [title for title, each in found[name]["Parameters"].items() if each.get("Default") == stored["Name"]]
        for function in of_type("AWS::Lambda::Function", found[name]).values():
            assert function["VpcConfig"]["SecurityGroupIds"] == [{"Ref": title}]


def test_lambda_may_join_the_network_and_a_functions_own_code_may_not() -> None:
    for role in everywhere("AWS::IAM::Role", deployment_of(FEW_JOBS, options={"vpc": VPC})):
        allowed, denied = ([each for each in of(role) if each["Effect"] == effect] for effect in ("Allow", "Deny"))
        ec2 = {action for each in allowed for action in each["Action"] if action.startswith("ec2:")}
        if name_of(role) != SCHEDULER_ROLE:
            assert "ec2:CreateNetworkInterface" in ec2
            assert {action for each in denied for action in each["Action"]} == ec2
            assert all("lambda:SourceFunctionArn" in each["Condition"]["ArnLike"] for each in denied)


def test_with_a_proxy_every_function_reaches_the_database_through_it_alone() -> None:
    found = stacks(with_proxy())
    here = {"Fn::GetAtt": ["DatabaseProxy", "Endpoint"]}
    for name, template in found.items():
        host = here if name == SHARED else {"Ref": "DatabaseProxyHost"}
        for function in of_type("AWS::Lambda::Function", template).values():
            variables = function["Environment"]["Variables"]
            text, filled = variables["DATABASE_URL"]["Fn::Sub"]
            assert text == "postgresql://the%2Bjobs@${ProxyHost}:5433/jobs?application_name=jobs"
            assert filled == {"ProxyHost": host}
            assert variables["DATABASE_TLS_ROOT_CERT"] == "/etc/pki/tls/certs/ca-bundle.crt"
        assert "DatabaseUrl" not in template.get("Parameters", {})


def test_with_a_proxy_a_role_may_log_in_to_it_and_to_nothing_else() -> None:
    for role in everywhere("AWS::IAM::Role", with_proxy()):
        for statement in of(role):
            if statement["Action"] == ["rds-db:connect"]:
                text, filled = statement["Resource"]["Fn::Sub"]
                assert text.endswith(":dbuser:${Proxy}/the+jobs")
                assert set(filled) == {"Proxy"}


def test_the_proxy_lets_the_functions_in_over_tls_with_iam_and_reads_its_secret_only() -> None:
    shared = stacks(everything())[SHARED]
    (proxy,) = of_type("AWS::RDS::DBProxy", shared).values()
    inner = of_type("AWS::EC2::SecurityGroup", shared)["DatabaseProxyGroup"]
    reading, decrypting = of(of_type("AWS::IAM::Role", shared)["DatabaseProxyRole"])

    assert proxy["RequireTLS"] is True
    assert [auth["IAMAuth"] for auth in proxy["Auth"]] == ["REQUIRED"]
    assert [(rule["SourceSecurityGroupId"], rule["ToPort"]) for rule in inner["SecurityGroupIngress"]] == [
        ({"Fn::GetAtt": ["FunctionsGroup", "GroupId"]}, 5433)
    ]
    assert (reading["Action"], reading["Resource"]) == (
        ["secretsmanager:GetSecretValue"],
        proxy["Auth"][0]["SecretArn"],
    )
    assert decrypting["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Sub"].startswith("secretsmanager.")


def test_the_environment_fits_into_what_lambda_takes() -> None:
    """4 KB, names and values; a reference is no longer than what it becomes (AWS Lambda quotas)."""
    for function in everywhere("AWS::Lambda::Function", everything()):
        assert len(json.dumps(function["Environment"]["Variables"])) < 3_000
