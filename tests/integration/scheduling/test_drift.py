"""What someone changed by hand in AWS is found, shown field by field, and repaired."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from functions.db import intents
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.scheduling.reconcile import plan, reconcile
from functions.settings import Settings
from tests.integration.scheduling.conftest import (
    BOTH,
    ON_RULES,
    ON_SCHEDULER,
    Calls,
    actions,
    deploy,
    in_aws,
    job,
    states,
)

NAME = "lamplighter-test-job-cleanup"
ARN = "arn:aws:lambda:us-east-1:1:function:x"


def by_hand(settings: Settings, enabled: bool) -> None:
    if settings is ON_RULES:
        events = boto3.client("events", "us-east-1")
        (events.enable_rule if enabled else events.disable_rule)(Name=NAME)
    else:
        edit_schedule(State="ENABLED" if enabled else "DISABLED")


def edit_schedule(**changes: Any) -> None:
    scheduler = boto3.client("scheduler", "us-east-1")
    answer: Any = scheduler.get_schedule(GroupName="lamplighter-test", Name=NAME)
    names = ("Name", "GroupName", "ScheduleExpression", "ScheduleExpressionTimezone", "Target", "FlexibleTimeWindow",
             "State", "Description", "StartDate")  # fmt: skip
    fields = {name: answer[name] for name in names if answer.get(name) is not None} | changes
    scheduler.update_schedule(**{name: value for name, value in fields.items() if value is not None})


@pytest.mark.parametrize("settings", BOTH)
def test_a_deleted_trigger_is_made_again(connection: Connection, calls: Calls, settings: Settings) -> None:
    deploy(connection, settings, job())
    if settings is ON_RULES:
        boto3.client("events", "us-east-1").remove_targets(Rule=NAME, Ids=["job"])
        boto3.client("events", "us-east-1").delete_rule(Name=NAME)
    else:
        boto3.client("scheduler", "us-east-1").delete_schedule(GroupName="lamplighter-test", Name=NAME)
    assert actions(reconcile(connection, settings)) == {"cleanup": "create"}
    assert [*states(settings).values()] == ["ENABLED"]


@pytest.mark.parametrize("settings", BOTH)
def test_a_trigger_disabled_by_hand_is_enabled_again(connection: Connection, calls: Calls, settings: Settings) -> None:
    deploy(connection, settings, job())
    by_hand(settings, enabled=False)
    [step] = plan(connection, settings).steps
    assert [str(difference) for difference in step.differences] == ["State: DISABLED → ENABLED"]
    reconcile(connection, settings)
    assert [*states(settings).values()] == ["ENABLED"]


@pytest.mark.parametrize("settings", BOTH)
def test_a_paused_trigger_enabled_by_hand_is_disabled_again(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job())
    intents.pause(connection, "cleanup", Author(actor="ann"))
    reconcile(connection, settings)
    by_hand(settings, enabled=True)
    assert actions(reconcile(connection, settings)) == {"cleanup": "state"}
    assert [*states(settings).values()] == ["DISABLED"]


def test_another_expression_of_a_rule_is_seen_in_the_listing(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_RULES, job())
    boto3.client("events", "us-east-1").put_rule(Name=NAME, ScheduleExpression="rate(1 day)", Description="Job cleanup")
    [step] = plan(connection, ON_RULES).steps
    assert [str(d) for d in step.differences] == ["ScheduleExpression: rate(1 day) → cron(0/5 * * * ? *)"]
    calls.forget()
    reconcile(connection, ON_RULES)
    assert calls.writes == ["PutRule"]
    assert in_aws(ON_RULES)["rule"]["cleanup"]["ScheduleExpression"] == "cron(0/5 * * * ? *)"


def test_a_rule_that_looks_changed_is_read_whole_so_its_missing_target_comes_back(
    connection: Connection, calls: Calls
) -> None:
    deploy(connection, ON_RULES, job())
    before = in_aws(ON_RULES)
    without_targets()
    boto3.client("events", "us-east-1").put_rule(Name=NAME, ScheduleExpression="rate(1 day)")
    reconcile(connection, ON_RULES)
    assert in_aws(ON_RULES) == before


def test_an_event_pattern_added_to_a_rule_is_seen_in_the_listing(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_RULES, job())
    events = boto3.client("events", "us-east-1")
    events.put_rule(Name=NAME, ScheduleExpression="cron(0/5 * * * ? *)", EventPattern='{"source": ["x"]}')
    assert actions(reconcile(connection, ON_RULES)) == {"cleanup": "update"}
    assert "EventPattern" not in events.describe_rule(Name=NAME)


def without_targets() -> None:
    boto3.client("events", "us-east-1").remove_targets(Rule=NAME, Ids=["job"])


def with_a_second_target() -> None:
    boto3.client("events", "us-east-1").put_targets(Rule=NAME, Targets=[{"Id": "mine", "Arn": ARN}])


def with_another_input() -> None:
    boto3.client("events", "us-east-1").put_targets(Rule=NAME, Targets=[{"Id": "job", "Arn": ARN, "Input": "{}"}])


@pytest.mark.parametrize("change", [without_targets, with_a_second_target, with_another_input])
def test_other_targets_of_a_rule_are_seen_only_by_a_deep_reconcile(
    connection: Connection, calls: Calls, change: Callable[[], None]
) -> None:
    deploy(connection, ON_RULES, job())
    before = in_aws(ON_RULES)
    change()
    assert actions(reconcile(connection, ON_RULES)) == {"cleanup": "leave"}
    assert actions(reconcile(connection, ON_RULES, deep=True)) == {"cleanup": "update"}
    assert in_aws(ON_RULES) == before


@pytest.mark.parametrize(
    "changes",
    [
        {"ScheduleExpression": "cron(0 1 * * ? *)"},
        {"ScheduleExpressionTimezone": "Europe/Prague"},
        {"EndDate": datetime(2030, 1, 1, tzinfo=UTC)},
        {"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}},
        {"Target": {"Arn": ARN, "RoleArn": "arn:aws:iam::123456789012:role/x", "Input": "{}"}},
        {"KmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/x"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_another_definition_of_a_schedule_is_seen_only_by_a_deep_reconcile(
    connection: Connection, calls: Calls, changes: dict[str, Any]
) -> None:
    deploy(connection, ON_SCHEDULER, job())
    before = in_aws(ON_SCHEDULER)
    edit_schedule(**changes)
    assert actions(reconcile(connection, ON_SCHEDULER)) == {"cleanup": "leave"}
    report = reconcile(connection, ON_SCHEDULER, deep=True)
    assert actions(report) == {"cleanup": "update"}
    assert all(d.field.startswith(next(iter(changes))) for d in report.done[0].differences)
    assert in_aws(ON_SCHEDULER) == before


def test_a_rate_that_lost_its_start_gets_one_before_it_can_fire_on_an_update(
    connection: Connection, calls: Calls
) -> None:
    deploy(connection, ON_SCHEDULER, job(schedule="rate(1 hour)"))
    edit_schedule(StartDate=None)
    reconcile(connection, ON_SCHEDULER, deep=True)
    assert in_aws(ON_SCHEDULER)["schedule"]["cleanup"]["StartDate"] > datetime.now(UTC)


def test_a_deep_reconcile_reports_its_progress(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_RULES, *(job(f"job-{n}") for n in range(20)))
    seen: list[tuple[int, int]] = []
    reconcile(connection, ON_RULES, deep=True, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(n, 20) for n in range(1, 21)]
