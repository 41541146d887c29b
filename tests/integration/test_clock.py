"""The local clock fires what EventBridge would, once, and is honest about what it slept through."""

from __future__ import annotations

import json
import logging
import queue
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from infra.local.clock import Clock

MINUTE = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
ROLE = "arn:aws:iam::123456789012:role/scheduler"
CREDENTIALS: dict[str, Any] = {"aws_access_key_id": "t", "aws_secret_access_key": "t", "region_name": "us-east-1"}


@dataclass
class Fixture:
    """A clock that writes down what it invokes, and the AWS it reads."""

    events: Any
    scheduler: Any
    memory: Path
    invoked: queue.Queue[tuple[str, dict[str, Any]]] = field(default_factory=queue.Queue)

    def clock(self, *, now: datetime = MINUTE) -> Clock:
        return Clock(
            events=self.events,
            scheduler=self.scheduler,
            invoke=lambda arn, payload: self.invoked.put((arn, json.loads(payload))),
            account="123456789012",
            region="us-east-1",
            memory=self.memory,
            now=lambda: now,
        )

    def rule(self, name: str, expression: str, *, state: str = "ENABLED", **target: Any) -> None:
        self.events.put_rule(Name=name, ScheduleExpression=expression, State=state)
        self.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": FUNCTION, **target}])

    def schedule(self, name: str, expression: str, **options: Any) -> None:
        self.scheduler.create_schedule(
            Name=name,
            ScheduleExpression=expression,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": FUNCTION, "RoleArn": ROLE, "Input": '{"at": "<aws.scheduler.scheduled-time>"}'},
            **options,
        )

    def starts(self, *, now: datetime) -> list[dict[str, Any]]:
        """What a clock fires that is started at an instant that stands still; the last one read must be fired."""
        clock = self.clock(now=now)
        clock.start()
        last = self.fired()
        clock._pool.shutdown()
        clock.stop()
        return [*last, *(payload for _, payload in list(self.invoked.queue))]

    def fired(self, count: int = 1) -> list[dict[str, Any]]:
        return [self.invoked.get(timeout=10)[1] for _ in range(count)]


class FailsOnce:
    """A client whose first listing fails, as when a connection is refused."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._failed = False

    def get_paginator(self, operation: str) -> Any:
        if not self._failed:
            self._failed = True
            raise ConnectionError("connection refused")
        return self._client.get_paginator(operation)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    server.stop()


@pytest.fixture
def aws(endpoint: str, tmp_path: Path) -> Iterator[Fixture]:
    events = boto3.client("events", endpoint_url=endpoint, **CREDENTIALS)
    scheduler = boto3.client("scheduler", endpoint_url=endpoint, **CREDENTIALS)
    yield Fixture(events, scheduler, tmp_path / "clock.json")
    for rule in events.list_rules()["Rules"]:
        events.remove_targets(Rule=rule["Name"], Ids=["1"])
        events.delete_rule(Name=rule["Name"])
    for schedule in scheduler.list_schedules()["Schedules"]:
        scheduler.delete_schedule(Name=schedule["Name"])


def test_a_due_rule_is_fired_with_awss_own_event(aws: Fixture) -> None:
    aws.rule("every-minute", "cron(* * * * ? *)")
    assert aws.clock().turn(MINUTE) == ["every-minute"]
    (event,) = aws.fired()
    assert {name: event[name] for name in ("detail-type", "source", "time", "account", "resources")} == {
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "time": "2026-11-23T12:00:00Z",
        "account": "123456789012",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/every-minute"],
    }


def test_an_input_transformer_is_applied_as_awss_is(aws: Fixture) -> None:
    template = '{"job_id": "a", "scheduled_at": <scheduled_at>}'
    transformer = {"InputPathsMap": {"scheduled_at": "$.time"}, "InputTemplate": template}
    aws.rule("transformed", "cron(* * * * ? *)", InputTransformer=transformer)
    aws.clock().turn(MINUTE)
    assert aws.fired() == [{"job_id": "a", "scheduled_at": "2026-11-23T12:00:00Z"}]


def test_what_is_not_due_or_not_enabled_is_not_fired(aws: Fixture) -> None:
    aws.rule("later", "cron(1 12 * * ? *)")
    aws.rule("off", "cron(* * * * ? *)", state="DISABLED")
    assert aws.clock().turn(MINUTE) == []


def test_a_minute_is_fired_once_also_by_a_clock_that_was_started_again(aws: Fixture) -> None:
    aws.rule("every-minute", "cron(* * * * ? *)")
    assert aws.clock().turn(MINUTE) == ["every-minute"]
    assert aws.clock().turn(MINUTE) == []
    assert aws.clock().turn(MINUTE + timedelta(minutes=1)) == ["every-minute"]
    assert len(aws.fired(2)) == 2


def test_a_rule_switched_off_after_it_was_read_is_not_fired(aws: Fixture, caplog: pytest.LogCaptureFixture) -> None:
    aws.rule("every-minute", "cron(* * * * ? *)")
    clock = aws.clock()
    (trigger,) = clock._read({})
    aws.events.disable_rule(Name="every-minute")
    with caplog.at_level(logging.INFO, "lamplighter"):
        clock._fire(trigger, MINUTE)
    assert "switched off meanwhile" in caplog.text
    assert aws.invoked.empty()


def test_after_a_sleep_only_the_current_minute_is_fired_and_what_was_skipped_is_said(
    aws: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    aws.rule("every-minute", "cron(* * * * ? *)")
    aws.rule("at-half-past", "cron(30 12 * * ? *)")
    aws.rule("tomorrow", "cron(0 9 * * ? *)")
    clock = aws.clock()
    clock.turn(MINUTE)
    with caplog.at_level(logging.WARNING, "lamplighter"):
        assert clock.turn(MINUTE + timedelta(hours=1)) == ["every-minute"]
    assert "asleep for 59 minutes (2026-11-23 12:01 to 2026-11-23 12:59 UTC)" in caplog.text
    assert "not fired: at-half-past, every-minute" in caplog.text
    assert [event["time"] for event in aws.fired(2)] == ["2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z"]


def test_a_rate_rule_counts_from_when_it_was_first_seen_and_never_fires_at_once(aws: Fixture) -> None:
    aws.rule("rate", "rate(5 minutes)")
    minutes = [MINUTE + timedelta(minutes=number) for number in range(11)]
    assert [bool(aws.clock(now=minute).turn(minute)) for minute in minutes] == [
        False, False, False, False, False, True, False, False, False, False, True,
    ]  # fmt: skip


def test_a_schedule_is_fired_in_its_own_zone_with_the_scheduled_time(aws: Fixture) -> None:
    aws.schedule("prague", "cron(0 13 * * ? *)", ScheduleExpressionTimezone="Europe/Prague")
    assert aws.clock().turn(MINUTE) == ["prague"]
    assert aws.fired() == [{"at": "2026-11-23T12:00:00Z"}]


def test_a_one_time_schedule_fires_once_and_deletes_itself(aws: Fixture) -> None:
    aws.schedule("once", "at(2026-11-23T12:00:00)", ActionAfterCompletion="DELETE")
    clock = aws.clock()
    assert clock.turn(MINUTE) == ["once"]
    aws.fired()
    clock.stop()
    assert aws.scheduler.list_schedules()["Schedules"] == []


def test_a_one_time_schedule_within_a_minute_fires_at_the_turn_after_it_never_before(aws: Fixture) -> None:
    aws.schedule("within", "at(2026-11-23T12:00:01)")
    aws.schedule("last-second", "at(2026-11-23T12:00:59)")
    aws.schedule("next", "at(2026-11-23T12:01:00)")
    assert aws.clock().turn(MINUTE) == []
    assert sorted(aws.clock().turn(MINUTE + timedelta(minutes=1))) == ["last-second", "next", "within"]
    assert aws.clock().turn(MINUTE + timedelta(minutes=2)) == []


def test_a_schedule_does_not_fire_before_its_start_or_after_its_end(aws: Fixture) -> None:
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    aws.schedule("not-yet", "cron(* * * * ? *)", StartDate=noon + timedelta(minutes=1))
    aws.schedule("over", "cron(* * * * ? *)", EndDate=noon - timedelta(minutes=1))
    assert aws.clock().turn(noon) == []
    assert aws.clock().turn(noon + timedelta(minutes=1)) == ["not-yet"]


def test_an_expression_that_cannot_be_read_stops_nothing_else_and_is_said_once(
    aws: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    aws.rule("every-minute", "cron(* * * * ? *)")
    aws.rule("odd", "cron(* * * * 9 *)")
    clock = aws.clock()
    with caplog.at_level(logging.ERROR, "lamplighter"):
        for number in range(4):  # with a gap before the last one, whose report reads every expression too
            assert clock.turn(MINUTE + timedelta(minutes=number + 5 * (number == 3))) == ["every-minute"]
    (said,) = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert said.startswith("odd is never fired: 'cron(* * * * 9 *)' cannot be read: ")


def test_a_minute_that_could_not_be_read_is_tried_again_within_that_minute(
    aws: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    aws.rule("every-minute", "cron(* * * * ? *)")
    aws.clock().turn(MINUTE)
    aws.fired()
    aws.events = FailsOnce(aws.events)
    assert [event["time"] for event in aws.starts(now=MINUTE + timedelta(minutes=1))] == ["2026-11-23T12:01:00Z"]
    assert "2026-11-23T12:01:00+00:00 could not be fired" in caplog.text


def test_a_start_fires_the_minute_it_began_in_but_nothing_it_has_just_deployed(aws: Fixture) -> None:
    aws.rule("edited", "cron(30 12 * * ? *)")
    aws.schedule("kept", "cron(* * * * ? *)")
    aws.clock().turn(MINUTE)
    aws.fired()
    aws.rule("edited", "cron(* * * * ? *)")
    aws.rule("new", "cron(* * * * ? *)")
    aws.rule("kept", "cron(* * * * ? *)")
    assert aws.starts(now=MINUTE + timedelta(minutes=1)) == [{"at": "2026-11-23T12:01:00Z"}]
    assert sorted(aws.clock().turn(MINUTE + timedelta(minutes=2))) == ["edited", "kept", "kept", "new"]


def test_what_was_deployed_after_a_gap_is_not_said_to_have_been_missed_in_it(
    aws: Fixture, caplog: pytest.LogCaptureFixture
) -> None:
    aws.rule("kept", "cron(* * * * ? *)")
    aws.clock().turn(MINUTE)
    aws.rule("new", "cron(* * * * ? *)")
    aws.clock().turn(MINUTE + timedelta(hours=1))
    assert "not fired: kept" in caplog.text
    assert "new" not in caplog.text
