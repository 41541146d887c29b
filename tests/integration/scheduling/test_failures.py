"""AWS fails, or another reconcile runs: nothing half-way is silent, and the next reconcile continues."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from functions.db import intents, jobs, triggers
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.errors import AwsUnavailable, LimitExceeded
from functions.scheduling.plan import Unfinished
from functions.scheduling.reconcile import reconcile
from functions.settings import Settings
from tests.integration.scheduling.conftest import (
    BOTH,
    ON_RULES,
    Calls,
    actions,
    deploy,
    in_aws,
    job,
    settings_of,
    states,
)

ANN = Author(actor="ann")


@pytest.mark.parametrize("settings", BOTH)
def test_throttling_half_way_says_what_is_done_and_what_is_left_and_the_next_reconcile_continues(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    calls.throttle_at_write(3)
    with pytest.raises(Unfinished) as caught:
        deploy(connection, settings, *(job(f"job-{n}") for n in range(5)))
    report = caught.value.report
    done = [step.job_id for step in report.done]
    left = [step.job_id for step in report.left]
    assert done + left == [f"job-{n}" for n in range(5)]
    assert done
    assert left
    assert isinstance(caught.value, AwsUnavailable)
    assert "Rate exceeded" in str(caught.value)
    assert all(str(job_id) in str(caught.value) for job_id in left)
    assert {*triggers.all_triggers(connection)} == {*done}
    assert "stopped: could not put" in "\n".join(report.lines())
    assert json.loads(json.dumps(report.to_json()))["left"]
    calls.forget()
    finished = reconcile(connection, settings)
    assert actions(finished).keys() == {f"job-{n}" for n in range(5)}
    assert {actions(finished)[str(job_id)] for job_id in done} == {"leave"}
    assert len([name for found in in_aws(settings).values() for name in found]) == 5


@pytest.mark.parametrize("settings", BOTH)
def test_a_pause_that_aws_refuses_is_applied_by_the_next_reconcile(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job())
    intents.pause(connection, "cleanup", ANN)
    calls.forget()
    calls.throttle_at_write(0)
    with pytest.raises(AwsUnavailable):
        reconcile(connection, settings, only={"cleanup"})
    calls.forget()
    reconcile(connection, settings)
    assert [*states(settings).values()] == ["DISABLED"]


def test_an_aws_that_cannot_even_be_read_is_said_at_once(connection: Connection, calls: Calls) -> None:
    deploy(connection, ON_RULES, job())

    def unreachable(operation: str) -> None:
        from botocore.exceptions import EndpointConnectionError

        raise EndpointConnectionError(endpoint_url="https://events.example")

    calls.before = unreachable
    with pytest.raises(AwsUnavailable, match="could not list rules"):
        reconcile(connection, ON_RULES)


def test_every_limit_is_reported_at_once_before_any_call(connection: Connection, calls: Calls) -> None:
    huge = [{"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::bucket/{'x' * 9_000}"}]
    bad = [job("a", permissions=tuple(huge)), job("b", permissions=tuple(huge)), job("fine")]
    with pytest.raises(LimitExceeded) as caught:
        deploy(connection, ON_RULES, *bad)
    assert "(2 found)" in str(caught.value)
    assert "job 'a': permissions" in str(caught.value)
    assert "job 'b': permissions" in str(caught.value)
    assert calls.made == []


@pytest.mark.parametrize("settings", BOTH)
def test_two_reconciles_at_once_write_every_trigger_once(
    database_url: str, connection: Connection, calls: Calls, settings: Settings
) -> None:
    jobs.store_definitions(connection, [job(f"job-{n}") for n in range(8)])
    together = threading.Barrier(2)

    def run(_: int) -> dict[str, str]:
        with connect(database_url) as own:
            together.wait()
            return actions(reconcile(own, settings))

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(run, range(2)))
    assert sorted(sorted({*report.values()}) for report in reports) == [["create"], ["leave"]]
    creations = [name for name in calls.writes if name in ("PutRule", "CreateSchedule")]
    assert len(creations) == 8


@pytest.mark.parametrize("settings", BOTH)
def test_a_pause_during_a_deploy_ends_paused_whichever_comes_last(
    database_url: str, connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job(), job("other"))
    is_deploying, is_paused = threading.Event(), threading.Event()

    def wait_for_the_pause(operation: str) -> None:
        if operation in ("PutRule", "UpdateSchedule") and not is_deploying.is_set():
            is_deploying.set()
            assert is_paused.wait(10)

    def pause() -> None:
        assert is_deploying.wait(10)
        with connect(database_url) as own:
            intents.pause(own, "cleanup", ANN)
            is_paused.set()
            reconcile(own, settings, only={"cleanup"})

    calls.before = wait_for_the_pause
    with ThreadPoolExecutor(1) as pool:
        pausing = pool.submit(pause)
        deploy(connection, settings, job(schedule="0 3 * * *"), job("other"))
        pausing.result()
    assert [*states(settings).values()] == ["DISABLED"]


def test_a_reconcile_gives_up_when_another_one_keeps_running(database_url: str, connection: Connection) -> None:
    with connect(database_url) as other, other.transaction():
        triggers.lock(other, None)
        started = time.monotonic()
        with pytest.raises(AwsUnavailable, match="another reconcile"):
            reconcile(connection, settings_of(), lock_timeout=timedelta(milliseconds=200))
        assert time.monotonic() - started < 5
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_the_lock_timeout_ends_with_the_lock(connection: Connection) -> None:
    with connection.transaction():
        triggers.lock(connection, timedelta(seconds=1))
        assert connection.execute("SHOW lock_timeout").fetchone() == ("0",)
