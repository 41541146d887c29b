"""Reconcile makes AWS match definitions and intent, and says what it does and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import boto3
import pytest

from functions.db import intents, triggers
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.errors import JobNotFound
from functions.scheduling import reconcile as module
from functions.scheduling.reconcile import reconcile
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
    settings_of,
    states,
)

ANN = Author(actor="ann")


def test_a_job_gets_a_rule_with_one_target_that_invokes_its_function(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_RULES, job(description="Deletes what expired"))
    rule = in_aws(ON_RULES)["rule"]["cleanup"]
    assert rule["ScheduleExpression"] == "cron(0/5 * * * ? *)"
    assert (rule["State"], rule["Description"]) == ("ENABLED", "Deletes what expired")
    [target] = rule["Targets"].values()
    assert target["Arn"] == "arn:aws:lambda:us-east-1:123456789012:function:lamplighter-test-job-cleanup"
    assert target["RetryPolicy"]["MaximumEventAgeInSeconds"] == 300
    assert target["DeadLetterConfig"]["Arn"].endswith(":lamplighter-test-dead-letters")
    assert target["InputTransformer"]["InputPathsMap"] == {"scheduled_at": "$.time"}
    filled = target["InputTransformer"]["InputTemplate"].replace("<scheduled_at>", '"2026-11-23T12:00:00Z"')
    assert json.loads(filled) == {"cause": "schedule", "job_id": "cleanup", "scheduled_at": "2026-11-23T12:00:00Z"}


def test_a_job_gets_a_schedule_with_its_zone_and_window(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_RULES, job(schedule="0 9 * * *", timezone="Europe/Prague", jitter=timedelta(minutes=10)))
    schedule = in_aws(ON_RULES)["schedule"]["cleanup"]
    assert schedule["ScheduleExpression"] == "cron(0 9 * * ? *)"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Prague"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 10}
    assert (schedule["State"], schedule["ActionAfterCompletion"]) == ("ENABLED", "NONE")
    assert schedule["Target"]["RoleArn"] == "arn:aws:iam::123456789012:role/lamplighter-test-scheduler-us-east-1"
    assert schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == 86_400
    assert json.loads(schedule["Target"]["Input"]) == {
        "cause": "schedule", "job_id": "cleanup", "scheduled_at": "<aws.scheduler.scheduled-time>",
    }  # fmt: skip


@pytest.mark.parametrize("settings", BOTH)
def test_manual_only_and_never_firing_jobs_get_no_trigger_and_the_plan_says_so(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job("by-hand", None), job("thirtieth-of-february", "0 0 30 2 *"))
    assert in_aws(settings) == {"rule": {}, "schedule": {}}
    lines = "\n".join(module.plan(connection, settings).lines())
    assert "by-hand  (manual only: it has no schedule)" in lines
    assert "thirtieth-of-february  (manual only: '0 0 30 2 *' never fires)" in lines


@pytest.mark.parametrize("settings", BOTH)
def test_a_job_that_left_the_code_loses_its_trigger(connection: Connection, calls: Calls, settings: Settings) -> None:
    deploy(connection, settings, job("stays"), job("goes"))
    report = deploy(connection, settings, job("stays"))
    assert actions(report) == {"stays": "leave", "goes": "remove"}
    assert [name for found in in_aws(settings).values() for name in found] == ["stays"]
    assert "goes" not in triggers.all_triggers(connection)


def test_orphans_with_our_prefix_go_and_nothing_else_is_touched(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_SCHEDULER, job())
    events, scheduler = boto3.client("events", "us-east-1"), boto3.client("scheduler", "us-east-1")
    foreign = ["lamplighter-test-heartbeat", "lamplighter-testing-job-x", "lamplighter-other-job-x", "somebody-else"]
    for name in ["lamplighter-test-job-old", *foreign]:
        events.put_rule(Name=name, ScheduleExpression="rate(1 minute)")
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": "arn:aws:lambda:us-east-1:1:function:x"}])
    window: Any = {"Mode": "OFF"}
    target: Any = {"Arn": "arn:aws:lambda:us-east-1:1:function:x", "RoleArn": "arn:aws:iam::123456789012:role/x"}
    for group, name in [
        ("lamplighter-test", "lamplighter-test-job-old"),
        ("lamplighter-test", "lamplighter-test-once-1"),
        ("default", "lamplighter-test-job-foreign"),
    ]:
        scheduler.create_schedule(
            GroupName=group, Name=name, ScheduleExpression="rate(1 day)", FlexibleTimeWindow=window, Target=target
        )
    report = reconcile(connection, ON_SCHEDULER)
    assert actions(report) == {"cleanup": "leave", "lamplighter-test-job-old": "remove"}
    assert [rule["Name"] for rule in events.list_rules()["Rules"]] == foreign
    assert {schedule["Name"] for schedule in scheduler.list_schedules()["Schedules"]} == {
        "lamplighter-test-job-cleanup", "lamplighter-test-once-1", "lamplighter-test-job-foreign",
    }  # fmt: skip


def test_strangers_are_safe_even_where_a_listing_ignores_the_prefix(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_SCHEDULER, job())
    events, scheduler = boto3.client("events", "us-east-1"), boto3.client("scheduler", "us-east-1")
    events.put_rule(Name="somebody-else", ScheduleExpression="rate(1 minute)")
    fields: Any = scheduler.get_schedule(GroupName="lamplighter-test", Name="lamplighter-test-job-cleanup")
    names = ("GroupName", "ScheduleExpression", "FlexibleTimeWindow", "Target")
    scheduler.create_schedule(Name="lamplighter-test-once-1", **{name: fields[name] for name in names})
    session = boto3.DEFAULT_SESSION
    assert session is not None
    session.events.register("provide-client-params.*", cast("Callable[..., None]", without_prefix))
    assert actions(reconcile(connection, ON_SCHEDULER)) == {"cleanup": "leave"}


def without_prefix(params: dict[str, Any], **_: Any) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name != "NamePrefix"}


def test_an_orphan_with_targets_of_any_name_is_removed_whole(connection: Connection, calls: Calls) -> None:
    events = boto3.client("events", "us-east-1")
    events.put_rule(Name="lamplighter-test-job-old", ScheduleExpression="rate(1 minute)")
    arn = "arn:aws:lambda:us-east-1:1:function:x"
    events.put_targets(Rule="lamplighter-test-job-old", Targets=[{"Id": str(n), "Arn": arn} for n in range(3)])
    reconcile(connection, ON_RULES)
    assert events.list_rules()["Rules"] == []


@pytest.mark.parametrize("settings", BOTH)
def test_the_plan_names_every_field_that_changes_and_changes_nothing(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job(), job("other"))
    from functions.db import jobs

    jobs.store_definitions(connection, [job(schedule="0 * * * *", description="Hourly now"), job("other")])
    calls.forget()
    planned = module.plan(connection, settings)
    assert calls.writes == []
    [step] = planned.changes
    assert step.action == "update"
    fields = {difference.field: (difference.before, difference.after) for difference in step.differences}
    assert fields["ScheduleExpression"] == ("cron(0/5 * * * ? *)", "cron(0 * * * ? *)")
    assert fields["Description"] == ("Job cleanup", "Hourly now")
    assert any("ScheduleExpression: cron(0/5 * * * ? *) → cron(0 * * * ? *)" in line for line in planned.lines())
    assert planned.lines()[-1] == "1 update, 1 leave"
    assert json.loads(json.dumps(planned.to_json()))["steps"][0]["differences"]


@pytest.mark.parametrize("settings", BOTH)
def test_two_definitions_that_swap_places_leave_every_other_job_alone(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, *(job(f"job-{n}") for n in range(5)))
    calls.forget()
    report = deploy(
        connection, settings, *(job(f"job-{n}", "0 1 * * *" if n == 2 else "*/5 * * * *") for n in range(5))
    )
    assert actions(report) == {"job-2": "update", **{f"job-{n}": "leave" for n in (0, 1, 3, 4)}}


def test_the_reason_for_a_backend_is_kept_with_the_job(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_RULES, job("utc"), job("prague", timezone="Europe/Prague"))
    reasons = {job_id: (t.backend, t.reason) for job_id, t in triggers.all_triggers(connection).items()}
    assert reasons == {
        "utc": ("rule", "a rule can serve it"),
        "prague": ("schedule", "a rule knows UTC only, not Europe/Prague"),
    }


def test_when_rules_run_short_the_jobs_that_have_one_keep_it(connection: Connection, calls: Calls) -> None:
    settings = settings_of(RULES_LIMIT="2")
    deploy(connection, settings, job("m"), job("n"), job("z"))
    assert [*in_aws(settings)["rule"]] == ["m", "n"]
    report = deploy(connection, settings, job("a"), job("m"), job("n"), job("z"))
    assert actions(report) == {"a": "create", "m": "leave", "n": "leave", "z": "leave"}
    assert {*in_aws(settings)["schedule"]} == {"a", "z"}
    assert triggers.all_triggers(connection)["a"].reason == "all 2 rules (RULES_LIMIT) are taken"


def test_what_goes_makes_room_before_anything_new_is_made(connection: Connection, calls: Calls) -> None:
    settings = settings_of(RULES_LIMIT="2")
    deploy(connection, settings, job("changes"), job("goes"))
    calls.forget()
    deploy(connection, settings, job("changes", "0 3 * * *"), job("comes"))
    assert calls.writes == ["RemoveTargets", "DeleteRule", "PutRule", "PutTargets", "PutRule", "PutTargets"]
    assert states(settings, "comes") == {"rule": "ENABLED"}


def test_a_job_that_leaves_a_rule_does_so_before_another_takes_one(connection: Connection, calls: Calls) -> None:
    settings = settings_of(RULES_LIMIT="1")
    deploy(connection, settings, job("a", timezone="Europe/Prague"), job("b"))
    calls.forget()
    report = deploy(connection, settings, job("a"), job("b", timezone="Europe/Prague"))
    assert actions(report) == {"a": "move", "b": "move"}
    assert calls.writes.index("DeleteRule") < calls.writes.index("PutRule")
    assert (states(settings, "a"), states(settings, "b")) == ({"rule": "ENABLED"}, {"schedule": "ENABLED"})


def test_a_single_new_job_counts_the_rules_of_all_the_others(connection: Connection, calls: Calls) -> None:
    from functions.db import jobs

    settings = settings_of(RULES_LIMIT="2")
    deploy(connection, settings, job("m"), job("n"))
    jobs.store_definitions(connection, [job("a"), job("m"), job("n")])
    reconcile(connection, settings, only={"a"})
    assert states(settings, "a") == {"schedule": "ENABLED"}


def test_the_group_is_made_once_and_an_existing_one_is_left_alone(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_SCHEDULER, job("a"), job("b"))
    assert calls.writes.count("CreateScheduleGroup") == 1
    calls.forget()
    deploy(connection, ON_SCHEDULER, job("a"), job("b"), job("c"))
    assert calls.writes == ["CreateSchedule"]
    assert {*in_aws(ON_SCHEDULER)["schedule"]} == {"a", "b", "c"}


def test_reconciling_one_job_says_when_there_is_no_such_job(connection: Connection, calls: Calls) -> None:
    with pytest.raises(JobNotFound):
        reconcile(connection, ON_RULES, only={"no-such-job"})


@pytest.mark.parametrize("settings", BOTH)
def test_reconciling_one_job_leaves_orphans_and_other_jobs_alone(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job("a"), job("b"))
    intents.pause(connection, "b", ANN)
    boto3.client("events", "us-east-1").put_rule(Name="lamplighter-test-job-old", ScheduleExpression="rate(1 day)")
    report = reconcile(connection, settings, only={"a"})
    assert actions(report) == {"a": "leave"}
    assert [*states(settings, "b").values()] == ["ENABLED"]
