"""Every call that is really made is allowed by the policy of the role that makes it, and none is forgotten."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import boto3
import botocore.session
import pytest
from botocore import xform_name
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend

from tests.conftest import PROJECT, cloned
from tests.iam import simulator
from tests.iam.evaluator import Request, decide
from tests.iam.recorder import Call, Recorder, recording
from tests.iam.requests import OPERATIONS, made_for, needed
from tests.iam.stage import ACCOUNT, API, DEPLOYER, EXPORT, PLANNER, job_role, statements_of
from tests.iam.stage import OPERATIONS as OPERATING
from tests.integration.infra.conftest import moto_process
from tests.integration.permissions.drivers import Drivers, forget

Asked = tuple[str, Request]
# Asked for and refused on purpose.
REFUSED = {
    (job_role(EXPORT.id), "lambda:InvokeFunction"): "docs/one-time-jobs.md: what waits for a job that may not start "
    "others goes with the next sweep",
}
# Never recorded, for this reason.
UNRECORDED = {
    "scheduler:CreateScheduleGroup": "the group is CloudFormation's; only the one-machine edition makes it here",
}
# Made when a stack could not be changed, which no stack here is.
UNPROVOKED = [Call(DEPLOYER, "cloudformation", "DescribeStackEvents", {"StackName": "lamplighter-dev-api"})]
# moto's own, which answers with its event: the one-machine edition, which other tests run in this process, has another.
_ECHO = LambdaSimpleBackend.invoke
_SOURCES = ("functions", "admin_api", "infra")
_SERVICES = (
    "apigateway", "cloudformation", "events", "iam", "lambda", "logs", "s3", "scheduler", "secretsmanager", "sts",
)  # fmt: skip


@pytest.fixture(scope="module")
def recorder(server_url: str, template_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorder]:
    """All the calls of one stage's life."""
    with pytest.MonkeyPatch.context() as patched, cloned(server_url, template_database) as url, recording() as recorder:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
            patched.delenv(name, raising=False)
        patched.setattr(boto3, "DEFAULT_SESSION", None)
        patched.setattr(LambdaSimpleBackend, "invoke", _ECHO)
        patched.setenv("AWS_DEFAULT_REGION", "eu-central-1")
        drivers = Drivers(recorder, url, patched, tmp_path_factory.mktemp("stage"))
        with moto_process() as address:
            drivers.deploy(address)
        with mock_aws(config={"lambda": {"use_docker": False}}):
            drivers.operate()
            drivers.use_the_api()
            drivers.run_jobs()
            drivers.log_in()
        yield recorder
        forget()


@pytest.fixture(scope="module")
def asked(recorder: Recorder) -> list[Asked]:
    """What each role was in need of, once each."""
    found: dict[str, Asked] = {}
    for call in [*recorder.calls, *UNPROVOKED]:
        for role, request in [*((call.role, each) for each in needed(call, recorder)), *made_for(call)]:
            # Whoever deploys plans, too.
            for one in (role, DEPLOYER) if role == PLANNER else (role,):
                found[f"{one} {request}"] = (one, request)
    return list(found.values())


def _answer(role: str, request: Request) -> str:
    return "deny" if (role, request.action) in REFUSED else "allow"


def test_what_is_really_called_is_allowed_by_the_policy_of_the_role_that_calls(asked: list[Asked]) -> None:
    wrong = [
        f"{role}: {request.action} on {request.resource} is not {_answer(role, request)}ed"
        for role, request in asked
        if decide(statements_of(role), request) != _answer(role, request)
    ]
    assert wrong == []
    assert {role for role, _ in asked} >= {DEPLOYER, PLANNER, API, OPERATING, "scheduler", job_role(EXPORT.id)}


def test_somebody_elses_evaluator_says_the_same_of_each(asked: list[Asked]) -> None:
    said = simulator.answers([(statements_of(role), request) for role, request in asked], account=ACCOUNT)
    assert [
        (role, request, answer)
        for (role, request), answer in zip(asked, said, strict=True)
        if answer != _answer(role, request)
    ] == []


def test_a_policy_without_one_of_the_recorded_actions_would_be_found(asked: list[Asked]) -> None:
    role, request = next((role, each) for role, each in asked if each.action == "events:PutTargets")
    without = [each for each in statements_of(role) if request.action not in each["Action"]]
    assert decide(without, request) == "deny"


def test_no_role_may_do_what_it_never_does(asked: list[Asked]) -> None:
    """But for what Lambda does for a function in its name, and what a job's author asked for."""
    used = {(role, request.action) for role, request in asked}
    granted = {
        (role, action)
        for role in (PLANNER, API, OPERATING, "scheduler", job_role(EXPORT.id), job_role("mark-lost-executions"))
        for statement in statements_of(role)
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    by_lambda = {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:SendMessage", "kms:Decrypt", "kms:GenerateDataKey"}
    by_author = {(job_role(EXPORT.id), "s3:PutObject")}
    # Every function logs in the same way; three of them were made to.
    logins = {"secretsmanager:GetSecretValue", "rds-db:connect"}
    unused = {each for each in granted - used - by_author if each[1] not in by_lambda | logins}
    unused = {each for each in unused if not each[1].startswith("ec2:")}  # nor joins a network by itself
    assert unused == set()


def test_every_operation_that_the_source_names_has_been_recorded_or_says_why_not(recorder: Recorder) -> None:
    recorded = {f"{call.service}:{call.operation}" for call in [*recorder.calls, *UNPROVOKED]}
    named = {operation for path in _sources() for operation in _operations_in(path)}

    assert named - recorded == UNRECORDED.keys()
    assert named >= {"events:PutTargets", "s3:PutObject", "logs:FilterLogEvents", "cloudformation:CreateChangeSet"}
    assert recorded <= OPERATIONS


def test_every_service_that_the_source_asks_is_one_of_those_looked_for() -> None:
    """Else an operation of another one would be overlooked."""
    named = {service for path in _sources() for service in _clients_in(path)}
    # rds signs logins and calls nothing: the recorder listens to the signer.
    assert named <= set(_SERVICES) | {"rds"}
    assert named >= {"events", "lambda", "logs", "s3", "sts"}


def _sources() -> list[Path]:
    found = [path for folder in _SOURCES for path in sorted((PROJECT / folder).rglob("*.py"))]
    return [path for path in found if not {"local", "vendor"} & set(path.relative_to(PROJECT).parts)]


def _operations_in(path: Path) -> set[str]:
    names = _operation_names()
    return {f"{service}:{operation}" for word in _words(path) for service, operation in names.get(word, [])}


def _words(path: Path) -> Iterator[str]:
    """The name of every method that is called on something, and every text that is an argument, as for a paginator."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "get_paginator":
                yield from (str(each.value) for each in node.args if isinstance(each, ast.Constant))
            elif any(word in ast.unparse(node.func.value).lower() for word in _HOLDERS):
                yield node.func.attr


# What a client is called where it is used.
_HOLDERS = ("client", "functions", "s3", "cloudformation", "session", "sts", "_secrets")


@cache
def _operation_names() -> dict[str, list[tuple[str, str]]]:
    session, names = botocore.session.Session(), dict[str, list[tuple[str, str]]]()
    for service in _SERVICES:
        for operation in session.get_service_model(service).operation_names:
            names.setdefault(xform_name(operation), []).append((service, operation))
    return names


def _clients_in(path: Path) -> Iterator[str]:
    """The services whose names are given to something called client."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args and "client" in ast.unparse(node.func).rpartition(".")[2]:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value
