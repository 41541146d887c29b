"""CloudFormation stacks, created and updated through change sets, watched until they rest."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.errors import JobsError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

# What CloudFormation answers for a change set in which nothing changed; it has no error code for it.
_NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
# States of a stack whose creation or deletion failed: it can only be deleted (CloudFormation, "Stack status codes").
_DEAD = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")
_NEVER_EXECUTED = "REVIEW_IN_PROGRESS"
_GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE")
# CreateChangeSet, API reference: a longer template is read from S3.
LONGEST_BODY = 51_200
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _PATIENCE_S = 0.05, 5.0, 3600.0

Progress = Callable[[str, str], None]


class StackFailed(JobsError):
    """CloudFormation could not do what was asked; the message names each resource that failed."""

    code = "stack_failed"


@dataclass(frozen=True)
class Stack:
    """A stack as it should be. `template_url` is an S3 address; `body` is sent instead where it is short enough.

    A parameter whose value is None keeps the one it has.
    """

    name: str
    template_url: str
    parameters: Mapping[str, str | None] = field(default_factory=dict, repr=False)
    body: str | None = None


@dataclass(frozen=True)
class Change:
    """Something CloudFormation is now doing to a stack; `token` marks its events."""

    name: str
    stack_id: str
    token: str


@dataclass(frozen=True)
class ChangeSet:
    """What CloudFormation would do to a stack: its resources, each with Action, LogicalResourceId, Replacement, …"""

    name: str
    id: str
    stack_id: str
    changes: tuple[Mapping[str, Any], ...]


def prepare(client: CloudFormationClient, stack: Stack, *, progress: Progress) -> ChangeSet | None:
    """What creating or updating the stack would do, ready to be executed; None when that is nothing.

    A stack whose first creation failed, or was never begun, is deleted first. Raises StackFailed when CloudFormation
    refuses the change or is still busy with another one.
    """
    status = stack_status(client, stack.name)
    _check_free(stack.name, status)
    if status is not None and not can_be_updated(status):
        delete(client, stack.name, progress=progress)
        status = None
    return create_change_set(client, stack, creating=status is None)


def execute(client: CloudFormationClient, change_set: ChangeSet) -> Change:
    """Begin what the change set says."""
    token = _token()
    client.execute_change_set(ChangeSetName=change_set.id, ClientRequestToken=token)
    return Change(change_set.name, change_set.stack_id, token)


def discard(client: CloudFormationClient, change_set: ChangeSet) -> None:
    """Forget a change set that was not executed."""
    client.delete_change_set(ChangeSetName=change_set.id)


def wait(client: CloudFormationClient, change: Change, *, progress: Progress) -> None:
    """Return when the stack is as asked. Raises StackFailed naming each resource that failed, and why."""
    for status in _watch(lambda: _required_status(client, change.stack_id)):
        progress(change.name, status)
    if status not in _GOOD:
        raise StackFailed(f"stack {change.name} ended as {status}:\n{_failures(client, change)}")


def delete(client: CloudFormationClient, name: str, *, progress: Progress) -> None:
    """Delete the stack and wait until it is gone; nothing when there is none. Raises StackFailed as `wait` does."""
    found = _describe(client, name)
    if found is None:
        return
    change = Change(name, found["StackId"], _token())
    client.delete_stack(StackName=name, ClientRequestToken=change.token)
    wait(client, change, progress=progress)


def stack_status(client: CloudFormationClient, name: str) -> str | None:
    """CloudFormation's word for the stack's state; None when there is no such stack."""
    found = _describe(client, name)
    return None if found is None else str(found["StackStatus"])


def resource_metadata(client: CloudFormationClient, name: str, key: str) -> list[str]:
    """The values under `key` in the Metadata of the stack's resources, as its current template has them."""
    body: Any = client.get_template(StackName=name)["TemplateBody"]
    template = json.loads(body) if isinstance(body, str) else body
    metadata = [resource.get("Metadata", {}) for resource in template.get("Resources", {}).values()]
    return [values[key] for values in metadata if key in values]


def resource_count(client: CloudFormationClient, name: str) -> int:
    """How many resources the stack has."""
    pages = client.get_paginator("list_stack_resources").paginate(StackName=name)
    return sum(len(page["StackResourceSummaries"]) for page in pages)


def living_stacks(client: CloudFormationClient) -> dict[str, str]:
    """All stacks in the account and region that hold resources, by name, each with CloudFormation's word for it."""
    pages = client.get_paginator("describe_stacks").paginate()
    found = {stack["StackName"]: str(stack["StackStatus"]) for page in pages for stack in page["Stacks"]}
    return {name: status for name, status in sorted(found.items()) if status != _NEVER_EXECUTED}


def settle(client: CloudFormationClient, name: str, *, progress: Progress) -> None:
    """Return when CloudFormation does nothing to the stack any more: whoever began it may be gone."""
    for status in _watch(lambda: stack_status(client, name) or "DELETE_COMPLETE"):
        progress(name, status)


def can_be_updated(status: str) -> bool:
    """Whether a stack in this state is there to be changed, not to be made anew."""
    return status not in (*_DEAD, _NEVER_EXECUTED)


def _check_free(name: str, status: str | None) -> None:
    if status == "UPDATE_ROLLBACK_FAILED":
        raise StackFailed(f"stack {name} is {status}: continue its rollback in AWS, then deploy again")
    if status and status != _NEVER_EXECUTED and status.endswith("_IN_PROGRESS"):
        raise StackFailed(f"stack {name} is {status}: another deploy is at work; wait for it, then deploy again")


def create_change_set(client: CloudFormationClient, stack: Stack, *, creating: bool) -> ChangeSet | None:
    """As `prepare`, for a stack whose state is known."""
    try:
        created = client.create_change_set(
            StackName=stack.name,
            ChangeSetName=_token(),
            ChangeSetType="CREATE" if creating else "UPDATE",
            Parameters=[_parameter(name, value) for name, value in stack.parameters.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
            **_template(stack),
        )
    except ClientError as error:  # what moto does for a template in the request; AWS makes a change set that failed
        if any(words in str(error) for words in _NOTHING_TO_DO):
            return None
        raise
    described: Any = {}

    def status() -> str:
        described.update(client.describe_change_set(ChangeSetName=created["Id"]))
        return str(described["Status"])

    *_, last = _watch(status)
    if last == "FAILED":
        client.delete_change_set(ChangeSetName=created["Id"])
        _check_nothing_to_do(stack.name, described.get("StatusReason", "no reason given"))
        return None
    changes = [change["ResourceChange"] for change in described.get("Changes", [])]
    while described.get("NextToken"):
        described = client.describe_change_set(ChangeSetName=created["Id"], NextToken=described["NextToken"])
        changes += [change["ResourceChange"] for change in described["Changes"]]
    return ChangeSet(stack.name, created["Id"], created["StackId"], tuple(changes))


def _check_nothing_to_do(name: str, reason: str) -> None:
    if not any(words in reason for words in _NOTHING_TO_DO):
        raise StackFailed(f"CloudFormation refused the change to stack {name}: {reason}")


def _parameter(name: str, value: str | None) -> Any:
    kept: Any = {"UsePreviousValue": True} if value is None else {"ParameterValue": value}
    return {"ParameterKey": name, **kept}


def _template(stack: Stack) -> Any:
    if stack.body is not None and len(stack.body.encode()) <= LONGEST_BODY:
        return {"TemplateBody": stack.body}
    return {"TemplateURL": stack.template_url}


def _watch(status: Callable[[], str]) -> Iterator[str]:
    """Each new status, the last of them one that does not change by itself."""
    pause, waited, seen = _FIRST_PAUSE_S, 0.0, ""
    while True:
        now = status()
        if now != seen:
            yield now
        if not now.endswith(("_IN_PROGRESS", "_PENDING")):
            return
        if waited > _PATIENCE_S:
            raise StackFailed(f"still {now} after {_PATIENCE_S / 60:.0f} minutes: see the stack's events in AWS")
        time.sleep(pause)
        seen, waited, pause = now, waited + pause, min(pause * 2, _LONGEST_PAUSE_S)


def _describe(client: CloudFormationClient, name: str) -> Any | None:
    try:
        return client.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def _required_status(client: CloudFormationClient, stack_id: str) -> str:
    # By id, a deleted stack can still be described, as DELETE_COMPLETE.
    found = _describe(client, stack_id)
    return "DELETE_COMPLETE" if found is None else str(found["StackStatus"])


def _failures(client: CloudFormationClient, change: Change) -> str:
    pages = client.get_paginator("describe_stack_events").paginate(StackName=change.stack_id)
    events = [event for page in pages for event in page["StackEvents"]]
    failed = [
        f"  {event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason', 'no reason')}"
        for event in reversed(events)
        if event.get("ClientRequestToken") == change.token and event["ResourceStatus"].endswith("_FAILED")
    ]
    return "\n".join(failed) or "  no resource failed: see the stack's events in AWS"


def _token() -> str:
    # A change set's name must begin with a letter.
    return f"deploy-{uuid.uuid4().hex}"
