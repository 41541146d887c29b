"""What a reconcile costs, counted by botocore: ceil(N/100) list calls and at most 5 more, writes only for change."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import pytest
from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends

from functions.db import intents, jobs, triggers
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.triggers import AppliedTrigger
from functions.definition import JobDefinition
from functions.scheduling.backends import all_backends
from functions.scheduling.reconcile import reconcile
from functions.scheduling.trigger import digest
from functions.scheduling.wanted import wanted_triggers
from functions.settings import Settings
from tests.integration.scheduling.conftest import BOTH, ON_RULES, ON_SCHEDULER, Calls, deploy, job, states

ANN = Author(actor="ann")
# 10,000 jobs take a minute, most of it moto's: RECONCILE_JOBS=10000 counts that many too.
SIZES = [10, 1_000, *(int(size) for size in os.environ.get("RECONCILE_JOBS", "").split(",") if size)]


def definitions(count: int) -> list[JobDefinition]:
    return [job(f"job-{n:05}", f"{n % 60} {n % 24} * * *") for n in range(count)]


def deployed(connection: Connection, settings: Settings, count: int) -> list[JobDefinition]:
    """Jobs as a deploy leaves them, written straight into moto and PostgreSQL: 10,000 calls would only take time."""
    made = definitions(count)
    jobs.store_definitions(connection, made)
    now = triggers.now(connection)
    wanted = wanted_triggers(jobs.all_jobs(connection), all_backends(settings), settings, with_rule=())
    events = events_backends[settings.account_id][settings.region]
    scheduler = scheduler_backends[settings.account_id][settings.region]
    scheduler.create_schedule_group("lamplighter-test", [])
    group = scheduler.schedule_groups["lamplighter-test"]
    none: Any = None
    for w in wanted:
        assert w.definition is not None
        d = dict(w.definition)
        if w.backend == "rule":
            events.put_rule(d["Name"], d["Description"], None, None, None, d["ScheduleExpression"], d["State"])
            events.put_targets(d["Name"], None, [{"Id": i, **target} for i, target in d["Targets"].items()])
        else:
            scheduler.create_schedule(
                d["Description"], none, d["FlexibleTimeWindow"], group.name, none, d["Name"], d["ScheduleExpression"],
                d["ScheduleExpressionTimezone"], none, d["State"], d["Target"], d["ActionAfterCompletion"],
            )  # fmt: skip
    triggers.store(
        connection,
        [
            AppliedTrigger(job_id=w.job_id, backend=w.backend or "", reason=w.reason, digest=digest(w.definition or {}),
                           anchor_at=None, applied_at=now)
            for w in wanted
        ],
    )  # fmt: skip
    return made


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_ACCOUNT_ID", ON_RULES.account_id)


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("settings", BOTH)
def test_a_deploy_that_changes_nothing_lists_and_writes_nothing(
    connection: Connection, calls: Calls, settings: Settings, count: int
) -> None:
    made = deployed(connection, settings, count)
    calls.forget()
    report = deploy(connection, settings, *made)
    assert {step.action for step in report.done} == {"leave"}
    assert len(report.done) == count
    assert calls.writes == []
    assert calls.reads.total() <= math.ceil(count / 100) + 5
    assert {*calls.reads} <= {"ListRules", "ListSchedules"}


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize("settings", BOTH)
def test_one_changed_job_costs_at_most_two_writes(
    connection: Connection, calls: Calls, settings: Settings, count: int
) -> None:
    made = deployed(connection, settings, count)
    calls.forget()
    made[-1] = job(made[-1].id, "*/7 * * * *", description="Changed")
    report = deploy(connection, settings, *made)
    assert [step.job_id for step in report.done if step.action == "update"] == [made[-1].id]
    assert 1 <= len(calls.writes) <= 2
    assert calls.reads.total() <= math.ceil(count / 100) + 5


@pytest.mark.parametrize("settings", BOTH)
def test_a_first_deploy_costs_two_writes_a_rule_and_one_a_schedule(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, *definitions(30))
    assert len(calls.writes) == (60 if settings is ON_RULES else 31)
    assert calls.reads.total() <= 3


@pytest.mark.parametrize(
    ("settings", "cost"),
    [
        (ON_RULES, {"pause": 2, "pause again": 1, "resume": 2, "remove": 4, "restore": 4}),
        (ON_SCHEDULER, {"pause": 3, "pause again": 1, "resume": 3, "remove": 2, "restore": 4}),
    ],
    ids=["rules", "scheduler"],
)
def test_what_the_admin_api_does_costs_at_most_four_calls_whatever_the_number_of_jobs(
    connection: Connection, calls: Calls, settings: Settings, cost: dict[str, int]
) -> None:
    deployed(connection, settings, 250)
    changes: list[tuple[str, Callable[[], object]]] = [
        ("pause", lambda: intents.pause(connection, "job-00007", ANN)),
        ("pause again", lambda: intents.pause(connection, "job-00007", ANN)),
        ("resume", lambda: intents.resume(connection, "job-00007", ANN)),
        ("remove", lambda: intents.remove(connection, "job-00007", ANN)),
        ("restore", lambda: intents.restore(connection, ANN)),
    ]
    counted = {}
    for name, change in changes:
        change()
        calls.forget()
        reconcile(connection, settings, only={"job-00007"})
        counted[name] = len(calls.made)
    assert counted == cost
    assert [*states(settings, "job-00007").values()] == ["ENABLED"]


def test_a_deep_reconcile_reads_every_trigger_once_more(connection: Connection, calls: Calls) -> None:
    for settings, read in ((ON_RULES, "ListTargetsByRule"), (ON_SCHEDULER, "GetSchedule")):
        made = deploy(connection, settings, *definitions(25))
        calls.forget()
        reconcile(connection, settings, deep=True)
        assert calls.writes == []
        assert calls.reads[read] == len(made.done)
