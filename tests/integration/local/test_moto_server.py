"""moto on one machine: functions that run, stacks that are complete, and failures that are loud."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import moto
import pytest
import requests
from botocore.exceptions import ClientError

from functions.errors import JobsError
from infra.local.executor import Executor
from infra.local.moto_server import MotoServer
from tests.integration.local.account import WAITS_AT_GATE, Account, Gate

PROJECT = Path(__file__).parents[3]

FAILS = """
def handler(event, context):
    with open(event, "a") as file:
        file.write("attempt\\n")
    raise RuntimeError("no luck")
"""


@pytest.fixture
def stack_name(account: Account) -> str:
    return f"stack-{uuid.uuid4().hex[:8]}"


def template(account: Account, code: dict[str, str], *, retries: int, name: str, with_alarm: bool = True) -> str:
    """A function with what Lamplighter's own stacks put around one."""
    resources: dict[str, Any] = {
        "DeadLetters": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{name}-dead"}},
        "Failures": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{name}-failures"}},
        "Policy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "DeadLetters"}],
                "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Sid": "Events", "Effect": "Allow"}]},
            },
        },
        "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": name}},
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": name,
                "Runtime": "python3.11",
                "Handler": "app.handler",
                "Role": account.role,
                "Code": code,
                "DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": ["DeadLetters", "Arn"]}},
                "Environment": {"Variables": {"RETRIES": str(retries)}},
            },
        },
        "Asynchronous": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": {"Ref": "Function"},
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": retries,
                "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Failures", "Arn"]}}},
            },
        },
    }
    if with_alarm:
        resources["Alarm"] = {
            "Type": "AWS::CloudWatch::Alarm",
            "Properties": {
                "AlarmName": name,
                "Namespace": "AWS/Lambda",
                "MetricName": "Errors",
                "Dimensions": [{"Name": "FunctionName", "Value": name}],
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1,
                "Period": 60,
                "Statistic": "Sum",
                "Threshold": 0,
            },
        }
    outputs = {"GroupArn": {"Value": {"Fn::GetAtt": ["Group", "Arn"]}}}
    return json.dumps({"Resources": resources, "Outputs": outputs})


def queue_url(account: Account, name: str) -> str:
    url: str = account.sqs.get_queue_url(QueueName=name)["QueueUrl"]
    return url


def test_a_stack_is_created_updated_and_deleted_with_all_of_its_resources(
    account: Account, stack_name: str, tmp_path: Path
) -> None:
    cloudformation = account.client("cloudformation")
    scheduler, cloudwatch = account.client("scheduler"), account.client("cloudwatch")

    code = account.upload(FAILS)
    cloudformation.create_stack(StackName=stack_name, TemplateBody=template(account, code, retries=0, name=stack_name))
    described = cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    listed = cloudformation.describe_stack_resources(StackName=stack_name)["StackResources"]
    assert {resource["LogicalResourceId"] for resource in listed} == {
        "DeadLetters", "Failures", "Policy", "Group", "Function", "Asynchronous", "Alarm",
    }  # fmt: skip
    group = scheduler.get_schedule_group(Name=stack_name)
    assert described["Outputs"][0]["OutputValue"] == group["Arn"]
    assert cloudwatch.describe_alarms(AlarmNames=[stack_name])["MetricAlarms"][0]["MetricName"] == "Errors"
    dead_letters = queue_url(account, f"{stack_name}-dead")
    attributes = account.sqs.get_queue_attributes(QueueUrl=dead_letters, AttributeNames=["Policy"])["Attributes"]
    assert json.loads(attributes["Policy"])["Statement"][0]["Sid"] == "Events"
    account.invoke(stack_name, str(tmp_path / "first"), InvocationType="Event")
    failures = queue_url(account, f"{stack_name}-failures")
    assert json.loads(account.receive(failures)["Body"])["requestContext"]["approximateInvokeCount"] == 1
    assert json.loads(account.receive(dead_letters)["Body"]) == str(tmp_path / "first")
    assert (tmp_path / "first").read_text() == "attempt\n"

    scheduler.create_schedule(
        Name="kept",
        GroupName=stack_name,
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": "arn:aws:lambda:us-east-1:123456789012:function:f", "RoleArn": account.role},
    )
    updated = template(account, code, retries=1, name=stack_name, with_alarm=False)
    cloudformation.update_stack(StackName=stack_name, TemplateBody=updated)
    assert cloudwatch.describe_alarms(AlarmNames=[stack_name])["MetricAlarms"] == []
    assert len(scheduler.list_schedules(GroupName=stack_name)["Schedules"]) == 1, "an update keeps a group's schedules"
    account.invoke(stack_name, str(tmp_path / "second"), InvocationType="Event")
    assert json.loads(account.receive(failures)["Body"])["requestContext"]["approximateInvokeCount"] == 2

    cloudformation.delete_stack(StackName=stack_name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        account.invoke(stack_name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        scheduler.get_schedule_group(Name=stack_name)


def test_a_stacks_secret_is_generated_once_and_goes_with_the_stack(account: Account, stack_name: str) -> None:
    cloudformation, secrets = account.client("cloudformation"), account.client("secretsmanager")
    generated = {"SecretStringTemplate": '{"old": []}', "GenerateStringKey": "key", "PasswordLength": 64}

    def given(description: str, **more: Any) -> str:
        properties = {"Name": f"{stack_name}/auth", "Description": description}
        secret = {"Type": "AWS::SecretsManager::Secret"}
        secret |= {"Properties": {**properties, "GenerateSecretString": {**generated, **more}}}  # type: ignore[dict-item]
        outputs = {"Arn": {"Value": {"Ref": "Secret"}}}
        return json.dumps({"Resources": {"Secret": secret}, "Outputs": outputs})

    def value() -> Any:
        return json.loads(secrets.get_secret_value(SecretId=f"{stack_name}/auth")["SecretString"])

    cloudformation.create_stack(StackName=stack_name, TemplateBody=given("a", ExcludePunctuation=True))
    first = value()
    assert first["old"] == []
    assert (len(first["key"]), first["key"].isalnum()) == (64, True)
    (described,) = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    assert described["Outputs"][0]["OutputValue"] == secrets.describe_secret(SecretId=f"{stack_name}/auth")["ARN"]

    cloudformation.update_stack(StackName=stack_name, TemplateBody=given("b", ExcludePunctuation=True))
    assert value() == first
    cloudformation.update_stack(StackName=stack_name, TemplateBody=given("b", ExcludeNumbers=True))
    assert value()["key"] != first["key"]

    cloudformation.delete_stack(StackName=stack_name)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        value()


def test_a_stack_can_change_how_many_executions_of_a_function_run_at_once(
    account: Account, stack_name: str, gate: Gate
) -> None:
    cloudformation, code = account.client("cloudformation"), account.upload(WAITS_AT_GATE)
    for reserved, act in ((1, cloudformation.create_stack), (2, cloudformation.update_stack)):
        properties = {
            "FunctionName": stack_name,
            "Runtime": "python3.11",
            "Handler": "app.handler",
            "Timeout": 20,
            "Role": account.role,
            "Code": code,
            "ReservedConcurrentExecutions": reserved,
        }
        resources = {"Function": {"Type": "AWS::Lambda::Function", "Properties": properties}}
        act(StackName=stack_name, TemplateBody=json.dumps({"Resources": resources}))
        with ThreadPoolExecutor(reserved) as callers:
            running = [callers.submit(account.invoke, stack_name, gate.event) for _ in range(reserved)]
            arrived = [gate.arrival()[1] for _ in range(reserved)]
            with pytest.raises(ClientError, match="TooManyRequestsException"):
                account.invoke(stack_name, gate.event)
            for connection in arrived:
                connection.sendall(b"x")
            assert [each.result().function_error for each in running] == [None] * reserved


def test_a_stack_can_take_a_functions_concurrency_and_variables_away(account: Account, stack_name: str) -> None:
    cloudformation = account.client("cloudformation")
    properties: dict[str, Any] = {
        "FunctionName": stack_name,
        "Runtime": "python3.11",
        "Handler": "app.handler",
        "Role": account.role,
        "Code": account.upload("import os\ndef handler(event, context):\n    return os.environ.get('COLOUR')\n"),
    }
    held = {**properties, "ReservedConcurrentExecutions": 0, "Environment": {"Variables": {"COLOUR": "red"}}}
    for given, act in ((held, cloudformation.create_stack), (properties, cloudformation.update_stack)):
        resources = {"Function": {"Type": "AWS::Lambda::Function", "Properties": given}}
        act(StackName=stack_name, TemplateBody=json.dumps({"Resources": resources}))
        if given is held:
            with pytest.raises(ClientError, match="TooManyRequestsException"):
                account.invoke(stack_name)
    assert account.invoke(stack_name).payload is None


def test_a_function_can_come_from_a_bucket(account: Account) -> None:
    name = f"function-{uuid.uuid4().hex[:8]}"
    account.lambda_.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=account.role,
        Handler="app.handler",
        Code=account.upload("def handler(event, context):\n    return 'from s3'\n"),
    )
    assert account.invoke(name).payload == "from s3"


@pytest.mark.parametrize("invocation_type", ["RequestResponse", "Event", "DryRun"])
def test_an_unknown_function_is_not_found(account: Account, invocation_type: str) -> None:
    with pytest.raises(ClientError) as refused:
        account.invoke("nobody", InvocationType=invocation_type)
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_function_keeps_its_dead_letter_queue(account: Account) -> None:
    _, arn = account.queue()
    name = account.deploy("", DeadLetterConfig={"TargetArn": arn})
    given = account.lambda_.get_function_configuration(FunctionName=name)
    assert given["DeadLetterConfig"] == {"TargetArn": arn}


def test_a_package_is_unpacked_once(account: Account, local_aws_dir: Path) -> None:
    source = f"def handler(event, context):\n    return '{uuid.uuid4()}'\n"
    for name in (account.deploy(source), account.deploy(source)):
        account.invoke(name)
    unpacked = (local_aws_dir / "packages").glob("*/app.py")
    assert [each.read_text() for each in unpacked].count(source) == 1


def test_a_port_that_is_taken_is_named(tmp_path: Path, runtime_python: Path) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        Executor(python=runtime_python, state_dir=tmp_path) as executor,
    ):
        port = taken.getsockname()[1]
        with pytest.raises(JobsError, match=f"port {port} cannot be used"):
            MotoServer(executor=executor, state_dir=tmp_path, port=port).start()


def test_another_moto_is_refused_at_the_start(
    tmp_path: Path, runtime_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(moto, "__version__", "6.0.0")
    with (
        Executor(python=runtime_python, state_dir=tmp_path) as executor,
        pytest.raises(JobsError, match=r"moto 6\.0\.0 with .* is installed, infra/local patches moto 5\.2\.5"),
    ):
        MotoServer(executor=executor, state_dir=tmp_path).start()


LISTS = {"Action": "ListQueues", "Version": "2012-11-05"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example"},
        {"Host": "127.0.0.1.rebound.example"},
        {"Host": "sqs.us-east-1.amazonaws.com"},
        {"Origin": "https://page.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
    ids=str,
)
def test_a_web_page_reaches_nothing_whatever_its_name_resolves_to(account: Account, headers: dict[str, str]) -> None:
    answer = requests.get(account.sqs.meta.endpoint_url, params=LISTS, headers=headers, timeout=10)
    assert answer.status_code == 403
    assert "not for web pages" in answer.text
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
    preflight = requests.options(account.sqs.meta.endpoint_url, headers=headers, timeout=10)
    assert preflight.status_code == 403


def test_a_program_reaches_it_under_either_name_of_this_machine(account: Account) -> None:
    url = account.sqs.meta.endpoint_url
    for name in (url, url.replace("127.0.0.1", "localhost")):
        assert requests.get(name, params=LISTS, timeout=10).status_code == 200


RESETS = """
import sys
from pathlib import Path
from infra.local.executor import Executor
from infra.local.moto_server import MotoServer
from tests.integration.local.account import Account
python, state_dir = map(Path, sys.argv[1:])
executor = Executor(python=python, state_dir=state_dir)
with executor, MotoServer(executor=executor, state_dir=state_dir) as aws:
    account = Account(aws.start())
    name = account.deploy("def handler(event, context):\\n    return 1\\n")
    assert account.invoke(name).payload == 1
    aws.reset()
    print(account.lambda_.list_functions()["Functions"])
"""


def test_a_reset_forgets_everything(tmp_path: Path, runtime_python: Path) -> None:
    """In a process of its own: moto's state is one per process, and other tests need theirs."""
    arguments = [sys.executable, "-c", RESETS, str(runtime_python), str(tmp_path)]
    done = subprocess.run(arguments, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "[]\n", done.stderr
