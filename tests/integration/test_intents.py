"""Pause, resume, remove, restore: what people want of a job, each with its audit row."""

from __future__ import annotations

import pytest

from functions.db import intents, jobs
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.definition import JobDefinition
from functions.errors import JobNotFound
from tests.integration.seeds import claimed, deployed

ANN = Author(actor="ann", request_id="r-1", reason="noisy")
BEN = Author(actor="ben")


def audited(connection: Connection) -> list[tuple[str, str, str | None, str | None]]:
    query = "SELECT actor, action, job_id, reason FROM lamplighter.audit ORDER BY id"
    return [(actor, action, job_id, reason) for actor, action, job_id, reason in connection.execute(query).fetchall()]


def test_pausing_says_who_when_and_why(connection: Connection) -> None:
    deployed(connection, "a")
    paused = intents.pause(connection, "a", ANN)
    assert (paused.is_paused, paused.paused_by, paused.pause_reason) == (True, "ann", "noisy")
    assert audited(connection) == [("ann", "jobs.pause", "a", "noisy")]


def test_pausing_a_paused_job_keeps_who_paused_it_first(connection: Connection) -> None:
    deployed(connection, "a")
    first = intents.pause(connection, "a", ANN)
    second = intents.pause(connection, "a", BEN)
    assert (second.paused_by, second.paused_at) == ("ann", first.paused_at)


def test_resuming_is_idempotent(connection: Connection) -> None:
    deployed(connection, "a")
    intents.pause(connection, "a", ANN)
    assert not intents.resume(connection, "a", ANN).is_paused
    assert not intents.resume(connection, "a", ANN).is_paused


def test_a_deploy_neither_resumes_a_paused_job_nor_resurrects_a_removed_one(connection: Connection) -> None:
    deployed(connection, "a", "b")
    intents.pause(connection, "a", ANN)
    intents.remove(connection, "b", ANN)
    deployed(connection, "a", "b", schedule="*/5 * * * *")
    assert jobs.get(connection, "a").is_paused
    assert jobs.get(connection, "b").is_removed


def test_removing_drops_the_pause_keeps_the_history_and_is_refused_the_second_time(connection: Connection) -> None:
    deployed(connection, "a")
    claimed(connection)
    intents.pause(connection, "a", ANN)
    removed = intents.remove(connection, "a", ANN)
    assert (removed.is_removed, removed.is_paused) == (True, False)
    with pytest.raises(JobNotFound, match="restore brings it back"):
        intents.remove(connection, "a", ANN)
    assert connection.execute("SELECT count(*) FROM lamplighter.execution").fetchone() == (1,)


def test_restoring_brings_removed_jobs_back_running_and_leaves_paused_ones_paused(connection: Connection) -> None:
    deployed(connection, "a", "b", "c")
    intents.pause(connection, "a", ANN)
    intents.remove(connection, "b", ANN)
    assert intents.restore(connection, ANN) == ["b"]
    states = {job.id: (job.is_removed, job.is_paused) for job in jobs.all_jobs(connection)}
    assert states == {"a": (False, True), "b": (False, False), "c": (False, False)}


def test_restoring_does_not_bring_back_what_is_no_longer_in_code(connection: Connection) -> None:
    deployed(connection, "a", "b")
    intents.remove(connection, "b", ANN)
    deployed(connection, "a")
    assert intents.restore(connection, ANN) == []


def test_an_unknown_job_is_not_found_and_leaves_no_audit_row(connection: Connection) -> None:
    for change in (intents.pause, intents.resume, intents.remove):
        with pytest.raises(JobNotFound, match="no job has the id 'nope'"):
            change(connection, "nope", ANN)
    assert audited(connection) == []


def test_a_definition_survives_its_way_through_the_database(connection: Connection) -> None:
    definition = JobDefinition(id="a", schedule="*/5 * * * *", timezone="Europe/Prague", description="d")
    jobs.store_definitions(connection, [definition])
    assert JobDefinition.from_json(jobs.get(connection, "a").definition) == definition
