"""Whoever deploys may do what CloudFormation does for it, and with a boundary gets no further."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from infra.deployer_options import OPTIONAL
from infra.deployer_policy import deployer_policies
from infra.permissions_command import main
from tests.iam import reference, stage
from tests.iam.evaluator import Request, Statement, decide
from tests.iam.stage import ACCOUNT, DEPLOYER, REGION, VARIANTS, arn, statements_of

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/lamplighter"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/lamplighter-dev-api-{REGION}"
HANDLERS = ("create", "read", "update", "delete")
# What a type's handlers may ask for and ours never does: the property that would need it is in no template.
NOT_NEEDED = {
    "no function is in a network": ("ec2:", "elasticfilesystem:", "s3files:"),
    "no key of the account's own": ("kms:",),
    "no layer, code signing, scaling, recursion or runtime settings of our own": (
        "lambda:GetLayerVersion", "lambda:GetCodeSigningConfig", "lambda:PutFunctionCodeSigningConfig",
        "lambda:DeleteFunctionCodeSigningConfig", "lambda:PutFunctionScalingConfig", "lambda:GetFunctionScalingConfig",
        "lambda:PutFunctionRecursionConfig", "lambda:PutRuntimeManagementConfig", "lambda:PassCapacityProvider",
        "lambda:AssociateRuntimeAlias", "lambda:PublishVersion",
    ),
    "a log group has a retention and nothing else": (
        "logs:PutDataProtectionPolicy", "logs:DeleteDataProtectionPolicy", "logs:CreateLogDelivery",
        "s3:REST.PUT.OBJECT", "firehose:", "logs:PutResourcePolicy", "logs:DeleteResourcePolicy", "logs:PutIndexPolicy",
        "logs:DeleteIndexPolicy", "logs:PutBearerTokenAuthentication", "logs:PutLogGroupDeletionProtection",
    ),
    "a topic has subscriptions and a policy": ("sns:PutDataProtectionPolicy",),
    "an API is in its template, with no policy of its own": ("apigateway:UpdateRestApiPolicy",),
    "CloudFormation generates a secret and need not read it": (
        "secretsmanager:GetSecretValue", "secretsmanager:ReplicateSecretToRegions",
        "secretsmanager:RemoveRegionsFromReplication",
    ),
}  # fmt: skip


def _is_needed(action: str, kind: str) -> bool:
    if action.startswith("iam:"):  # nothing else has a role, or is given one
        return kind in ("AWS::IAM::Role", "AWS::Lambda::Function")
    if action.startswith("s3:Get") and kind != "AWS::Lambda::Function":  # nothing else is read from the bucket
        return False
    return not any(action.startswith(each) for some in NOT_NEEDED.values() for each in some)


def _arns(kind: str, properties: Mapping[str, Any]) -> list[str]:
    """What a resource of the templates is called, and what its handlers touch beside it."""
    named = _NAMED.get(kind)
    assert named is not None, f"{kind} is new: say in tests/unit/infra/test_deployer_policy.py what its ARN is"
    return [each.format(**properties) for each in named]


_FUNCTION = arn("lambda", "function:{FunctionName}")
_CODE = f"arn:aws:s3:::lamplighter-dev-{ACCOUNT}-{REGION}/functions/a.zip"
_QUEUE = arn("sqs", "lamplighter-dev-dead-letters")
_DOMAIN = f"arn:aws:apigateway:{REGION}::/domainnames/jobs.example.com"
_TAGS = f"arn:aws:apigateway:{REGION}::/tags/x"
_API = f"arn:aws:apigateway:{REGION}::/restapis"
_NAMED = {
    "AWS::Lambda::Function": [_FUNCTION, _CODE, ROLE],
    "AWS::Lambda::EventInvokeConfig": ["{FunctionName}"],
    "AWS::Lambda::Permission": ["{FunctionName}"],
    "AWS::IAM::Role": [f"arn:aws:iam::{ACCOUNT}:role/{{RoleName}}"],
    "AWS::Logs::LogGroup": [arn("logs", "log-group:{LogGroupName}")],
    "AWS::SQS::Queue": [_QUEUE],
    "AWS::SQS::QueuePolicy": [_QUEUE],
    "AWS::Scheduler::ScheduleGroup": [
        arn("scheduler", "schedule-group/{Name}"), arn("scheduler", "schedule/{Name}/lamplighter-dev-start-1"),
    ],
    "AWS::SNS::Topic": [arn("sns", "{TopicName}")],
    "AWS::SNS::TopicPolicy": [arn("sns", "lamplighter-dev-alarms")],
    "AWS::CloudWatch::Alarm": [arn("cloudwatch", "alarm:{AlarmName}")],
    "AWS::CloudWatch::Dashboard": [f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{{DashboardName}}"],
    "AWS::SecretsManager::Secret": [arn("secretsmanager", "secret:{Name}-AbCdEf")],
    "AWS::ApiGateway::RestApi": [_API, f"{_API}/a1b2c3"],
    "AWS::ApiGateway::Deployment": [f"{_API}/a1b2c3/deployments"],
    "AWS::ApiGateway::Stage": [f"{_API}/a1b2c3/stages/prod"],
}  # fmt: skip


def _asked_by(kind: str, properties: Mapping[str, Any]) -> Iterator[Request]:
    for action in _actions(kind):
        if not _is_needed(action, kind):
            continue
        taken = [each for each in _arns(kind, properties) if reference.takes(action, each)]
        resources = taken if reference.resource_types(action) else ["*"]
        assert resources, f"{kind} asks for {action}, on none of the ARNs it has here"
        context = {"iam:PassedToService": "lambda.amazonaws.com"} if action == "iam:PassRole" else {}
        yield from (Request(action=action, resource=each, context=context) for each in resources)


def test_what_cloudformation_does_for_each_resource_is_allowed() -> None:
    """The types' own schemas say which calls their handlers make (CloudFormation, "handlers")."""
    asked = {
        (kind, request.action, request.resource): request
        for variant in VARIANTS
        for kind, properties in stage.resources(variant)
        for request in _asked_by(kind, properties)
    }
    refused = [which for which, request in asked.items() if decide(statements_of(DEPLOYER), request) == "deny"]
    assert refused == []
    assert len(asked) > 100


_ROLE_OF_PROXY = f"arn:aws:iam::{ACCOUNT}:role/lamplighter-dev-database-proxy-{REGION}"
# What each option makes, by type, and how that is called.
OF_OPTIONS = {
    "vpc": {"AWS::EC2::SecurityGroup": [arn("ec2", "security-group/sg-1"), arn("ec2", "vpc/vpc-1")]},
    "database-proxy": {
        "AWS::RDS::DBProxy": [arn("rds", "db-proxy:prx-1"), _ROLE_OF_PROXY],
        "AWS::RDS::DBProxyTargetGroup": [
            arn("rds", "target-group:prx-tg-1"), arn("rds", "db-proxy:prx-1"), arn("rds", "db:jobs"),
            arn("rds", "cluster:jobs"),
        ],
    },
    "domain": {
        "AWS::Route53::RecordSet": ["arn:aws:route53:::hostedzone/Z1", "arn:aws:route53:::change/C1"],
        "AWS::ApiGateway::DomainName": [f"arn:aws:apigateway:{REGION}::/domainnames", _DOMAIN, _TAGS],
        "AWS::ApiGateway::BasePathMapping": [f"{_DOMAIN}/basepathmappings"],
    },
    "waf": {"AWS::WAFv2::WebACLAssociation": [f"{_API}/a1b2c3/stages/dev", arn("wafv2", "regional/webacl/jobs/1")]},
}  # fmt: skip
# What an association would take for something that is no API.
FOREIGN = (
    "amplify:", "apprunner:", "appsync:", "bedrock-agentcore:", "cognito-idp:", "elasticloadbalancing:",
    "ec2:AssociateVerified", "ec2:DescribeVerified", "ec2:DisassociateVerified", "ec2:GetVerified",
    "wafv2:GetPermissionPolicy", "wafv2:PutPermissionPolicy",
)  # fmt: skip


@pytest.mark.parametrize("option", OF_OPTIONS)
def test_what_an_option_makes_is_allowed_where_it_is_used_and_else_not(option: str) -> None:
    usual = [statement for each in deployer_policies(stage.deployment()).values() for statement in each["Statement"]]
    wider = deployer_policies(stage.deployment(), uses=[option]).values()
    asked = [request for kind, arns in OF_OPTIONS[option].items() for request in _asked(kind, arns)]
    with_it = [statement for each in wider for statement in each["Statement"]]
    assert [(each.action, each.resource) for each in asked if decide(with_it, each) == "deny"] == []
    assert [each for each in asked if decide(usual, each) == "deny"]


def _asked(kind: str, arns: list[str]) -> Iterator[Request]:
    for action in sorted(_actions(kind)):
        if action.startswith(FOREIGN):
            continue
        resources = (
            [each for each in arns if reference.takes(action, each)] if reference.resource_types(action) else ["*"]
        )
        assert resources, f"{kind} asks for {action}, on none of the ARNs it has here"
        if "Tag" in action:  # only what is made, not what it is made in or for
            resources = resources[:1]
        context = {"iam:PassedToService": "rds.amazonaws.com"} if action == "iam:PassRole" else {}
        yield from (Request(action=action, resource=each, context=context) for each in resources)


def _actions(kind: str) -> set[str]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    return {action for name in HANDLERS for action in schema["handlers"].get(name, {}).get("permissions", ())}


def test_every_option_that_makes_something_is_tried_and_kms_goes_through_services_alone() -> None:
    assert OF_OPTIONS.keys() | {"kms"} == OPTIONAL.keys()
    documents = deployer_policies(stage.deployment(), uses=["kms"]).values()
    statements = [statement for each in documents for statement in each["Statement"]]

    def decrypting(service: str | None = None) -> str:
        context = {} if service is None else {"kms:ViaService": service}
        return decide(statements, Request(action="kms:Decrypt", resource=arn("kms", "key/1"), context=context))

    assert decrypting(service=f"lambda.{REGION}.amazonaws.com") == "allow"
    assert [decrypting(), decrypting(service=f"s3.{REGION}.amazonaws.com")] == ["deny", "deny"]


def _with_boundary() -> list[Statement]:
    documents = deployer_policies(stage.deployment(), boundary=BOUNDARY).values()
    return [statement for document in documents for statement in document["Statement"]]


@pytest.mark.parametrize("action", ["CreateRole", "PutRolePolicy", "AttachRolePolicy", "PutRolePermissionsBoundary"])
def test_no_role_is_made_or_given_anything_without_the_boundary(action: str) -> None:
    def asked(boundary: str | None) -> str:
        context = {} if boundary is None else {"iam:PermissionsBoundary": boundary}
        return decide(_with_boundary(), Request(action=f"iam:{action}", resource=ROLE, context=context))

    assert asked(BOUNDARY) == "allow"
    assert [asked(None), asked(f"arn:aws:iam::{ACCOUNT}:policy/another")] == ["deny", "deny"]


def test_the_boundary_cannot_be_taken_off_nor_changed() -> None:
    policy = Request(action="iam:CreatePolicyVersion", resource=BOUNDARY)
    off = Request(
        action="iam:DeleteRolePermissionsBoundary", resource=ROLE, context={"iam:PermissionsBoundary": BOUNDARY}
    )
    assert [decide(_with_boundary(), asked) for asked in (policy, off)] == ["deny", "deny"]


def test_a_stage_with_the_longest_name_fits_into_the_policies_too() -> None:
    printed = deployer_policies(stage.deployment(), boundary=BOUNDARY, uses=OPTIONAL)
    sizes = {
        name: len(
            json.dumps(document, separators=(",", ":")).replace("lamplighter-dev", "lamplighter-averylongstage00")
        )
        for name, document in printed.items()
    }
    assert max(sizes.values()) <= 6_144, sizes


def test_the_command_writes_each_policy_to_a_file_that_is_named_after_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--stage", "dev", "--region", REGION, "--account", ACCOUNT, "--boundary", BOUNDARY]
    assert main(asked) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == deployer_policies(stage.deployment(), boundary=BOUNDARY)
    assert main([*asked, "--out", str(tmp_path / "policies")]) == 0
    assert {path.stem: json.loads(path.read_text()) for path in (tmp_path / "policies").iterdir()} == printed


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--stage", "Prod", "STAGE='Prod' is invalid"),
        ("--account", "1234", "ACCOUNT_ID='1234' is invalid"),
        ("--boundary", "lamplighter", "--boundary='lamplighter' is invalid: use a policy's ARN"),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    option: str, value: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"--stage": "dev", "--region": REGION, "--account": ACCOUNT, option: value}
    assert main([word for pair in asked.items() for word in pair]) == 2
    assert message in capsys.readouterr().err
