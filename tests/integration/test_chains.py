"""Chains: an execution runs once, after the one it waits for has ended as it is to; whoever dies in between."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from functions.db import stats
from functions.db.audit import Author
from functions.db.cancellations import request_cancel
from functions.db.chains import release_ended
from functions.db.connection import Connection, connect
from functions.db.dispatches import take
from functions.db.one_time import Enqueued, enqueue
from tests.integration.seeds import deployed
from tests.integration.test_one_time import delivered, finished, ids, now, status_of

ANN = Author(actor="ann")


def chained(connection: Connection, on: str = "succeeded", **options: Any) -> tuple[Enqueued, Enqueued]:
    deployed(connection, "parent", "child")
    parent = enqueue(connection, job_id="parent")
    return parent, enqueue(connection, job_id="child", after=parent.execution_id, on=on, **options)


@pytest.mark.parametrize("on", ["succeeded", "failed", "finished"])
@pytest.mark.parametrize("end", ["succeeded", "failed", "lost", "skipped", "cancelled"])
def test_a_child_runs_when_its_parent_ends_so_and_is_skipped_when_it_ends_otherwise(
    connection: Connection, on: str, end: str
) -> None:
    parent, child = chained(connection, on)
    assert (child.status, child.due_at) == ("scheduled", None)
    assert delivered(connection, child).decision == "duplicate", "not before its parent has ended"
    runs = on in (end, "finished") or (on, end) == ("failed", "lost")
    assert finished(connection, parent, end) == ([child.execution_id] if runs else [])
    release_ended(connection, limit=9)
    assert status_of(connection, child) == ("queued" if runs else "skipped")
    assert delivered(connection, child).decision == ("run" if runs else "duplicate")
    assert connection.execute("SELECT count(*) FROM lamplighter.chain").fetchone() == (0,)


def test_why_a_child_was_skipped_is_said_and_counted(connection: Connection) -> None:
    parent, child = chained(connection)
    finished(connection, parent, "failed")
    assert release_ended(connection, limit=9) == (0, 1)
    reason = connection.execute("SELECT reason FROM lamplighter.execution WHERE id = %s", (child.execution_id,))
    assert reason.fetchone() == ("the execution it waited for ended as failed",)
    assert stats.since(connection, now())["child"].skipped == 1


def test_a_chain_of_chains_ends_with_its_first_link_that_did_not_run(connection: Connection) -> None:
    parent, child = chained(connection)
    grandchild = enqueue(connection, job_id="child", after=child.execution_id)
    finished(connection, parent, "failed")
    release_ended(connection, limit=9)
    release_ended(connection, limit=9)
    assert status_of(connection, grandchild) == "skipped"


def test_a_child_of_what_has_already_ended_runs_at_once_or_is_skipped(connection: Connection) -> None:
    deployed(connection, "a")
    parent = enqueue(connection, job_id="a")
    finished(connection, parent)
    assert enqueue(connection, job_id="a", after=parent.execution_id).status == "queued"
    other = enqueue(connection, job_id="a", after=parent.execution_id, on="failed")
    release_ended(connection, limit=9)
    assert status_of(connection, other) == "skipped"


def test_a_child_whose_transaction_commits_after_its_parent_has_ended_is_found_by_the_sweep(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a")
    parent = enqueue(connection, job_id="a")
    with connect(database_url) as writing, writing.transaction():
        child = enqueue(writing, job_id="a", after=parent.execution_id)
        assert finished(connection, parent) == []
    assert release_ended(connection, limit=9) == (1, 0)
    assert ids(take(connection, limit=9)) == [child.execution_id]


def test_a_parent_that_ends_without_a_finish_releases_its_children_through_the_sweep(connection: Connection) -> None:
    parent, child = chained(connection, "finished")
    request_cancel(connection, parent.execution_id, ANN)
    assert release_ended(connection, limit=9) == (1, 0)
    assert delivered(connection, child).decision == "run"


def test_a_cancelled_child_does_not_run_when_its_parent_ends(connection: Connection) -> None:
    parent, child = chained(connection)
    request_cancel(connection, child.execution_id, ANN)
    assert finished(connection, parent) == []
    assert status_of(connection, child) == "cancelled"
    assert release_ended(connection, limit=9) == (0, 0)


def test_several_sweeps_and_the_finish_release_a_child_once(connection: Connection, database_url: str) -> None:
    deployed(connection, "parent", "child")
    children: list[uuid.UUID] = []
    parents = [enqueue(connection, job_id="parent") for _ in range(20)]
    for parent in parents:
        children.append(enqueue(connection, job_id="child", after=parent.execution_id).execution_id)

    def sweep(_: int) -> list[uuid.UUID]:
        with connect(database_url) as opened:
            taken: list[uuid.UUID] = []
            for _round in range(10):
                release_ended(opened, limit=100)
                taken += ids([found for found in take(opened, limit=100) if found.job_id == "child"])
            return taken

    with ThreadPoolExecutor(3) as pool:
        sweeps = [pool.submit(sweep, number) for number in range(3)]
        for parent in parents:
            finished(connection, parent)
        taken = [found for each in sweeps for found in each.result()]
    release_ended(connection, limit=100)
    taken += ids([found for found in take(connection, limit=100) if found.job_id == "child"])
    assert sorted(taken) == sorted(children)
