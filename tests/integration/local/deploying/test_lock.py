"""One deploy of a stage at a time: the second is told who is first; what is left behind is in nobody's way for ever."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest

from infra.aws import Aws, connect
from infra.bucket import make_bucket
from infra.deploying import lock
from infra.deploying.lock import LEASE, DeployLocked, Lock, held
from tests.integration.local.deploying.conftest import Stage

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
Hold = Callable[..., Lock]


@pytest.fixture
def aws(stage: Stage) -> Aws:
    found = connect(stage.deployment, stage.session)
    make_bucket(found.s3, stage.deployment)
    return found


@pytest.fixture
def hold(aws: Aws, stage: Stage) -> Iterator[Hold]:
    """Takes the lock at an instant and keeps it for the rest of the test."""
    with ExitStack() as holding:

        def take(now: datetime = NOON, **options: bool) -> Lock:
            return holding.enter_context(
                held(aws, stage.deployment, command="scripts/deploy up", clock=lambda: now, **options)
            )

        yield take


def test_a_second_deploy_is_refused_and_told_who_is_first(aws: Aws, stage: Stage, hold: Hold) -> None:
    hold()
    with pytest.raises(DeployLocked, match=r"deployed by .* with `scripts/deploy up`, since 2026-11-28 12:00:00 UTC"):
        hold()
    found = lock.read(aws.s3, stage.deployment)
    assert found is not None
    assert found.until == NOON + LEASE
    with pytest.raises(DeployLocked):
        lock.refuse_if_held(aws.s3, stage.deployment, now=NOON)


def test_it_is_given_back_however_the_deploy_ends(aws: Aws, stage: Stage) -> None:
    with pytest.raises(KeyboardInterrupt), held(aws, stage.deployment, command="scripts/deploy up"):
        raise KeyboardInterrupt
    assert lock.read(aws.s3, stage.deployment) is None


def test_one_that_has_run_out_is_taken_and_its_holder_stops_at_the_next_step(
    aws: Aws, stage: Stage, hold: Hold
) -> None:
    late = NOON + LEASE
    first = hold()
    first._clock = lambda: late
    hold(late)
    with pytest.raises(DeployLocked, match="taken away by"):
        first.renew()
    first.release()
    assert lock.read(aws.s3, stage.deployment) is not None


def test_a_long_deploy_keeps_it(aws: Aws, stage: Stage, hold: Hold) -> None:
    first = hold()
    first._clock = lambda: NOON + timedelta(minutes=11)
    first.renew()
    with pytest.raises(DeployLocked):
        hold(NOON + LEASE)


def test_break_lock_takes_it_from_whoever_holds_it(aws: Aws, stage: Stage, hold: Hold) -> None:
    hold()
    hold(is_to_break=True)


def test_what_a_killed_process_of_this_machine_left_is_taken(aws: Aws, stage: Stage, hold: Hold) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    first = hold()
    body = first._holder.to_json().replace(f'"pid": {first._holder.pid}', f'"pid": {gone.pid}')
    aws.s3.put_object(Bucket=stage.deployment.bucket, Key=lock.KEY, Body=body.encode())
    hold()


def test_of_two_that_see_that_it_has_run_out_one_gets_it(
    aws: Aws, stage: Stage, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold()
    write, late = lock._write, NOON + LEASE

    def write_after_another(*arguments: object, **condition: str) -> None:
        if "IfMatch" in condition:
            monkeypatch.setattr(lock, "_write", write)
            hold(late)  # the other was first
        write(*arguments, **condition)  # type: ignore[arg-type]

    monkeypatch.setattr(lock, "_write", write_after_another)
    with pytest.raises(DeployLocked):
        hold(late)
