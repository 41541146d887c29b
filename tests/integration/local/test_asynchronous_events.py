"""Asynchronous invocations: accepted at once, run in the background, retried and given up as Lambda does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.local.account import WAITS_AT_GATE, Account, Gate, package

COUNTS_AND_FAILS = """
def handler(event, context):
    with open(event["attempts"], "a") as file:
        file.write(context.aws_request_id + "\\n")
    raise RuntimeError("no luck")
"""


def test_an_event_is_accepted_at_once_and_runs_in_the_background(account: Account, gate: Gate) -> None:
    answer = account.invoke(account.deploy(WAITS_AT_GATE), gate.event, InvocationType="Event")
    assert (answer.status, answer.payload) == (202, None)
    _, connection = gate.arrival()
    connection.sendall(b"x")


@pytest.mark.parametrize(
    ("settings", "expected_attempts"), [(None, 3), ({"MaximumRetryAttempts": 0}, 1), ({"MaximumRetryAttempts": 1}, 2)]
)
def test_a_failing_event_is_tried_again_as_configured_and_then_dead(
    account: Account, tmp_path: Path, settings: dict[str, Any] | None, expected_attempts: int
) -> None:
    url, arn = account.queue()
    name = account.deploy(COUNTS_AND_FAILS, DeadLetterConfig={"TargetArn": arn})
    if settings is not None:
        account.lambda_.put_function_event_invoke_config(FunctionName=name, **settings)
    event = {"attempts": str(tmp_path / "attempts")}
    account.invoke(name, event, InvocationType="Event")
    message = account.receive(url)
    attempts = (tmp_path / "attempts").read_text().split()
    assert len(attempts) == expected_attempts
    assert json.loads(message["Body"]) == event, "a dead letter is the event itself"
    attributes = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert attributes == {"RequestID": attempts[0], "ErrorCode": "200", "ErrorMessage": "no luck"}
    assert set(attempts) == {attempts[0]}, "every attempt has the same request id"


def test_the_failure_destination_receives_awss_record(account: Account, tmp_path: Path) -> None:
    url, arn = account.queue()
    name = account.deploy(COUNTS_AND_FAILS)
    account.lambda_.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    event = {"attempts": str(tmp_path / "attempts")}
    account.invoke(name, event, InvocationType="Event")
    record = json.loads(account.receive(url)["Body"])
    request_id = (tmp_path / "attempts").read_text().strip()
    assert record["version"] == "1.0"
    assert record["requestContext"] == {
        "requestId": request_id,
        "functionArn": f"arn:aws:lambda:us-east-1:123456789012:function:{name}:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 1,
    }
    assert record["requestPayload"] == event
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"}
    assert record["responsePayload"]["errorMessage"] == "no luck"


def test_the_newest_event_invoke_config_counts(account: Account, tmp_path: Path) -> None:
    url, arn = account.queue()
    name = account.deploy(COUNTS_AND_FAILS, DeadLetterConfig={"TargetArn": arn})
    for retries in (2, 0):
        account.lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=retries)
    account.invoke(name, {"attempts": str(tmp_path / "attempts")}, InvocationType="Event")
    account.receive(url)
    assert len((tmp_path / "attempts").read_text().split()) == 1
    assert account.lambda_.get_function_event_invoke_config(FunctionName=name)["MaximumRetryAttempts"] == 0


def test_an_event_for_reserved_concurrency_zero_is_dead_at_once(account: Account, tmp_path: Path) -> None:
    url, arn = account.queue()
    name = account.deploy(COUNTS_AND_FAILS)
    account.lambda_.put_function_event_invoke_config(
        FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}}
    )
    account.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    account.invoke(name, {"attempts": str(tmp_path / "attempts")}, InvocationType="Event")
    record = json.loads(account.receive(url)["Body"])
    assert record["requestContext"]["condition"] == "ZeroReservedConcurrency"
    assert record["requestContext"]["approximateInvokeCount"] == 0
    assert not (tmp_path / "attempts").exists()


def test_an_event_waits_for_concurrency_without_using_up_an_attempt(account: Account, gate: Gate) -> None:
    name = account.deploy(WAITS_AT_GATE)
    account.lambda_.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    account.lambda_.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    for _ in range(2):
        account.invoke(name, gate.event, InvocationType="Event")
    arrived = []
    for _ in range(2):
        pid, connection = gate.arrival()
        connection.sendall(b"x")
        arrived.append(pid)
    assert arrived[0] == arrived[1], "one instance at a time"


def test_a_retry_runs_the_code_that_is_there_by_then(account: Account, gate: Gate) -> None:
    source = """
import socket
def handler(event, context):
    with socket.create_connection(("127.0.0.1", event["gate"])) as gate:
        gate.sendall(b"{number}")
        gate.recv(1)
    raise RuntimeError("no luck")
"""
    name = account.deploy(source.replace("{number}", "1"))
    account.invoke(name, gate.event, InvocationType="Event")
    number, connection = gate.arrival()
    assert number == 1
    account.lambda_.update_function_code(FunctionName=name, ZipFile=package(source.replace("{number}", "2")))
    connection.sendall(b"x")
    for _ in range(2):
        number, connection = gate.arrival()
        connection.sendall(b"x")
        assert number == 2
