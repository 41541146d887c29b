"""Whatever write a reconcile dies at: never two enabled triggers, and after the next one exactly the right one."""

from __future__ import annotations

import boto3
import pytest

from functions.db import intents
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.scheduling.reconcile import reconcile
from functions.settings import Settings
from tests.integration.scheduling.conftest import (
    BOTH,
    ON_RULES,
    ON_SCHEDULER,
    Calls,
    Crash,
    actions,
    deploy,
    in_aws,
    job,
    states,
)

ANN = Author(actor="ann")
MOVES = [
    pytest.param(ON_RULES, ON_SCHEDULER, id="rule-to-schedule"),
    pytest.param(ON_SCHEDULER, ON_RULES, id="schedule-to-rule"),
]


@pytest.mark.parametrize("partial", [False, True], ids=["all", "one"])
@pytest.mark.parametrize("paused", [False, True], ids=["running", "paused"])
@pytest.mark.parametrize(("before", "after"), MOVES)
def test_a_move_that_dies_at_any_write_never_leaves_two_enabled_and_the_next_reconcile_finishes_it(
    connection: Connection, calls: Calls, before: Settings, after: Settings, paused: bool, partial: bool
) -> None:
    backend = "rule" if after is ON_RULES else "schedule"
    for crash_at in range(20):
        deploy(connection, before, job())
        if paused:
            intents.pause(connection, "cleanup", ANN)
            reconcile(connection, before)
        calls.forget()
        calls.crash_at_write(crash_at)
        try:
            reconcile(connection, after)
        except Crash:
            pass
        else:
            break
        finally:
            calls.forget()
        assert [*states(after).values()].count("ENABLED") <= (0 if paused else 1)
        reconcile(connection, after, only={"cleanup"} if partial else None)
        assert states(after) == {backend: "DISABLED" if paused else "ENABLED"}
        assert actions(reconcile(connection, after, deep=True)) == {"cleanup": "leave"}
        intents.resume(connection, "cleanup", ANN)
        reconcile(connection, after)
    assert crash_at >= 3, "the loop saw every write of the move"


@pytest.mark.parametrize(("before", "after"), MOVES)
def test_a_move_keeps_the_old_trigger_until_the_new_one_stands(
    connection: Connection, calls: Calls, before: Settings, after: Settings
) -> None:
    deploy(connection, before, job())
    calls.forget()
    assert actions(deploy(connection, after, job())) == {"cleanup": "move"}
    if after is ON_SCHEDULER:
        writes = ["CreateScheduleGroup", "CreateSchedule", "RemoveTargets", "DeleteRule", "UpdateSchedule"]
    else:
        writes = ["PutRule", "PutTargets", "DeleteSchedule", "EnableRule"]
    assert calls.writes == writes


@pytest.mark.parametrize("settings", BOTH)
def test_a_first_deploy_that_dies_at_any_write_is_finished_by_the_next(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    for crash_at in range(20):
        definitions = [job(f"job-{crash_at}-{n}", "rate(5 minutes)") for n in range(2)]
        calls.forget()
        calls.crash_at_write(crash_at)
        try:
            deploy(connection, settings, *definitions)
        except Crash:
            pass
        else:
            break
        finally:
            calls.forget()
        deploy(connection, settings, *definitions)
        for definition in definitions:
            assert [*states(settings, definition.id).values()] == ["ENABLED"]
        assert {*actions(reconcile(connection, settings, deep=True)).values()} == {"leave"}
    assert crash_at >= 2


@pytest.mark.parametrize("settings", BOTH)
def test_what_was_made_before_a_crash_is_not_written_again(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    definitions = [job(f"job-{n}", "rate(5 minutes)") for n in range(4)]
    deploy(connection, settings, *definitions)
    connection.execute("DELETE FROM lamplighter.trigger")
    calls.forget()
    report = reconcile(connection, settings)
    assert {*actions(report).values()} == {"record"}
    assert calls.writes == []


@pytest.mark.parametrize("settings", BOTH)
def test_a_changed_job_that_dies_at_any_write_is_finished_by_the_next(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    for crash_at in range(20):
        deploy(connection, settings, job())
        calls.forget()
        calls.crash_at_write(crash_at)
        try:
            deploy(connection, settings, job(schedule="0 3 * * *"))
        except Crash:
            pass
        else:
            break
        finally:
            calls.forget()
        reconcile(connection, settings)
        [found] = [found["cleanup"] for found in in_aws(settings).values() if found]
        assert found["ScheduleExpression"] == "cron(0 3 * * ? *)"
        assert actions(reconcile(connection, settings, deep=True)) == {"cleanup": "leave"}
    assert crash_at >= 1


@pytest.mark.parametrize("settings", BOTH)
def test_a_removal_that_dies_at_any_write_is_finished_by_the_next(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    for crash_at in range(20):
        deploy(connection, settings, job())
        intents.restore(connection, ANN)
        reconcile(connection, settings)
        intents.remove(connection, "cleanup", ANN)
        calls.forget()
        calls.crash_at_write(crash_at)
        try:
            reconcile(connection, settings, only={"cleanup"})
        except Crash:
            pass
        else:
            break
        finally:
            calls.forget()
        reconcile(connection, settings, only={"cleanup"})
        assert states(settings) == {}
    assert crash_at >= 1


def test_a_trigger_on_both_backends_is_left_on_the_right_one(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_SCHEDULER, job())
    boto3.client("events", "us-east-1").put_rule(Name="lamplighter-test-job-cleanup", ScheduleExpression="rate(1 day)")
    calls.forget()
    assert actions(reconcile(connection, ON_SCHEDULER)) == {"cleanup": "move"}
    assert calls.writes == ["DeleteRule"]
    assert states(ON_SCHEDULER) == {"schedule": "ENABLED"}
