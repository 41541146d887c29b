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
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _PATIENCE_S = 0.05, 5.0, 3600.0

Progress = Callable[[str, str], None]


class StackFailed(JobsError):
    """CloudFormation could not do what was asked; the message names each resource that failed."""

    code = "stack_failed"


@dataclass(frozen=True)
class Stack:
    """A stack as it should be. `template_url` is an S3 address: a template sent inline may only have 51,200 bytes."""

    name: str
    template_url: str
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Change:
    """Something CloudFormation is now doing to a stack; `token` marks its events."""

    name: str
    stack_id: str
    token: str


def start_apply(client: CloudFormationClient, stack: Stack, *, progress: Progress) -> Change | None:
    """Create or update the stack; the change now under way, or None when there is nothing to change.

    A stack whose first creation failed is deleted first. Raises StackFailed when CloudFormation refuses the change or
    is still busy with another one.
    """
    status = stack_status(client, stack.name)
    _check_free(stack.name, status)
    if status in _DEAD:
        delete(client, stack.name, progress=progress)
        status = None
    change_set = _create_change_set(client, stack, creating=status in (None, _NEVER_EXECUTED))
    if change_set is None:
        progress(stack.name, "UNCHANGED")
        return None
    token = _token()
    client.execute_change_set(ChangeSetName=change_set["ChangeSetId"], ClientRequestToken=token)
    return Change(stack.name, change_set["StackId"], token)


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


def living_stacks(client: CloudFormationClient) -> list[str]:
    """The names of all stacks in the account and region that hold resources, sorted."""
    pages = client.get_paginator("describe_stacks").paginate()
    stacks = [stack for page in pages for stack in page["Stacks"]]
    return sorted(stack["StackName"] for stack in stacks if stack["StackStatus"] != _NEVER_EXECUTED)


def _check_free(name: str, status: str | None) -> None:
    if status == "UPDATE_ROLLBACK_FAILED":
        raise StackFailed(f"stack {name} is {status}: continue its rollback in AWS, then deploy again")
    if status and status != _NEVER_EXECUTED and status.endswith("_IN_PROGRESS"):
        raise StackFailed(f"stack {name} is {status}: another deploy is at work; wait for it, then deploy again")


def _create_change_set(client: CloudFormationClient, stack: Stack, *, creating: bool) -> Any | None:
    created = client.create_change_set(
        StackName=stack.name,
        ChangeSetName=_token(),
        ChangeSetType="CREATE" if creating else "UPDATE",
        TemplateURL=stack.template_url,
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in stack.parameters.items()],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    described: Any = {}

    def status() -> str:
        described.update(client.describe_change_set(ChangeSetName=created["Id"]))
        return str(described["Status"])

    *_, last = _watch(status)
    if last != "FAILED":
        return described
    client.delete_change_set(ChangeSetName=created["Id"])
    reason = described.get("StatusReason", "no reason given")
    if any(words in reason for words in _NOTHING_TO_DO):
        return None
    raise StackFailed(f"CloudFormation refused the change to stack {stack.name}: {reason}")


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
