"""The templates hold what stands still, each function complete and each role as narrow as it can be."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

import pytest

from functions import naming
from functions.definition import JobDefinition
from functions.jobs.mark_lost_executions import mark_lost_executions
from functions.jobs.send_email import deliver_email
from infra import policies
from infra.job_stacks import JOBS_PER_STACK
from infra.resources.api import api_template
from infra.resources.jobs import jobs_template
from infra.resources.shared import shared_template
from tests.unit.infra.deployments import ENVIRONMENT, deployment_of, packages

CLEANUP = JobDefinition(
    id="expired-refresh-token-cleanup", schedule="@hourly", timeout=timedelta(minutes=5), memory_mb=512
)
EXPORT = JobDefinition(
    id="nightly.export",
    schedule="0 3 * * *",
    description="x" * 400,
    permissions=({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::exports/*"},),
)
SWEEP = mark_lost_executions.definition
Resources = dict[str, dict[str, Any]]
REGION = ENVIRONMENT["AWS_REGION"]
SCHEDULER_ROLE = "lamplighter-dev-scheduler-${AWS::Region}"


def _shared() -> dict[str, Any]:
    return dict(shared_template(deployment_of([]), packages()).to_dict())


def _api() -> dict[str, Any]:
    return dict(api_template(deployment_of([]), packages()).to_dict())


def _jobs(*jobs: JobDefinition, functions_sha256: str = "f" * 64) -> dict[str, Any]:
    shipped = packages(functions_sha256=functions_sha256)
    return dict(jobs_template(deployment_of(jobs), shipped, jobs).to_dict())


def test_the_mail_server_is_known_to_jobs_alone_and_its_password_to_no_template() -> None:
    server = {"SMTP_HOST": "mail.example.com", "SMTP_PORT": "587", "SMTP_TLS": "starttls", "SMTP_FROM": "j@example.com"}
    login = {"SMTP_USERNAME": "jobs", "SMTP_PASSWORD": "hunter3"}
    deployment = deployment_of([CLEANUP], environ=server | login)
    template = dict(jobs_template(deployment, packages(), [CLEANUP]).to_dict())
    variables = _function(template, naming.job_name("dev", CLEANUP.id))["Environment"]["Variables"]
    assert {name: value for name, value in variables.items() if name.startswith("SMTP_")} == server | {
        "SMTP_USERNAME": "jobs", "SMTP_PASSWORD": {"Ref": "SmtpPassword"},
    }  # fmt: skip
    assert template["Parameters"]["SmtpPassword"]["NoEcho"] is True
    for others in (
        template,
        shared_template(deployment, packages()).to_dict(),
        api_template(deployment, packages()).to_dict(),
    ):
        assert "hunter3" not in json.dumps(others)
        assert others is template or "SMTP" not in json.dumps(others)
    assert "SMTP" not in json.dumps(_jobs(CLEANUP))


def _of_type(template: dict[str, Any], kind: str) -> Resources:
    return {title: found for title, found in template["Resources"].items() if found["Type"] == kind}


def _function(template: dict[str, Any], name: str) -> dict[str, Any]:
    functions = [found["Properties"] for found in _of_type(template, "AWS::Lambda::Function").values()]
    return next(properties for properties in functions if properties["FunctionName"] == name)


def _role_name(role: dict[str, Any]) -> str:
    name = role["Properties"]["RoleName"]
    return name if isinstance(name, str) else str(name["Fn::Sub"]).replace("${AWS::Region}", REGION)


def _role_statements(template: dict[str, Any], name: str) -> list[dict[str, Any]]:
    roles = [found["Properties"] for found in _of_type(template, "AWS::IAM::Role").values()]
    role = next(properties for properties in roles if properties["RoleName"] == naming.role(name, REGION))
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


def _statements(value: Any) -> Iterator[dict[str, Any]]:
    """Every statement that grants something on a resource; a trust policy's has none."""
    if isinstance(value, list):
        for item in value:
            yield from _statements(item)
    elif isinstance(value, dict):
        yield from (found for found in value.get("Statement", []) if "Resource" in found)
        for item in value.values():
            yield from _statements(item)


def _actions(statement: dict[str, Any]) -> list[str]:
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else list(actions)


EACH = pytest.mark.parametrize("template", [_shared(), _api(), _jobs(CLEANUP, EXPORT)], ids=["shared", "api", "jobs"])


@EACH
def test_no_template_ever_holds_a_rule_or_a_schedule(template: dict[str, Any]) -> None:
    kinds = {found["Type"] for found in template["Resources"].values()}

    assert not kinds & {"AWS::Events::Rule", "AWS::Scheduler::Schedule", "AWS::Lambda::EventSourceMapping"}


@EACH
def test_every_function_has_a_role_a_log_group_and_no_retries(template: dict[str, Any]) -> None:
    functions = _of_type(template, "AWS::Lambda::Function")
    invokes = {found["Properties"]["FunctionName"]["Ref"]: found["Properties"] for found in _invokes(template)}

    assert functions
    for title, function in functions.items():
        properties = function["Properties"]
        role = template["Resources"][properties["Role"]["Fn::GetAtt"][0]]["Properties"]
        group = template["Resources"][properties["LoggingConfig"]["LogGroup"]["Ref"]]["Properties"]
        assert role["RoleName"] == naming.role(properties["FunctionName"], REGION)
        assert group["LogGroupName"] == f"/aws/lambda/{properties['FunctionName']}"
        assert group["RetentionInDays"] == 30
        assert invokes[title]["MaximumRetryAttempts"] == 0
        assert invokes[title]["MaximumEventAgeInSeconds"] == 3600
        assert invokes[title]["DestinationConfig"]["OnFailure"]["Destination"]


def _invokes(template: dict[str, Any]) -> list[dict[str, Any]]:
    return list(_of_type(template, "AWS::Lambda::EventInvokeConfig").values())


@EACH
def test_every_role_belongs_to_one_function_or_to_scheduler(template: dict[str, Any]) -> None:
    names = {found["Properties"]["FunctionName"] for found in _of_type(template, "AWS::Lambda::Function").values()}
    roles = {_role_name(found) for found in _of_type(template, "AWS::IAM::Role").values()}

    assert roles - {naming.scheduler_role("dev", REGION)} == {naming.role(name, REGION) for name in names}


@EACH
def test_a_star_stands_only_where_aws_knows_no_resource(template: dict[str, Any]) -> None:
    starred = [action for found in _statements(template) if found["Resource"] == "*" for action in _actions(found)]

    assert set(starred) <= {"events:ListRules", "scheduler:ListSchedules"}
    assert not [action for found in _statements(template) for action in _actions(found) if "*" in action]


@EACH
def test_every_named_resource_is_of_this_stage(template: dict[str, Any]) -> None:
    arns = [str(found["Resource"]) for found in _statements(template) if found["Resource"] != "*"]

    foreign = [arn for arn in arns if "lamplighter-dev" not in arn and "Fn::GetAtt" not in arn and "exports" not in arn]
    assert not foreign


@EACH
def test_no_secret_is_in_a_template(template: dict[str, Any]) -> None:
    text = json.dumps(template)

    assert "hunter2" not in text
    assert ENVIRONMENT["AUTH_SIGNING_KEY"] not in text
    assert all(parameter["NoEcho"] for parameter in template["Parameters"].values())
    assert all("Default" not in parameter for parameter in template["Parameters"].values())


def test_the_signing_key_reaches_the_api_only() -> None:
    jobs = _jobs(CLEANUP)
    functions = [
        found
        for template in (_shared(), _api(), jobs)
        for found in _of_type(template, "AWS::Lambda::Function").values()
    ]
    holders = [
        found["Properties"]["FunctionName"]
        for found in functions
        if "AUTH_SIGNING_KEY" in found["Properties"]["Environment"]["Variables"]
    ]

    assert holders == [naming.api_function("dev")]
    assert set(jobs["Parameters"]) == set(_shared()["Parameters"]) == {"DatabaseUrl"}


OIDC = {
    "OIDC_ISSUER": "https://issuer.example.com",
    "OIDC_AUDIENCE": "jobs-api",
    "OIDC_CLIENT_ID": "web",
    "OIDC_CLIENT_SECRET": "hunter5" * 5,
    "OIDC_REDIRECT_URI": "https://jobs.example.com/api/v1/auth/oidc/callback",
    "OIDC_SCOPES": "openid email groups",
    "OIDC_PERMISSIONS_CLAIM": "cognito:groups",
    "OIDC_PERMISSIONS_MAP": '{"Jobs admins":"admin","ops":["jobs.pause","jobs.view"]}',
}


def test_the_issuer_reaches_the_api_and_nothing_else_and_its_secret_is_a_parameter() -> None:
    assert "OidcClientSecret" not in _api()["Parameters"]
    deployment = deployment_of([], environ=OIDC)
    template = dict(api_template(deployment, packages()).to_dict())
    variables = _function(template, naming.api_function("dev"))["Environment"]["Variables"]
    given = {name: value for name, value in variables.items() if name.startswith("OIDC_")}
    assert given == {**OIDC, "OIDC_CLIENT_SECRET": {"Ref": "OidcClientSecret"}}
    assert template["Parameters"]["OidcClientSecret"]["NoEcho"] is True
    others = [
        shared_template(deployment, packages()).to_dict(),
        jobs_template(deployment, packages(), [CLEANUP]).to_dict(),
    ]
    assert "hunter5" not in json.dumps([template, *others])
    assert "OIDC" not in json.dumps(others)


def _grants(template: dict[str, Any], name: str) -> list[Any]:
    """What of Secrets Manager this function may read."""
    statements = _role_statements(template, name)
    return [found["Resource"] for found in statements if found["Action"] == ["secretsmanager:GetSecretValue"]]


def test_without_a_key_or_a_secrets_name_the_apis_stack_makes_a_secret_nobody_has_seen() -> None:
    template = dict(api_template(deployment_of([], environ={"AUTH_SIGNING_KEY": ""}), packages()).to_dict())
    ((title, secret),) = _of_type(template, "AWS::SecretsManager::Secret").items()
    variables = _function(template, naming.api_function("dev"))["Environment"]["Variables"]

    assert secret["Properties"]["Name"] == "lamplighter-dev/auth"
    assert secret["Properties"]["GenerateSecretString"]["GenerateStringKey"] == "signing_key"
    assert (secret["DeletionPolicy"], secret["UpdateReplacePolicy"]) == ("Delete", "Delete")
    assert {name: value for name, value in variables.items() if name.startswith("AUTH")} == {
        "AUTH_SECRET_ID": {"Ref": title}
    }
    assert _grants(template, naming.api_function("dev")) == [{"Ref": title}]
    assert set(template["Parameters"]) == {"DatabaseUrl"}


def test_a_secret_is_read_by_the_functions_that_need_it_and_by_no_other() -> None:
    named = {"AUTH_SIGNING_KEY": "", "AUTH_SECRET_ID": "prod/auth", "OIDC_SECRET_ID": WHOLE, "OIDC_CLIENT_SECRET": ""}
    mail = {"SMTP_HOST": "mail.example.com", "SMTP_FROM": "j@example.com", "SMTP_SECRET_ID": "prod/smtp"}
    jobs = [CLEANUP, deliver_email.definition]
    deployment = deployment_of(jobs, environ={**OIDC, **named, **mail})
    arn = f"arn:{PLACE % 'secretsmanager'}:secret:"
    templates = {
        naming.operations_function("dev"): shared_template(deployment, packages()),
        naming.api_function("dev"): api_template(deployment, packages()),
        naming.job_name("dev", CLEANUP.id): jobs_template(deployment, packages(), jobs),
        naming.job_name("dev", "send-email"): jobs_template(deployment, packages(), jobs),
    }
    read = {name: _grants(template.to_dict(), name) for name, template in templates.items()}
    assert read == {
        naming.operations_function("dev"): [],
        naming.api_function("dev"): [{"Fn::Sub": f"{arn}prod/auth-??????"}, WHOLE],
        naming.job_name("dev", CLEANUP.id): [],
        naming.job_name("dev", "send-email"): [{"Fn::Sub": f"{arn}prod/smtp-??????"}],
    }
    variables = {
        name: _function(template.to_dict(), name)["Environment"]["Variables"] for name, template in templates.items()
    }
    assert {name: [key for key in sorted(given) if key.endswith("SECRET_ID")] for name, given in variables.items()} == {
        naming.operations_function("dev"): [],
        naming.api_function("dev"): ["AUTH_SECRET_ID", "OIDC_SECRET_ID"],
        naming.job_name("dev", CLEANUP.id): ["SMTP_SECRET_ID"],
        naming.job_name("dev", "send-email"): ["SMTP_SECRET_ID"],
    }
    assert {name for template in templates.values() for name in template.to_dict()["Parameters"]} == {"DatabaseUrl"}


def test_a_key_of_ones_own_may_be_used_through_secrets_manager_alone() -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    _, decrypting = policies.read_secret("prod/auth", key=key)

    assert (decrypting["Action"], decrypting["Resource"]) == (["kms:Decrypt"], key)
    assert list(decrypting["Condition"]["StringEquals"]) == ["kms:ViaService"]
    assert policies.read_secret(None, key=key) == []


def test_previous_signing_keys_reach_the_api_where_there_are_some() -> None:
    assert "AuthPreviousSigningKeys" not in _api()["Parameters"]
    deployment = deployment_of([], environ={"AUTH_PREVIOUS_SIGNING_KEYS": "hunter4" * 5})
    template = dict(api_template(deployment, packages()).to_dict())
    variables = _function(template, naming.api_function("dev"))["Environment"]["Variables"]
    assert variables["AUTH_PREVIOUS_SIGNING_KEYS"] == {"Ref": "AuthPreviousSigningKeys"}
    assert template["Parameters"]["AuthPreviousSigningKeys"]["NoEcho"] is True
    others = [
        shared_template(deployment, packages()).to_dict(),
        jobs_template(deployment, packages(), [CLEANUP]).to_dict(),
    ]
    assert "hunter4" not in json.dumps([template, *others])
    assert "PREVIOUS" not in json.dumps(others)


def test_a_job_becomes_a_function_with_its_own_size_and_time() -> None:
    properties = _function(_jobs(CLEANUP, EXPORT), naming.job_name("dev", CLEANUP.id))

    assert properties["Handler"] == "functions.handler.handle"
    assert properties["Timeout"] == 300
    assert properties["MemorySize"] == 512
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["arm64"]
    assert properties["Code"]["S3Bucket"] == "lamplighter-dev-123456789012-eu-central-1"


def test_the_settings_are_the_environment_of_every_function() -> None:
    variables = _function(_jobs(CLEANUP), naming.job_name("dev", CLEANUP.id))["Environment"]["Variables"]

    assert variables == {
        "STAGE": "dev",
        "ACCOUNT_ID": {"Ref": "AWS::AccountId"},
        "AWS_PARTITION": {"Ref": "AWS::Partition"},
        "JOBS_PACKAGES": "functions.jobs",
        "JOB_MODULE": CLEANUP.module,
        "JOBS_ENABLED": "true",
        "TRIGGER_BACKEND": "auto",
        "RULES_LIMIT": "300",
        "LOG_LEVEL": "INFO",
        "RETENTION_DAYS": "succeeded=90,failed=90,skipped=90,cancelled=90,lost=90,missed=90",
        "LOG_FLUSH_S": "3",
        "LOG_MAX_LINES": "10000",
        "LOG_MAX_LINE_BYTES": "16384",
        "LOG_MAX_BYTES": "5000000",
        "DATABASE_SECRET_SOURCE": "environment",
        "DATABASE_URL": {"Ref": "DatabaseUrl"},
    }


def test_a_jobs_concurrency_is_reserved_for_it_and_the_deployments_for_the_others() -> None:
    jobs = [JobDefinition(id="limited", concurrency=2), JobDefinition(id="plain")]

    def reserved(**environ: str) -> list[int | None]:
        template = jobs_template(deployment_of(jobs, environ=environ), packages(), jobs).to_dict()
        functions = [_function(template, naming.job_name("dev", job.id)) for job in jobs]
        return [function.get("ReservedConcurrentExecutions") for function in functions]

    assert reserved() == [2, None]
    assert reserved(JOBS_CONCURRENCY="9") == [2, 9]
    shared = shared_template(deployment_of(jobs, environ={"JOBS_CONCURRENCY": "9"}), packages()).to_dict()
    assert "ReservedConcurrentExecutions" not in _function(shared, naming.operations_function("dev"))


SECRET = {"DATABASE_SECRET_SOURCE": "secrets-manager", "DATABASE_URL": "postgresql://db.example:5432/jobs"}
IAM = {
    "DATABASE_SECRET_SOURCE": "rds-iam",
    "DATABASE_URL": "postgresql://the%2Bjobs@db.example:5432/jobs",
    "DATABASE_RESOURCE_ID": "cluster-ABC1",
}
WHOLE = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/jobs-AbCdEf"
PLACE = "${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}"


@pytest.mark.parametrize(
    ("environ", "action", "resource"),
    [
        (
            SECRET | {"DATABASE_SECRET_ID": "prod/jobs"},
            "secretsmanager:GetSecretValue",
            {"Fn::Sub": f"arn:{PLACE % 'secretsmanager'}:secret:prod/jobs-??????"},
        ),
        (SECRET | {"DATABASE_SECRET_ID": WHOLE}, "secretsmanager:GetSecretValue", WHOLE),
        (IAM, "rds-db:connect", {"Fn::Sub": f"arn:{PLACE % 'rds-db'}:dbuser:cluster-ABC1/the+jobs"}),
    ],
)
def test_every_function_may_get_the_login_and_no_more_of_it(
    environ: dict[str, str], action: str, resource: Any
) -> None:
    deployment = deployment_of([CLEANUP], environ=environ)
    for template, name in (
        (shared_template(deployment, packages()), naming.operations_function("dev")),
        (api_template(deployment, packages()), naming.api_function("dev")),
        (jobs_template(deployment, packages(), [CLEANUP]), naming.job_name("dev", CLEANUP.id)),
    ):
        asking = [found for found in _role_statements(template.to_dict(), name) if found["Action"] == [action]]
        assert [found["Resource"] for found in asking] == [resource]
        assert "hunter2" not in template.to_json()


def test_a_long_description_is_cut_to_what_lambda_takes() -> None:
    assert len(_function(_jobs(EXPORT), naming.job_name("dev", EXPORT.id))["Description"]) == 256


def test_a_job_may_log_give_up_retry_and_do_what_its_author_asked_for() -> None:
    plain = _role_statements(_jobs(CLEANUP, EXPORT), naming.job_name("dev", CLEANUP.id))
    asking = _role_statements(_jobs(CLEANUP, EXPORT), naming.job_name("dev", EXPORT.id))

    assert [found["Action"] for found in plain] == [
        ["logs:CreateLogStream", "logs:PutLogEvents"], ["sqs:SendMessage"], ["scheduler:CreateSchedule"],
        ["iam:PassRole"],
    ]  # fmt: skip
    assert asking[4:] == [{"Effect": "Allow", **EXPORT.permissions[0]}]


def test_a_job_may_make_one_time_schedules_for_retries_and_touch_no_other_schedule() -> None:
    _, _, scheduling, passing = _role_statements(_jobs(CLEANUP), naming.job_name("dev", CLEANUP.id))

    assert scheduling["Resource"]["Fn::Sub"].endswith(":schedule/lamplighter-dev/lamplighter-dev-retry-*")
    assert passing["Resource"]["Fn::Sub"].endswith(f":role/{SCHEDULER_ROLE}")
    assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}


def test_the_api_may_start_what_is_enqueued_now_or_by_a_schedule_of_this_stage() -> None:
    statements = _role_statements(_api(), naming.api_function("dev"))
    start = naming.start_schedule("dev", uuid.UUID(int=0), datetime(2026, 11, 23, tzinfo=UTC))
    needed = {
        "lambda:InvokeFunction": f":function:{naming.job_name('dev', CLEANUP.id)}",
        "scheduler:CreateSchedule": f":schedule/lamplighter-dev/{start}",
        "iam:PassRole": f":role/{naming.scheduler_role('dev', REGION)}",
    }
    for action, name in needed.items():
        allowed = [found["Resource"]["Fn::Sub"] for found in statements if action in found["Action"]]
        own = [each.rpartition("${AWS::AccountId}")[2].replace("${AWS::Region}", REGION) for each in allowed]
        assert any(fnmatchcase(name, each) for each in own), f"{action} on {name}"
        others = name.replace("dev", "other")
        assert not any(fnmatchcase(others, each) for each in own), f"{action} on another stage's"


def test_a_permission_may_speak_of_the_stage_and_the_account_it_is_deployed_to() -> None:
    resource = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:${Stage}-${aws:username}"
    asking = JobDefinition(id="a", permissions=({"Action": "sqs:SendMessage", "Resource": resource},))
    *_, statement = _role_statements(_jobs(asking), naming.job_name("dev", "a"))

    expected = "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:dev-${!aws:username}"
    assert statement["Resource"] == {"Fn::Sub": expected}


def test_the_sweep_may_start_jobs_of_its_own_stage_only() -> None:
    *_, invoking = _role_statements(_jobs(SWEEP), naming.job_name("dev", SWEEP.id))

    assert invoking["Action"] == "lambda:InvokeFunction"
    assert invoking["Resource"]["Fn::Sub"].endswith(":function:lamplighter-dev-job-*")


def test_a_job_lets_only_rules_of_this_stage_and_account_fire_it() -> None:
    (permission,) = _of_type(_jobs(CLEANUP), "AWS::Lambda::Permission").values()

    assert permission["Properties"]["Principal"] == "events.amazonaws.com"
    assert permission["Properties"]["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert permission["Properties"]["SourceArn"]["Fn::Sub"].endswith(":rule/lamplighter-dev-job-*")


def test_scheduler_assumes_its_role_for_our_group_only() -> None:
    roles = [found["Properties"] for found in _of_type(_shared(), "AWS::IAM::Role").values()]
    role = next(properties for properties in roles if properties["RoleName"] == {"Fn::Sub": SCHEDULER_ROLE})
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]

    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert trust["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"].endswith(":schedule-group/lamplighter-dev")


def test_a_role_is_passed_to_scheduler_and_to_nothing_else() -> None:
    for template, name in ((_api(), naming.api_function("dev")), (_shared(), naming.operations_function("dev"))):
        (passing,) = [found for found in _role_statements(template, name) if "iam:PassRole" in found["Action"]]

        assert passing["Resource"]["Fn::Sub"].endswith(f":role/{SCHEDULER_ROLE}")
        assert passing["Condition"] == {"StringEquals": {"iam:PassedToService": "scheduler.amazonaws.com"}}


def test_only_the_api_and_scheduler_may_start_jobs() -> None:
    starting = [
        _role_name(found)
        for template in (_shared(), _api())
        for found in _of_type(template, "AWS::IAM::Role").values()
        if any("lambda:InvokeFunction" in statement["Action"] for statement in _statements(found))
    ]

    assert sorted(starting) == [naming.role(naming.api_function("dev"), REGION), naming.scheduler_role("dev", REGION)]


def test_ids_that_differ_in_a_sign_only_get_resources_of_their_own() -> None:
    twins = [JobDefinition(id=job_id) for job_id in ("a-b", "a.b", "a_b", "ab")]
    functions = _of_type(_jobs(*twins), "AWS::Lambda::Function")

    assert {found["Metadata"]["JobId"] for found in functions.values()} == {job.id for job in twins}
    assert len({found["Properties"]["FunctionName"] for found in functions.values()}) == len(twins)


def test_new_code_changes_nothing_but_the_key_of_the_code() -> None:
    before, after = _jobs(CLEANUP), _jobs(CLEANUP, functions_sha256="e" * 64)

    assert before != after
    assert json.dumps(before).replace("f" * 64, "e" * 64) == json.dumps(after)


def test_a_full_stack_stays_far_below_cloudformations_limits() -> None:
    jobs = [JobDefinition(id=f"{'long-' * 19}{number:04d}"[:100], description="d" * 500) for number in range(50)]
    template = jobs_template(deployment_of(jobs), packages(), jobs)

    assert len(jobs) == JOBS_PER_STACK
    assert len(template.resources) <= 250
    assert len(template.to_json().encode()) < 500_000
