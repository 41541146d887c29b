"""Going back after a reconcile that died or heard no answer: what AWS holds is read, not believed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import psycopg
import pytest

from functions.db import intents, triggers
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.errors import AwsUnavailable
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
FAILURES = [
    pytest.param(Calls.crash_at_write, id="crash"),
    pytest.param(Calls.lose_answer_of_write, id="lost-answer"),
]
Failure = Callable[[Calls, int], None]


def fails(calls: Calls, failure: Failure, number: int, action: Callable[[], object]) -> bool:
    """Whether the action met its failure at the write of this number; AWS is well again after it."""
    calls.forget()
    failure(calls, number)
    try:
        action()
    except (Crash, AwsUnavailable):
        return True
    finally:
        calls.forget()
    return False


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("settings", BOTH)
def test_a_change_that_died_anywhere_is_undone_by_deploying_the_old_definition(
    connection: Connection, calls: Calls, settings: Settings, failure: Failure
) -> None:
    old = [job(job_id, "0 3 * * *", description="Old") for job_id in ("a", "b")]
    new = [job(job_id, "0 15 * * *", description="New") for job_id in ("a", "b")]
    deploy(connection, settings, *old)
    before = in_aws(settings)
    number = 0
    while fails(calls, failure, number, lambda: deploy(connection, settings, *new)):
        deploy(connection, settings, *old)
        assert in_aws(settings) == before
        number += 1
    assert number >= 2, "the loop saw every write"


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("settings", BOTH)
def test_a_removal_that_died_anywhere_is_undone_by_a_restore(
    connection: Connection, calls: Calls, settings: Settings, failure: Failure
) -> None:
    deploy(connection, settings, job())
    before = in_aws(settings)
    intents.remove(connection, "cleanup", ANN)
    number = 0
    while fails(calls, failure, number, lambda: reconcile(connection, settings, only={"cleanup"})):
        intents.restore(connection, ANN)
        reconcile(connection, settings)
        assert in_aws(settings) == before
        intents.remove(connection, "cleanup", ANN)
        number += 1
    assert number >= 1, "the loop saw every write"


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize(("before", "after"), MOVES)
def test_a_move_that_died_anywhere_is_undone_by_going_back(
    connection: Connection, calls: Calls, before: Settings, after: Settings, failure: Failure
) -> None:
    deploy(connection, before, job())
    whole = in_aws(before)
    number = 0
    while fails(calls, failure, number, lambda: reconcile(connection, after)):
        reconcile(connection, before)
        assert in_aws(before) == whole
        number += 1
    assert number >= 3, "the loop saw every write"


def test_a_crash_while_what_was_done_is_recorded_leaves_it_in_doubt(connection: Connection, calls: Calls) -> None:
    old, new = job(schedule="0 3 * * *"), job(schedule="0 15 * * *")
    deploy(connection, ON_SCHEDULER, old)
    before = in_aws(ON_SCHEDULER)
    # Only the new digest cannot be written: that a deploy makes the sweep look again is another change of this row.
    known = triggers.all_triggers(connection)["cleanup"].digest
    full_disk = f"ALTER TABLE lamplighter.trigger ADD CONSTRAINT full_disk CHECK (digest IN ('', '{known}'))"
    connection.execute(full_disk.encode())
    with suppress(psycopg.errors.CheckViolation):
        deploy(connection, ON_SCHEDULER, new)
    connection.execute("ALTER TABLE lamplighter.trigger DROP CONSTRAINT full_disk")
    assert in_aws(ON_SCHEDULER) != before
    assert actions(deploy(connection, ON_SCHEDULER, old)) == {"cleanup": "update"}
    assert in_aws(ON_SCHEDULER) == before


@pytest.mark.parametrize("settings", BOTH)
def test_a_finished_reconcile_leaves_nothing_in_doubt_and_one_without_change_writes_no_row(
    connection: Connection, calls: Calls, settings: Settings
) -> None:
    deploy(connection, settings, job("a"), job("b"))
    deploy(connection, settings, job("a", "0 3 * * *"), job("b"))
    assert all(trigger.digest for trigger in triggers.all_triggers(connection).values())
    versions = "SELECT job_id, xmin::text, ctid::text FROM lamplighter.trigger ORDER BY job_id"
    before = connection.execute(versions.encode()).fetchall()
    deploy(connection, settings, job("a", "0 3 * * *"), job("b"))
    assert connection.execute(versions.encode()).fetchall() == before


@pytest.mark.parametrize("settings", BOTH)
def test_a_pause_puts_nothing_in_doubt(connection: Connection, calls: Calls, settings: Settings) -> None:
    deploy(connection, settings, job())
    intents.pause(connection, "cleanup", ANN)
    assert fails(calls, Calls.lose_answer_of_write, 0, lambda: reconcile(connection, settings))
    assert triggers.all_triggers(connection)["cleanup"].digest
    reconcile(connection, settings)
    assert [*states(settings).values()] == ["DISABLED"]
