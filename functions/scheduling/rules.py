"""EventBridge rules as trigger backend: a rule and its one target are one definition, targets by their id."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from functions import naming
from functions.definition import JobDefinition
from functions.errors import AwsUnavailable
from functions.scheduling.aws_client import calling, client
from functions.scheduling.cron import Schedule
from functions.scheduling.trigger import Definition, MakeClient, description, retry_policy, state
from functions.settings import Settings
from functions.text import Text

if TYPE_CHECKING:
    from mypy_boto3_events.client import EventBridgeClient

_TARGET_ID = "job"
_LISTED = ("Name", "ScheduleExpression", "EventPattern", "Description", "State", "RoleArn")
_PAGE = 100  # ListRules: the most a page can hold


class Rules:
    """Scheduled rules on the default bus, named after their jobs."""

    name = "rule"

    def __init__(self, settings: Settings, make_client: MakeClient = client) -> None:
        self._settings = settings
        self._make_client = make_client
        self._prefix = naming.job_prefix(settings.stage)

    def definition(self, job: JobDefinition, schedule: Schedule, *, enabled: bool) -> Definition:
        """The rule and target a job should have."""
        name = naming.job_name(self._settings.stage, job.id)
        target = {
            "Arn": naming.function_arn(self._settings, name),
            "InputTransformer": {
                "InputPathsMap": {"scheduled_at": "$.time"},
                "InputTemplate": _input_template(job.id),
            },
            "RetryPolicy": retry_policy(schedule),
            "DeadLetterConfig": {"Arn": naming.dead_letter_queue_arn(self._settings)},
        }
        return {
            "Name": name,
            "ScheduleExpression": schedule.aws_expression,
            "Description": description(job),
            "State": state(enabled),
            "Targets": {_TARGET_ID: target},
        }

    def dated(self, definition: Definition, *, current: Definition | None, now: datetime) -> Definition:  # noqa: ARG002
        """The same: a rule has no start. A rate counts from the moment the rule is made, so it cannot fire at once."""
        return definition

    def list(self, names: Collection[str] | None = None) -> dict[str, Definition]:
        """Our rules without their targets: 100 a call, or one call a name."""
        with calling(Text("list rules")):
            rules = self._all() if names is None else self._some(names)
            shown = (_given(rule, _LISTED) for rule in rules)
            return {rule["Name"]: rule for rule in shown if rule["Name"].startswith(self._prefix)}

    def on_the_bus(self) -> int:
        """How many rules there are on the default bus, whoever made them: what the account's limit counts."""
        with calling(Text("count rules")):
            pages = self._client.get_paginator("list_rules").paginate(PaginationConfig={"PageSize": _PAGE})
            return sum(len(page["Rules"]) for page in pages)

    def describe(self, name: str, listed: Definition) -> Definition | None:
        """The listed rule with its targets."""
        with calling(Text("describe rule %(name)s", name=name)):
            try:
                return {**listed, "Targets": self._targets(name)}
            except self._client.exceptions.ResourceNotFoundException:
                return None

    def put(self, definition: Definition, *, current: Definition | None, now: datetime) -> None:  # noqa: ARG002
        """PutRule only if the rule itself differs: it replaces everything, and may start a rate over again."""
        name, wanted = definition["Name"], definition["Targets"]
        rule = {field: value for field, value in definition.items() if field != "Targets"}
        before = dict(current or {})
        targets = before.pop("Targets", {})
        with calling(Text("put rule %(name)s", name=name)):
            if rule != before:
                self._client.put_rule(**rule)
            if targets != wanted:
                entries: Any = [{"Id": target_id, **target} for target_id, target in wanted.items()]
                _refuse_failures(self._client.put_targets(Rule=name, Targets=entries))
                self._remove_targets(name, [target_id for target_id in targets if target_id not in wanted])

    def set_state(self, name: str, *, enabled: bool, now: datetime) -> None:  # noqa: ARG002
        """EnableRule or DisableRule; they take effect after a short period."""
        with calling(Text("enable rule %(name)s", name=name) if enabled else Text("disable rule %(name)s", name=name)):
            if enabled:
                self._client.enable_rule(Name=name)
            else:
                self._client.disable_rule(Name=name)

    def remove(self, name: str) -> None:
        """Targets first: DeleteRule refuses while there are any. Deleting a missing rule succeeds."""
        with calling(Text("remove rule %(name)s", name=name)):
            try:
                self._remove_targets(name, [*self._targets(name)])
            except self._client.exceptions.ResourceNotFoundException:
                return
            self._client.delete_rule(Name=name)

    @cached_property
    def _client(self) -> EventBridgeClient:
        made: EventBridgeClient = self._make_client("events", self._settings)
        return made

    def _all(self) -> Iterator[Any]:
        pages = self._client.get_paginator("list_rules").paginate(
            NamePrefix=self._prefix, PaginationConfig={"PageSize": _PAGE}
        )
        return (rule for page in pages for rule in page["Rules"])

    def _some(self, names: Collection[str]) -> Iterator[Any]:
        for name in names:
            try:
                yield self._client.describe_rule(Name=name)
            except self._client.exceptions.ResourceNotFoundException:
                continue

    def _targets(self, name: str) -> dict[str, Any]:
        answer = self._client.list_targets_by_rule(Rule=name, Limit=100)
        return {target["Id"]: {k: v for k, v in target.items() if k != "Id"} for target in answer["Targets"]}

    def _remove_targets(self, name: str, target_ids: Sequence[str]) -> None:
        if target_ids:
            _refuse_failures(self._client.remove_targets(Rule=name, Ids=target_ids))


def _input_template(job_id: str) -> str:
    # No quotes around the variable: as a value of a JSON object EventBridge writes it as JSON, quotes included
    # (EventBridge API Reference, InputTransformer: `{"myInstance": <instance>, …}`).
    fixed = json.dumps({"cause": "schedule", "job_id": job_id})
    return f'{fixed[:-1]}, "scheduled_at": <scheduled_at>}}'


def _given(answer: Definition, fields: Collection[str]) -> dict[str, Any]:
    return {field: answer[field] for field in fields if answer.get(field)}


def _refuse_failures(answer: Any) -> None:
    """PutTargets and RemoveTargets succeed even when an entry failed."""
    if answer["FailedEntryCount"]:
        raise AwsUnavailable(
            Text("EventBridge refused a target: %(entries)s; run the reconcile again", entries=answer["FailedEntries"])
        )
