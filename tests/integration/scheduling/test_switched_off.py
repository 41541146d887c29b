"""JOBS_ENABLED=false takes every trigger away and nothing else; true brings each back in the state it had."""

from __future__ import annotations

import pytest

from functions.db import intents, jobs
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.scheduling.reconcile import reconcile
from functions.settings import Settings
from tests.integration.scheduling.conftest import BOTH, Calls, actions, deploy, in_aws, job, states

ANN = Author(actor="ann")


@pytest.mark.parametrize("settings", BOTH)
def test_switched_off_every_trigger_goes_and_switched_on_each_is_back_as_it_was(
    calls: Calls, connection: Connection, settings: Settings
) -> None:
    deploy(connection, settings, job("cleanup"), job("paused"), job("by-hand", None))
    intents.pause(connection, "paused", ANN)
    reconcile(connection, settings)
    before = (states(settings), states(settings, "paused"))
    report = reconcile(connection, settings._replace(jobs_enabled=False))
    assert actions(report) == {"cleanup": "remove", "paused": "remove", "by-hand": "leave"}
    assert {step.reason for step in report.done if step.action == "remove"} == {"disabled: JOBS_ENABLED is false"}
    assert in_aws(settings) == {"rule": {}, "schedule": {}}
    assert jobs.get(connection, "cleanup").next_execution_at is None
    assert jobs.get(connection, "paused").paused_by == "ann"
    reconcile(connection, settings)
    assert (states(settings), states(settings, "paused")) == before
    assert jobs.get(connection, "cleanup").next_execution_at is not None


def test_switched_off_a_second_reconcile_writes_nothing(calls: Calls, connection: Connection) -> None:
    (rules, _) = BOTH
    settings = rules.values[0]
    assert isinstance(settings, Settings)
    off = settings._replace(jobs_enabled=False)
    deploy(connection, off, job("cleanup"))
    calls.forget()
    reconcile(connection, off)
    assert calls.writes == []
