"""A pause stays a pause, a removal a removal, and a deploy fires nothing, whatever happens around them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from functions.db import intents, jobs, triggers
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.scheduling import reconcile as module
from functions.scheduling.backends import all_backends
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

ANN = Author(actor="ann")
BEN = Author(actor="ben")


def pause(connection: Connection, settings: Settings, job_id: str = "cleanup") -> None:
    intents.pause(connection, job_id, ANN)
    reconcile(connection, settings, only={job_id})


def resume(connection: Connection, settings: Settings, job_id: str = "cleanup") -> None:
    intents.resume(connection, job_id, ANN)
    reconcile(connection, settings, only={job_id})


def remove(connection: Connection, settings: Settings, job_id: str = "cleanup") -> None:
    intents.remove(connection, job_id, ANN)
    reconcile(connection, settings, only={job_id})


@pytest.mark.parametrize("settings", BOTH)
def test_pause_disables_and_resume_enables(connection: Connection, calls: Calls, settings: Settings) -> None:
    deploy(connection, settings, job())
    pause(connection, settings)
    assert [*states(settings).values()] == ["DISABLED"]
    resume(connection, settings)
    assert [*states(settings).values()] == ["ENABLED"]


@pytest.mark.parametrize("settings", BOTH)
@pytest.mark.parametrize("schedule", ["*/5 * * * *", "rate(5 minutes)"])
def test_a_deploy_never_un_pauses_a_job(
    connection: Connection, calls: Calls, settings: Settings, schedule: str
) -> None:
    deploy(connection, settings, job(schedule=schedule))
    pause(connection, settings)
    calls.forget()
    deploy(connection, settings, job(schedule=schedule))
    assert calls.writes == []
    assert [*states(settings).values()] == ["DISABLED"]


@pytest.mark.parametrize("settings", BOTH)
def test_a_deploy_after_a_pause_that_never_reached_aws_disables_the_trigger(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job())
    intents.pause(connection, "cleanup", ANN)
    assert actions(deploy(connection, settings, job())) == {"cleanup": "state"}
    assert [*states(settings).values()] == ["DISABLED"]


@pytest.mark.parametrize("settings", BOTH)
def test_a_paused_job_stays_paused_when_its_schedule_changes(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job())
    pause(connection, settings)
    calls.forget()
    deploy(connection, settings, job(schedule="0 * * * *"))
    sent = [json.loads(body)["State"] for name, body in calls.bodies if name in ("PutRule", "UpdateSchedule")]
    assert sent == ["DISABLED"]
    [found] = [found["cleanup"] for found in in_aws(settings).values() if found]
    assert (found["State"], found["ScheduleExpression"]) == ("DISABLED", "cron(0 * * * ? *)")


@pytest.mark.parametrize(("before", "after"), [(ON_RULES, ON_SCHEDULER), (ON_SCHEDULER, ON_RULES)])
def test_a_paused_job_stays_paused_when_its_backend_changes(
    connection: Connection, calls: Calls, before: Settings, after: Settings
) -> None:
    deploy(connection, before, job())
    pause(connection, before)
    calls.forget()
    deploy(connection, after, job())
    assert [*states(after).values()] == ["DISABLED"]
    sent = [json.loads(body)["State"] for name, body in calls.bodies if name in ("PutRule", "CreateSchedule")]
    assert sent == ["DISABLED"]
    assert "EnableRule" not in calls.made


@pytest.mark.parametrize("settings", BOTH)
def test_a_paused_job_stays_paused_when_aws_comes_back_empty_after_a_restart(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job(), job("other"))
    pause(connection, settings)
    forget_everything_in_aws()
    deploy(connection, settings, job(), job("other"))
    assert [*states(settings).values()] == ["DISABLED"]
    assert [*states(settings, "other").values()] == ["ENABLED"]


@pytest.mark.parametrize("settings", BOTH)
def test_a_paused_job_stays_paused_when_removed_jobs_are_restored(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job(), job("removed"))
    pause(connection, settings)
    remove(connection, settings, "removed")
    assert states(settings, "removed") == {}
    intents.restore(connection, ANN)
    reconcile(connection, settings)
    assert [*states(settings).values()] == ["DISABLED"]
    assert [*states(settings, "removed").values()] == ["ENABLED"]


@pytest.mark.parametrize("settings", BOTH)
def test_a_paused_job_whose_trigger_was_deleted_in_aws_comes_back_disabled(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job())
    pause(connection, settings)
    forget_everything_in_aws()
    reconcile(connection, settings)
    assert [*states(settings).values()] == ["DISABLED"]


@pytest.mark.parametrize("settings", BOTH)
def test_a_pause_made_by_another_api_instance_meanwhile_is_not_undone(
    connection: Connection, database_url: str, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job())
    pause(connection, settings)
    intents.resume(connection, "cleanup", ANN)
    with connect(database_url) as other:
        intents.pause(other, "cleanup", BEN)
    reconcile(connection, settings, only={"cleanup"})
    assert [*states(settings).values()] == ["DISABLED"]


@pytest.mark.parametrize("settings", BOTH)
def test_resume_uses_the_current_definition(connection: Connection, calls: Calls, settings: Settings) -> None:
    deploy(connection, settings, job())
    pause(connection, settings)
    jobs.store_definitions(connection, [job(schedule="0 3 * * *")])
    resume(connection, settings)
    [found] = [found["cleanup"] for found in in_aws(settings).values() if found]
    assert (found["State"], found["ScheduleExpression"]) == ("ENABLED", "cron(0 3 * * ? *)")


@pytest.mark.parametrize("settings", BOTH)
def test_a_deploy_never_resurrects_a_removed_job(connection: Connection, calls: Calls, settings: Settings) -> None:
    deploy(connection, settings, job(), job("stays"))
    remove(connection, settings)
    deploy(connection, settings, job(schedule="0 * * * *"), job("stays"))
    reconcile(connection, settings, deep=True)
    assert states(settings) == {}


@pytest.mark.parametrize("settings", BOTH)
def test_a_removed_job_whose_trigger_someone_made_again_by_hand_loses_it(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job())
    remove(connection, settings)
    boto3.client("events", "us-east-1").put_rule(Name="lamplighter-test-job-cleanup", ScheduleExpression="rate(1 day)")
    report = reconcile(connection, settings)
    assert [step.reason for step in report.done] == ["removed by ann"]
    assert states(settings) == {}


def test_a_deploy_never_fires_a_rate_by_making_its_schedule(connection: Connection, calls: Calls) -> None:
    before = datetime.now(UTC)
    deploy(connection, ON_SCHEDULER, job(schedule="rate(10 minutes)"))
    start = in_aws(ON_SCHEDULER)["schedule"]["cleanup"]["StartDate"]
    assert before + timedelta(minutes=10) < start < before + timedelta(minutes=12)


def test_a_rate_starts_a_whole_period_after_it_is_made_however_long_the_deploy_took(
    connection: Connection, calls: Calls
) -> None:
    jobs.store_definitions(connection, [job(schedule="rate(1 minute)")])
    planned = plan(connection, ON_SCHEDULER)
    [step] = planned.steps
    assert step.wanted is not None
    an_hour_ago = {**step.wanted, "StartDate": step.wanted["StartDate"] - timedelta(hours=1)}
    before = datetime.now(UTC)
    module._apply(connection, all_backends(ON_SCHEDULER), replace(planned, steps=(replace(step, wanted=an_hour_ago),)))
    start = in_aws(ON_SCHEDULER)["schedule"]["cleanup"]["StartDate"]
    assert start > before + timedelta(minutes=1)
    assert triggers.all_triggers(connection)["cleanup"].anchor_at == start


def test_a_deploy_never_fires_a_rate_by_changing_its_schedule(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_SCHEDULER, job(schedule="rate(10 minutes)"))
    before = datetime.now(UTC)
    deploy(connection, ON_SCHEDULER, job(schedule="rate(2 hours)"))
    start = in_aws(ON_SCHEDULER)["schedule"]["cleanup"]["StartDate"]
    assert start > before + timedelta(hours=2)


def test_a_rate_keeps_its_phase_when_something_else_about_it_changes(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_SCHEDULER, job(schedule="rate(7 minutes)"))
    start = in_the_past(timedelta(days=3))
    deploy(connection, ON_SCHEDULER, job(schedule="rate(7 minutes)", description="Renamed"))
    moved = in_aws(ON_SCHEDULER)["schedule"]["cleanup"]["StartDate"]
    assert timedelta() < moved - datetime.now(UTC) <= timedelta(minutes=7)
    assert (moved - start) % timedelta(minutes=7) == timedelta()


def test_a_rate_on_a_rule_is_not_written_again_while_it_is_unchanged(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_RULES, job(schedule="rate(10 minutes)"))
    calls.forget()
    deploy(connection, ON_RULES, job(schedule="rate(10 minutes)", timeout=timedelta(seconds=90), memory_mb=512))
    assert calls.writes == []


def test_a_rate_on_a_rule_is_not_started_over_by_another_target(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_RULES, job(schedule="rate(10 minutes)"))
    events = boto3.client("events", "us-east-1")
    events.put_targets(Rule="lamplighter-test-job-cleanup", Targets=[{"Id": "job", "Arn": "arn:aws:lambda:::other"}])
    calls.forget()
    reconcile(connection, ON_RULES, deep=True)
    assert calls.writes == ["PutTargets"]


def test_pausing_a_schedule_changes_its_state_and_nothing_else(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_SCHEDULER, job(jitter=timedelta(minutes=3), timezone="Europe/Prague"))
    scheduler = boto3.client("scheduler", "us-east-1")
    before: Any = scheduler.get_schedule(GroupName="lamplighter-test", Name="lamplighter-test-job-cleanup")
    calls.forget()
    pause(connection, ON_SCHEDULER)
    [sent] = [json.loads(body) for name, body in calls.bodies if name == "UpdateSchedule"]
    after: Any = scheduler.get_schedule(GroupName="lamplighter-test", Name="lamplighter-test-job-cleanup")
    assert before.pop("State") == "ENABLED"
    assert (after.pop("State"), sent["State"]) == ("DISABLED", "DISABLED")
    assert without_times(after) == without_times(before)
    # moto keeps what UpdateSchedule leaves out of ActionAfterCompletion; AWS would reset it.
    assert {name: sent[name] for name in before if name in sent} == {n: v for n, v in before.items() if n in sent}
    assert sent["ActionAfterCompletion"] == "NONE"


def test_pausing_and_resuming_a_rate_keep_its_phase_and_never_send_a_start_aws_would_refuse(
    connection: Connection, calls: Calls
) -> None:
    deploy(connection, ON_SCHEDULER, job(schedule="rate(7 minutes)"))
    start = in_the_past(timedelta(days=3))
    for change in (pause, resume):
        change(connection, ON_SCHEDULER)
        moved = in_aws(ON_SCHEDULER)["schedule"]["cleanup"]["StartDate"]
        assert timedelta() < moved - datetime.now(UTC) <= timedelta(minutes=7)
        assert (moved - start) % timedelta(minutes=7) == timedelta()


@pytest.mark.parametrize("settings", BOTH)
@pytest.mark.parametrize("schedule", ["*/5 * * * *", "rate(5 minutes)"])
def test_every_write_of_a_trigger_says_its_state(
    connection: Connection, calls: Calls, settings: Settings, schedule: str
) -> None:
    deploy(connection, settings, job(schedule=schedule))
    pause(connection, settings)
    deploy(connection, settings, job(schedule=schedule, description="Changed"))
    resume(connection, settings)
    deploy(connection, ON_RULES if settings is ON_SCHEDULER else ON_SCHEDULER, job(schedule=schedule))
    written = [body for name, body in calls.bodies if name in ("PutRule", "CreateSchedule", "UpdateSchedule")]
    assert len(written) >= 3
    assert all(json.loads(body)["State"] in ("ENABLED", "DISABLED") for body in written)


def forget_everything_in_aws() -> None:
    """What a restart of the one-machine edition does, or someone with a console."""
    from moto.events.models import events_backends
    from moto.scheduler.models import scheduler_backends

    for backends in (events_backends, scheduler_backends):
        for account in backends.values():
            for backend in account.values():
                backend.reset()


def in_the_past(by: timedelta) -> datetime:
    """Let the job's schedule have started that long ago; its StartDate."""
    scheduler = boto3.client("scheduler", "us-east-1")
    current: Any = scheduler.get_schedule(GroupName="lamplighter-test", Name="lamplighter-test-job-cleanup")
    fields: Any = {
        name: current[name]
        for name in ("Name", "GroupName", "ScheduleExpression", "Target", "FlexibleTimeWindow", "State", "Description",
                     "ScheduleExpressionTimezone")
    }  # fmt: skip
    start: datetime = current["StartDate"].astimezone(UTC) - by
    scheduler.update_schedule(**fields, StartDate=start)
    return start


def without_times(answer: Any) -> Any:
    names = ("CreationDate", "LastModificationDate", "ResponseMetadata")
    return {name: value for name, value in answer.items() if name not in names}
