"""Which backend fires a job, and what exactly it is asked to hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.definition import JobDefinition
from functions.scheduling.backends import all_backends, choose
from functions.scheduling.cron import Schedule
from functions.scheduling.trigger import Definition, differences, digest, retry_policy
from functions.settings import from_environment

AUTO = from_environment({"STAGE": "test"})
SCHEDULER = from_environment({"STAGE": "test", "TRIGGER_BACKEND": "scheduler"})
MINUTE = timedelta(minutes=1)
NOW = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "timezone", "options", "backend", "reason"),
    [
        ("*/5 * * * *", "UTC", {}, "rule", "a rule can serve it"),
        ("rate(5 minutes)", "UTC", {}, "rule", "a rule can serve it"),
        ("rate(5 minutes)", "Europe/Prague", {}, "rule", "a rule can serve it"),
        ("*/5 * * * *", "Europe/Prague", {}, "schedule", "a rule knows UTC only, not Europe/Prague"),
        (
            "*/5 * * * *",
            "UTC",
            {"jitter": MINUTE},
            "schedule",
            "a rule has no flexible window for jitter",
        ),
        ("*/5 * * * *", "UTC", {"is_rule_free": False}, "schedule", "all 300 rules (RULES_LIMIT) are taken"),
        ("*/5 * * * *", "UTC", {"settings": SCHEDULER}, "schedule", "TRIGGER_BACKEND is scheduler"),
    ],
)
def test_a_rule_serves_where_a_rule_can(
    schedule: str, timezone: str, options: dict[str, Any], backend: str, reason: str
) -> None:
    given = {"jitter": None, "settings": AUTO, "is_rule_free": True, **options}
    assert choose(Schedule.parse(schedule, timezone), given.pop("jitter"), **given) == (backend, reason)


@pytest.mark.parametrize(
    ("schedule", "seconds"),
    [
        ("* * * * *", 60), ("*/5 * * * *", 300), ("@hourly", 3_600), ("0 9-17 * * *", 3_600), ("@daily", 86_400),
        ("@monthly", 86_400), ("rate(1 minute)", 60), ("rate(90 minutes)", 5_400), ("rate(30 days)", 86_400),
        ("0,20 3 * * *", 1_200), ("cron(0 0 1 1 ? 2199)", 86_400),
    ],
)  # fmt: skip
def test_an_occurrence_is_delivered_until_about_the_next_one(schedule: str, seconds: int) -> None:
    assert retry_policy(Schedule.parse(schedule)) == {"MaximumEventAgeInSeconds": seconds, "MaximumRetryAttempts": 185}


def definition(backend: str, *, enabled: bool = True, **options: Any) -> Definition:
    job = JobDefinition(**{"id": "cleanup", "schedule": "rate(7 minutes)", **options})
    schedule = job.parsed_schedule
    assert schedule is not None
    return all_backends(AUTO)[backend].definition(job, schedule, enabled=enabled)


@pytest.mark.parametrize("backend", ["rule", "schedule"])
def test_a_pause_is_not_part_of_what_defines_a_trigger_and_everything_else_is(backend: str) -> None:
    same = definition(backend, enabled=False)
    assert digest(same) == digest(definition(backend))
    others: list[dict[str, Any]] = [{"description": "x"}, {"schedule": "rate(8 minutes)"}, {"id": "another"}]
    assert len({digest(definition(backend, **other)) for other in [{}, *others]}) == 4


@pytest.mark.parametrize("backend", ["rule", "schedule"])
def test_a_job_id_reaches_the_event_as_it_is(backend: str) -> None:
    made = definition(backend, id="a.b_c-1" * 14)
    if backend == "rule":
        template = made["Targets"]["job"]["InputTransformer"]["InputTemplate"]
        event = json.loads(template.replace("<scheduled_at>", '"t"'))
    else:
        event = json.loads(made["Target"]["Input"])
    assert event["job_id"] == "a.b_c-1" * 14
    assert len(made["Name"]) == 64


def test_a_new_rate_starts_a_whole_period_from_now_and_an_unchanged_one_keeps_its_start() -> None:
    scheduler = all_backends(AUTO)["schedule"]
    wanted = definition("schedule")
    fresh = scheduler.dated(wanted, current=None, now=NOW)
    assert fresh["StartDate"] == datetime(2026, 11, 23, 12, 8, tzinfo=UTC)
    start = NOW - timedelta(days=3)
    assert scheduler.dated(wanted, current={**wanted, "StartDate": start}, now=NOW)["StartDate"] == start
    other = {**wanted, "ScheduleExpression": "rate(5 minutes)", "StartDate": start}
    assert scheduler.dated(wanted, current=other, now=NOW)["StartDate"] == fresh["StartDate"]


def test_cron_has_no_start() -> None:
    wanted = definition("schedule", schedule="0 9 * * *")
    assert all_backends(AUTO)["schedule"].dated(wanted, current=None, now=NOW) == wanted


def test_differences_name_each_field_in_aws_words() -> None:
    before = {"Name": "x", "Target": {"Arn": "a", "Input": "{}"}, "EndDate": NOW}
    after = {"Name": "x", "Target": {"Arn": "b", "Input": "{}"}, "State": "ENABLED"}
    assert [str(difference) for difference in differences(before, after)] == [
        "EndDate: 2026-11-23T12:00:30+00:00 → none", "State: none → ENABLED", "Target.Arn: a → b",
    ]  # fmt: skip
    assert differences(before, before) == ()
