"""What CloudFormation answers is read rightly, above all when it says no."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from infra import stacks
from infra.stacks import Change, Stack, StackFailed

_STACK = Stack("lamplighter-dev", "https://s3.eu-central-1.amazonaws.com/bucket/key.json", {"DatabaseUrl": "secret"})
_STACK_ID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/lamplighter-dev/1"
_CHANGE_SET = "arn:aws:cloudformation:eu-central-1:123456789012:changeSet/deploy/1"
_CHANGE = Change("lamplighter-dev", _STACK_ID, "deploy-1")


@pytest.fixture
def cloudformation() -> Any:
    return boto3.client(
        "cloudformation", region_name="eu-central-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )


@pytest.fixture
def aws(cloudformation: Any) -> Iterator[Stubber]:
    """Answers in the order they are added, and only to the calls they were added for."""
    with Stubber(cloudformation) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


@pytest.fixture
def heard() -> list[str]:
    return []


def _is(aws: Stubber, status: str, *, name: str = "lamplighter-dev") -> None:
    found = {"StackName": "lamplighter-dev", "StackId": _STACK_ID, "StackStatus": status, "CreationTime": 0}
    aws.add_response("describe_stacks", {"Stacks": [found]}, {"StackName": name})


def _is_missing(aws: Stubber) -> None:
    aws.add_client_error(
        "describe_stacks", "ValidationError", "Stack with id lamplighter-dev does not exist", http_status_code=400
    )


def _change_set(aws: Stubber, kind: str, status: str, reason: str = "") -> None:
    request = {
        "StackName": "lamplighter-dev",
        "ChangeSetName": ANY,
        "ChangeSetType": kind,
        "TemplateURL": _STACK.template_url,
        "Parameters": [{"ParameterKey": "DatabaseUrl", "ParameterValue": "secret"}],
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
    }
    aws.add_response("create_change_set", {"Id": _CHANGE_SET, "StackId": _STACK_ID}, request)
    for now in ("CREATE_PENDING", "CREATE_IN_PROGRESS", status):
        described = {"ChangeSetId": _CHANGE_SET, "StackId": _STACK_ID, "Status": now, "StatusReason": reason}
        aws.add_response("describe_change_set", described, {"ChangeSetName": _CHANGE_SET})


def _executed(aws: Stubber) -> None:
    aws.add_response("execute_change_set", {}, {"ChangeSetName": _CHANGE_SET, "ClientRequestToken": ANY})


def _start(client: Any, heard: list[str]) -> Change | None:
    change_set = stacks.prepare(client, _STACK, progress=lambda name, status: heard.append(status))
    return None if change_set is None else stacks.execute(client, change_set)


def test_a_new_stack_is_created(cloudformation: Any, aws: Stubber, heard: list[str]) -> None:
    _is_missing(aws)
    _change_set(aws, "CREATE", "CREATE_COMPLETE")
    _executed(aws)

    change = _start(cloudformation, heard)

    assert change is not None
    assert change.stack_id == _STACK_ID


def test_an_existing_stack_is_updated(cloudformation: Any, aws: Stubber, heard: list[str]) -> None:
    _is(aws, "UPDATE_ROLLBACK_COMPLETE")
    _change_set(aws, "UPDATE", "CREATE_COMPLETE")
    _executed(aws)

    assert _start(cloudformation, heard)


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ],
)
def test_a_stack_with_nothing_to_change_is_left_alone(
    cloudformation: Any, aws: Stubber, heard: list[str], reason: str
) -> None:
    _is(aws, "UPDATE_COMPLETE")
    _change_set(aws, "UPDATE", "FAILED", reason)
    aws.add_response("delete_change_set", {}, {"ChangeSetName": _CHANGE_SET})

    assert _start(cloudformation, heard) is None


def test_a_refused_change_says_why(cloudformation: Any, aws: Stubber, heard: list[str]) -> None:
    _is(aws, "UPDATE_COMPLETE")
    _change_set(aws, "UPDATE", "FAILED", "Template error: instance of Fn::GetAtt references undefined resource X")
    aws.add_response("delete_change_set", {}, {"ChangeSetName": _CHANGE_SET})

    with pytest.raises(StackFailed, match=r"lamplighter-dev: Template error: .* undefined resource X"):
        _start(cloudformation, heard)


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_a_stack_whose_creation_failed_or_was_never_begun_is_deleted_and_created_again(
    cloudformation: Any, aws: Stubber, heard: list[str], status: str
) -> None:
    _is(aws, status)
    _is(aws, status)
    aws.add_response("delete_stack", {}, {"StackName": "lamplighter-dev", "ClientRequestToken": ANY})
    _is(aws, "DELETE_IN_PROGRESS", name=_STACK_ID)
    _is(aws, "DELETE_COMPLETE", name=_STACK_ID)
    _change_set(aws, "CREATE", "CREATE_COMPLETE")
    _executed(aws)

    assert _start(cloudformation, heard)
    assert heard == ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]


def test_a_second_deploy_at_the_same_time_is_refused(cloudformation: Any, aws: Stubber, heard: list[str]) -> None:
    _is(aws, "UPDATE_IN_PROGRESS")

    with pytest.raises(StackFailed, match="another deploy is at work"):
        _start(cloudformation, heard)


def test_a_stuck_rollback_is_left_to_a_person(cloudformation: Any, aws: Stubber, heard: list[str]) -> None:
    _is(aws, "UPDATE_ROLLBACK_FAILED")

    with pytest.raises(StackFailed, match="continue its rollback in AWS"):
        _start(cloudformation, heard)


def test_waiting_tells_each_status_once(cloudformation: Any, aws: Stubber, heard: list[str]) -> None:
    told = ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE")
    for status in (told[0], *told):
        _is(aws, status, name=_STACK_ID)

    stacks.wait(cloudformation, _CHANGE, progress=lambda name, status: heard.append(status))

    assert heard == list(told)


def test_a_failed_update_names_the_resources_of_this_update_in_order(cloudformation: Any, aws: Stubber) -> None:
    _is(aws, "UPDATE_ROLLBACK_COMPLETE", name=_STACK_ID)
    events = [
        _event("ApiFunction", "UPDATE_FAILED", "Resource update cancelled", token="deploy-1"),
        _event("CleanupFunction", "UPDATE_FAILED", "S3 key does not exist", token="deploy-1"),
        _event("CleanupRole", "UPDATE_COMPLETE", "", token="deploy-1"),
        _event("OldFunction", "UPDATE_FAILED", "of an earlier deploy", token="deploy-0"),
    ]
    aws.add_response("describe_stack_events", {"StackEvents": events}, {"StackName": _STACK_ID})

    with pytest.raises(StackFailed) as failure:
        stacks.wait(cloudformation, _CHANGE, progress=lambda name, status: None)

    assert str(failure.value) == (
        "stack lamplighter-dev ended as UPDATE_ROLLBACK_COMPLETE:\n"
        "  CleanupFunction (AWS::Lambda::Function): S3 key does not exist\n"
        "  ApiFunction (AWS::Lambda::Function): Resource update cancelled"
    )


def test_deleting_a_stack_that_is_not_there_does_nothing(cloudformation: Any, aws: Stubber) -> None:
    _is_missing(aws)

    stacks.delete(cloudformation, "lamplighter-dev", progress=lambda name, status: None)


def _event(title: str, status: str, reason: str, *, token: str) -> dict[str, Any]:
    return {
        "StackId": _STACK_ID,
        "EventId": title,
        "StackName": "lamplighter-dev",
        "LogicalResourceId": title,
        "ResourceType": "AWS::Lambda::Function",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
        "ClientRequestToken": token,
        "Timestamp": 0,
    }
