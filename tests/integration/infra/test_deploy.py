"""The sequence that puts a deployment up, keeps it up to date and takes it down."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from boto3.session import Session

from functions import naming
from functions.definition import JobDefinition
from functions.errors import LimitExceeded, SettingsError
from functions.settings import from_environment
from infra.deploy import Summary, deploy, tear_down
from infra.deployment import Deployment, Target
from infra.job_stacks import JOBS_PER_STACK
from infra.stacks import resource_metadata
from tests.integration.infra.conftest import REGION
from tests.integration.infra.projects import make_project

CLEANUP = JobDefinition(id="cleanup", schedule="@hourly", timeout=timedelta(minutes=5), memory_mb=512)
EXPORT = JobDefinition(id="export", schedule="@daily")
_ENVIRONMENT = {
    "STAGE": "dev",
    "AWS_REGION": REGION,
    "ACCOUNT_ID": "123456789012",
    "DATABASE_URL": "postgresql://127.0.0.1:5432/jobs",
    "AUTH_SIGNING_KEY": "a-signing-key-of-more-than-32-characters",
}
Steps = list[tuple[str, str]]
Client = Callable[[str], Any]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all these tests: that a build does not depend on it has tests of its own."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def deployment(tmp_path: Path, cache: Path, endpoint_url: str) -> Deployment:
    return Deployment(
        settings=from_environment(_ENVIRONMENT),
        jobs=(CLEANUP, EXPORT),
        project=make_project(tmp_path / "project"),
        cache=cache,
        target=Target.host(),
        endpoint_url=endpoint_url,
    )


@pytest.fixture
def client(session: Session, endpoint_url: str) -> Client:
    return lambda service: session.client(service, endpoint_url=endpoint_url)  # type: ignore[call-overload]


@pytest.fixture
def steps() -> Steps:
    return []


@pytest.fixture
def put_up(session: Session, steps: Steps) -> Callable[[Deployment], Summary]:
    return lambda deployment: deploy(
        deployment, session=session, report=lambda step, seconds, detail: steps.append((step, detail))
    )


def _functions(client: Client) -> dict[str, Any]:
    return {found["FunctionName"]: found for found in client("lambda").list_functions()["Functions"]}


def test_a_deploy_makes_a_function_for_each_job_and_our_own_two(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], client: Client
) -> None:
    put_up(deployment)
    functions = _functions(client)

    assert set(functions) == {
        naming.api_function("dev"),
        naming.operations_function("dev"),
        naming.job_name("dev", "cleanup"),
        naming.job_name("dev", "export"),
    }
    cleanup = functions[naming.job_name("dev", "cleanup")]
    assert (cleanup["Timeout"], cleanup["MemorySize"]) == (300, 512)
    assert cleanup["Environment"]["Variables"]["DATABASE_URL"] == _ENVIRONMENT["DATABASE_URL"]
    assert cleanup["Environment"]["Variables"]["ACCOUNT_ID"] == "123456789012"
    assert cleanup["Role"] == f"arn:aws:iam::123456789012:role/{naming.job_name('dev', 'cleanup')}-{REGION}"


def test_the_steps_are_told_in_order_and_the_operations_run_inside(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], steps: Steps
) -> None:
    summary = put_up(deployment)

    assert [step for step, _ in steps] == [
        "package", "upload", "shared stack", "migrate", "API and job stacks", "reconcile",
    ]  # fmt: skip
    assert summary.operations == {
        "migrate": {"operation": "migrate", "before": True},
        "reconcile": {"operation": "reconcile"},
    }
    assert summary.changed_stacks == ("lamplighter-dev", "lamplighter-dev-jobs-01", "lamplighter-dev-api")


def test_a_second_deploy_of_an_unchanged_project_sends_nothing(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], steps: Steps, client: Client
) -> None:
    put_up(deployment)
    before = _functions(client)
    steps.clear()
    put_up(deployment)

    assert ("upload", "nothing new") in steps
    assert {name: found["CodeSha256"] for name, found in _functions(client).items()} == {
        name: found["CodeSha256"] for name, found in before.items()
    }


def test_changed_code_reaches_the_jobs_function(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], client: Client
) -> None:
    first = put_up(deployment)
    before = _functions(client)[naming.job_name("dev", "cleanup")]
    (deployment.project / "functions/jobs/cleanup.py").write_text("CLEANED = 'all'\n")
    second = put_up(deployment)
    after = _functions(client)[naming.job_name("dev", "cleanup")]

    assert first.packages.functions.key != second.packages.functions.key
    assert before["CodeSha256"] != after["CodeSha256"]


def test_a_jobs_concurrency_is_reserved_for_it_and_the_deployments_for_the_others(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], client: Client
) -> None:
    limited = CLEANUP._replace(concurrency=2)
    settings = from_environment({**_ENVIRONMENT, "JOBS_CONCURRENCY": "5"})
    put_up(dataclasses.replace(deployment, jobs=(limited, EXPORT), settings=settings))
    names = {
        naming.job_name("dev", "cleanup"): 2,
        naming.job_name("dev", "export"): 5,
        naming.api_function("dev"): None,
    }
    for name, reserved in names.items():
        answer = client("lambda").get_function_concurrency(FunctionName=name)
        assert answer.get("ReservedConcurrentExecutions") == reserved


def test_a_database_that_would_be_reached_unprotected_stops_the_deploy_before_anything_is_touched(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], steps: Steps, client: Client
) -> None:
    settings = from_environment({**_ENVIRONMENT, "DATABASE_URL": "postgresql://u:p@db.example:5432/jobs"})
    with pytest.raises(SettingsError, match="needs DATABASE_TLS_ROOT_CERT"):
        put_up(dataclasses.replace(deployment, settings=settings))
    assert steps == []
    assert client("s3").list_buckets()["Buckets"] == []


def test_a_changed_option_and_a_changed_secret_reach_the_function(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], client: Client
) -> None:
    put_up(deployment)
    settings = from_environment({**_ENVIRONMENT, "DATABASE_URL": "postgresql://127.0.0.1:5433/moved"})
    larger = CLEANUP._replace(memory_mb=1024)
    put_up(dataclasses.replace(deployment, jobs=(larger, EXPORT), settings=settings))
    functions = _functions(client)

    assert functions[naming.job_name("dev", "cleanup")]["MemorySize"] == 1024
    urls = {name: found["Environment"]["Variables"]["DATABASE_URL"] for name, found in functions.items()}
    assert set(urls.values()) == {"postgresql://127.0.0.1:5433/moved"}


def test_a_new_job_gets_a_function_and_a_removed_job_loses_its_own(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], client: Client
) -> None:
    put_up(deployment)
    put_up(dataclasses.replace(deployment, jobs=(EXPORT, JobDefinition(id="another"))))

    assert {name for name in _functions(client) if name.startswith(naming.job_prefix("dev"))} == {
        naming.job_name("dev", "another"),
        naming.job_name("dev", "export"),
    }
    roles = {role["RoleName"] for role in client("iam").list_roles()["Roles"]}
    assert naming.role(naming.job_name("dev", "export"), REGION) in roles
    assert naming.role(naming.job_name("dev", "cleanup"), REGION) not in roles


def test_the_last_jobs_stack_goes_with_it(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], client: Client
) -> None:
    put_up(deployment)
    summary = put_up(dataclasses.replace(deployment, jobs=()))

    assert summary.deleted_stacks == ("lamplighter-dev-jobs-01",)
    assert {found["StackName"] for found in client("cloudformation").describe_stacks()["Stacks"]} == {
        "lamplighter-dev",
        "lamplighter-dev-api",
    }


def test_jobs_beyond_one_stack_go_to_the_next_and_none_moves(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], client: Client
) -> None:
    jobs = tuple(JobDefinition(id=f"job-{number:02d}") for number in range(JOBS_PER_STACK + 1))
    put_up(dataclasses.replace(deployment, jobs=jobs))
    before = _stack_of_each_job(client)
    summary = put_up(dataclasses.replace(deployment, jobs=(JobDefinition(id="a-first-by-name"), *jobs[1:])))

    assert set(before.values()) == {"lamplighter-dev-jobs-01", "lamplighter-dev-jobs-02"}
    assert before["job-50"] == "lamplighter-dev-jobs-02"
    assert _stack_of_each_job(client) == {
        **{job_id: stack for job_id, stack in before.items() if job_id != "job-00"},
        "a-first-by-name": "lamplighter-dev-jobs-01",
    }
    assert summary.deleted_stacks == ()


def _stack_of_each_job(client: Client) -> dict[str, str]:
    cloudformation = client("cloudformation")
    names = [found["StackName"] for found in cloudformation.describe_stacks()["Stacks"]]
    return {job_id: name for name in names for job_id in resource_metadata(cloudformation, name, "JobId")}


def test_another_stage_beside_it_is_not_touched(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], session: Session, client: Client
) -> None:
    settings = from_environment({**_ENVIRONMENT, "STAGE": "dev2"})
    put_up(dataclasses.replace(deployment, settings=settings))
    put_up(deployment)
    client("events").put_rule(Name=f"{naming.job_prefix('dev2')}cleanup", ScheduleExpression="rate(1 hour)")
    tear_down(deployment, session=session, report=lambda step, seconds, detail: None)

    assert {name.split("-")[1] for name in _functions(client)} == {"dev2"}
    assert len(_functions(client)) == 4
    assert len(client("events").list_rules()["Rules"]) == 1


def test_the_api_gets_its_new_code_only_after_the_migration(
    deployment: Deployment, session: Session, put_up: Callable[[Deployment], Summary], client: Client
) -> None:
    put_up(deployment)
    before = _functions(client)
    (deployment.project / "admin_api/app.py").write_text("app = 'next'\n")
    (deployment.project / "functions/handler.py").write_text("def handle(event, context): return 'next'\n")
    at_migration: dict[str, Any] = {}

    def look(step: str, seconds: float, detail: str) -> None:
        if step == "migrate":
            at_migration.update(_functions(client))

    deploy(deployment, session=session, report=look)
    changed = {name for name, found in at_migration.items() if found["CodeSha256"] != before[name]["CodeSha256"]}
    assert changed == {naming.operations_function("dev")}
    after = _functions(client)
    assert all(after[name]["CodeSha256"] != found["CodeSha256"] for name, found in before.items())


def test_what_aws_would_refuse_is_said_at_once_before_anything_is_made(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], steps: Steps, client: Client
) -> None:
    huge = ({"Action": "s3:GetObject", "Resource": "x" * 9_000},)
    bad = tuple(job._replace(permissions=huge) for job in (CLEANUP, JobDefinition(id="by-hand")))

    with pytest.raises(LimitExceeded) as caught:
        put_up(dataclasses.replace(deployment, jobs=(*bad, EXPORT)))
    assert "job 'by-hand': permissions" in str(caught.value)
    assert "job 'cleanup': permissions" in str(caught.value)
    assert steps == []
    assert client("s3").list_buckets()["Buckets"] == []


def test_a_tear_down_takes_every_trigger_away_before_the_first_function(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], session: Session, client: Client
) -> None:
    put_up(deployment)
    rule, window = naming.job_name("dev", "cleanup"), {"Mode": "OFF"}
    arn = f"arn:aws:lambda:{REGION}:123456789012:function:{rule}"
    target = {"Arn": arn, "RoleArn": "arn:aws:iam::123456789012:role/x"}
    client("events").put_rule(Name=rule, ScheduleExpression="rate(1 hour)", State="DISABLED")
    client("events").put_targets(Rule=rule, Targets=[{"Id": "job", "Arn": arn}])
    client("scheduler").create_schedule_group(Name="lamplighter-dev")
    client("scheduler").create_schedule(
        Name=rule, GroupName="lamplighter-dev", ScheduleExpression="rate(1 day)", FlexibleTimeWindow=window,
        Target=target,
    )  # fmt: skip
    seen: list[tuple[str, str, int]] = []
    tear_down(
        deployment,
        session=session,
        report=lambda step, seconds, detail: seen.append((step, detail, len(_functions(client)))),
    )

    assert seen[0] == ("triggers", "1 rules removed\n1 schedules removed", 4)
    assert client("scheduler").list_schedules()["Schedules"] == []
    assert client("events").list_rules()["Rules"] == []


def test_nothing_is_left_after_a_tear_down(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], session: Session, client: Client
) -> None:
    put_up(deployment)
    rule = naming.job_name("dev", "cleanup")
    client("events").put_rule(Name=rule, ScheduleExpression="rate(1 hour)", State="DISABLED")
    client("events").put_targets(Rule=rule, Targets=[{"Id": "job", "Arn": f"arn:aws:lambda:x:1:function:{rule}"}])
    tear_down(deployment, session=session, report=lambda step, seconds, detail: None)

    assert client("cloudformation").describe_stacks()["Stacks"] == []
    assert client("lambda").list_functions()["Functions"] == []
    assert client("iam").list_roles()["Roles"] == []
    assert client("logs").describe_log_groups()["logGroups"] == []
    assert "QueueUrls" not in client("sqs").list_queues()
    assert client("events").list_rules()["Rules"] == []
    assert client("s3").list_buckets()["Buckets"] == []


def test_a_tear_down_of_nothing_changes_nothing(deployment: Deployment, session: Session) -> None:
    steps: Steps = []
    tear_down(deployment, session=session, report=lambda step, seconds, detail: steps.append((step, detail)))

    assert ("triggers", "0 rules removed\n0 schedules removed") in steps


def test_credentials_of_another_account_change_nothing(
    deployment: Deployment, put_up: Callable[[Deployment], Summary], client: Client
) -> None:
    settings = from_environment({**_ENVIRONMENT, "ACCOUNT_ID": "999999999999"})

    with pytest.raises(SettingsError, match="999999999999, but the credentials belong to account 123456789012"):
        put_up(dataclasses.replace(deployment, settings=settings))
    assert client("s3").list_buckets()["Buckets"] == []


@pytest.mark.parametrize(
    ("missing", "given"), [("DATABASE_URL", {}), ("AUTH_SIGNING_KEY", {"AUTH_PREVIOUS_SIGNING_KEYS": "k" * 32})]
)
def test_a_missing_secret_stops_before_anything_is_made(
    deployment: Deployment,
    put_up: Callable[[Deployment], Summary],
    client: Client,
    missing: str,
    given: dict[str, str],
) -> None:
    settings = from_environment({**_ENVIRONMENT, **given, missing: ""})

    with pytest.raises(SettingsError, match=f"{missing} is not set"):
        put_up(dataclasses.replace(deployment, settings=settings))
    assert client("s3").list_buckets()["Buckets"] == []
