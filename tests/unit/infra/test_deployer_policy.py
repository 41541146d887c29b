"""Whoever deploys may do what CloudFormation does for it, and with a boundary gets no further."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from infra.deployer_options import OPTIONAL, uses_of
from infra.deployer_policy import deployer_policies
from tests.iam import reference, simulator, stage
from tests.iam.evaluator import Request, Statement, decide
from tests.iam.stage import ACCOUNT, DEPLOYER, PLANNER, REGION, VARIANTS, arn, by_hand
from tests.unit.infra.variants import KEY

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/lamplighter"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/lamplighter-dev-api-{REGION}"
HANDLERS = ("create", "read", "update", "delete")
# What a type's handlers may ask for and ours never does: the property that would need it is in no template.
NOT_NEEDED = {
    "no function has a file system": ("elasticfilesystem:", "s3files:"),
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


# And what takes a property that only some stages' resources have.
ONLY_WITH = {"ec2:": "VpcConfig", "kms:": "KmsKeyArn"}
# What an association would take for something that is no API.
FOREIGN = (
    "amplify:", "apprunner:", "appsync:", "bedrock-agentcore:", "cognito-idp:", "elasticloadbalancing:",
    "ec2:AssociateVerified", "ec2:DescribeVerified", "ec2:DisassociateVerified", "ec2:GetVerified",
    "wafv2:GetPermissionPolicy", "wafv2:PutPermissionPolicy",
)  # fmt: skip
# Whose handlers pass a role, and to whom.
PASSING = {"AWS::Lambda::Function": "lambda", "AWS::RDS::DBProxy": "rds"}


def _is_needed(action: str, kind: str, properties: Mapping[str, Any]) -> bool:
    if action.startswith("iam:") and kind not in (*PASSING, "AWS::IAM::Role"):  # nothing else has a role
        return False
    if action.startswith("s3:Get") and kind != "AWS::Lambda::Function":  # nothing else is read from the bucket
        return False
    if action == "iam:DeleteRolePermissionsBoundary" and "PermissionsBoundary" in properties:
        return False  # which is what a boundary is for
    if kind == "AWS::Lambda::Function":
        wanted = [name for service, name in ONLY_WITH.items() if action.startswith(service)]
        if any(name not in properties for name in wanted):
            return False
    return not action.startswith(FOREIGN) and not any(action.startswith(some) for some in NOT_NEEDED.values())


def _arns(kind: str, properties: Mapping[str, Any]) -> list[str]:
    """What a resource of the templates is called, and what its handlers touch beside it."""
    named = _NAMED.get(kind)
    assert named is not None, f"{kind} is new: say in tests/unit/infra/test_deployer_policy.py what its ARN is"
    return [each.format(**properties) for each in named]


_FUNCTION = arn("lambda", "function:{FunctionName}")
_CODE = f"arn:aws:s3:::lamplighter-dev-{ACCOUNT}-{REGION}/functions/a.zip"
_QUEUE = arn("sqs", "lamplighter-dev-dead-letters")
_GATEWAY = f"arn:aws:apigateway:{REGION}::"
_API, _TAGS, _DOMAINS = f"{_GATEWAY}/restapis", f"{_GATEWAY}/tags/x", f"{_GATEWAY}/domainnames"
_ROLE_OF_PROXY = f"arn:aws:iam::{ACCOUNT}:role/lamplighter-dev-database-proxy-{REGION}"
_NAMED = {
    "AWS::Lambda::Function": [_FUNCTION, _CODE, ROLE, KEY],
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
    "AWS::ApiGateway::DomainName": [_DOMAINS, f"{_DOMAINS}/jobs.example.com", _TAGS],
    "AWS::ApiGateway::BasePathMapping": [f"{_DOMAINS}/jobs.example.com/basepathmappings"],
    "AWS::Route53::RecordSet": ["arn:aws:route53:::hostedzone/{HostedZoneId}", "arn:aws:route53:::change/C1"],
    "AWS::WAFv2::WebACLAssociation": [f"{_API}/a1b2c3/stages/dev", "{WebACLArn}"],
    "AWS::SSM::Parameter": [arn("ssm", "parameter{Name}")],
    "AWS::EC2::SecurityGroup": [arn("ec2", "security-group/sg-1"), arn("ec2", "vpc/vpc-1")],
    "AWS::RDS::DBProxy": [arn("rds", "db-proxy:prx-1"), _ROLE_OF_PROXY],
    "AWS::RDS::DBProxyTargetGroup": [
        arn("rds", "target-group:prx-tg-1"), arn("rds", "db-proxy:prx-1"), arn("rds", "db:jobs"),
        arn("rds", "cluster:jobs"),
    ],
}  # fmt: skip
# What an option makes; all else is changed by it at most.
OF_OPTIONS = {
    "vpc": ("AWS::EC2::SecurityGroup", "AWS::SSM::Parameter"),
    "database-proxy": ("AWS::RDS::DBProxy", "AWS::RDS::DBProxyTargetGroup", "AWS::SSM::Parameter"),
    "domain": ("AWS::Route53::RecordSet", "AWS::ApiGateway::DomainName", "AWS::ApiGateway::BasePathMapping"),
    "waf": ("AWS::WAFv2::WebACLAssociation",),
}


def _asked_by(kind: str, properties: Mapping[str, Any]) -> Iterator[Request]:
    for action in sorted(_actions(kind)):
        if not _is_needed(action, kind, properties):
            continue
        taken = [each for each in _arns(kind, properties) if reference.takes(action, each)]
        resources = taken if reference.resource_types(action) else ["*"]
        assert resources, f"{kind} asks for {action}, on none of the ARNs it has here"
        if "Tag" in action:  # only what is made, not what it is made in or for
            resources = resources[:1]
        yield from (Request(action=action, resource=each, context=_context(kind, properties)) for each in resources)


def _context(kind: str, properties: Mapping[str, Any]) -> dict[str, str]:
    boundary = properties.get("PermissionsBoundary")
    return {
        **({"iam:PassedToService": f"{PASSING[kind]}.amazonaws.com"} if kind in PASSING else {}),
        **({"iam:PermissionsBoundary": boundary} if boundary else {}),
        **({"kms:ViaService": f"lambda.{REGION}.amazonaws.com"} if "KmsKeyArn" in properties else {}),
    }


def _actions(kind: str) -> set[str]:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema
    return {action for name in HANDLERS for action in schema["handlers"].get(name, {}).get("permissions", ())}


def _asked_in(variant: str) -> dict[tuple[str, str, str], Request]:
    return {
        (kind, request.action, request.resource): request
        for kind, properties in stage.resources(variant)
        for request in _asked_by(kind, properties)
    }


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_cloudformation_does_for_each_resource_is_allowed(variant: str) -> None:
    """The types' own schemas say which calls their handlers make (CloudFormation, "handlers")."""
    asked = _asked_in(variant)
    granted = by_hand(DEPLOYER, variant)
    assert [which for which, request in asked.items() if decide(granted, request) == "deny"] == []
    assert len(asked) > 100


def test_somebody_elses_evaluator_refuses_none_of_it_with_every_option_on() -> None:
    """One of each kind and action. API Gateway's paths it has other kinds for: there it says neither."""
    asked = {(kind, action): each for (kind, action, _), each in _asked_in("everything").items()}
    granted = by_hand(DEPLOYER, "everything")
    said = simulator.answers([(granted, each) for each in asked.values()], account=ACCOUNT)
    unsaid = {action for (_, action), answer in zip(asked, said, strict=True) if answer != "allow"}
    assert unsaid <= {"apigateway:POST", "apigateway:SetWebACL"}
    assert "deny" not in said


@pytest.mark.parametrize("option", OPTIONAL)
def test_no_option_of_those_there_are_could_be_left_out(option: str) -> None:
    """With everything on, each takes what the others do not give."""
    asked, options = _asked_in("everything").values(), stage.deployment("everything").options
    assert uses_of(options) == OPTIONAL.keys()
    without = deployer_policies(
        stage.deployment("everything"), boundary=options.permissions_boundary_arn, uses=OPTIONAL.keys() - {option}
    )
    statements = [statement for each in without.values() for statement in each["Statement"]]
    assert [each for each in asked if decide(statements, each) == "deny"]


def test_every_type_that_an_option_makes_is_in_the_stage_that_has_them_all() -> None:
    made = {kind for kind, _ in stage.resources("everything")}
    assert made >= {kind for kinds in OF_OPTIONS.values() for kind in kinds}
    assert made == {kind for variant in VARIANTS for kind, _ in stage.resources(variant)} == _NAMED.keys()
    assert {kind for kind, _ in stage.resources()}.isdisjoint(kind for kinds in OF_OPTIONS.values() for kind in kinds)
    assert uses_of(stage.deployment().options) == set()


def test_a_key_is_used_through_the_services_that_encrypt_with_it_alone() -> None:
    def decrypting(service: str | None = None) -> str:
        context = {} if service is None else {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}
        return decide(by_hand(DEPLOYER, "kms"), Request(action="kms:Decrypt", resource=KEY, context=context))

    assert {decrypting(service) for service in ("lambda", "logs", "sqs", "sns", "secretsmanager")} == {"allow"}
    assert [decrypting(), decrypting("s3")] == ["deny", "deny"]


def test_whoever_plans_may_look_up_what_the_shared_stack_has_stored() -> None:
    """CloudFormation does it with their credentials, for a change set too."""
    asked = Request(action="ssm:GetParameters", resource=arn("ssm", "parameter/lamplighter-dev/FunctionsGroup"))
    other = Request(action="ssm:GetParameters", resource=arn("ssm", "parameter/lamplighter-dev2/FunctionsGroup"))
    assert [decide(by_hand(PLANNER, "proxy"), each) for each in (asked, other)] == ["allow", "deny"]
    assert decide(by_hand(PLANNER), asked) == "deny"


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
