"""A running execution is asked to stop: once, by somebody, and only while it runs."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from functions.db.audit import Author
from functions.db.cancellations import request_cancel
from functions.db.connection import Connection, connect
from functions.db.outcomes import Outcome, finish
from functions.errors import ExecutionNotFound
from tests.integration.seeds import MINUTE, claimed, deployed

ANN, BOB = Author(actor="ann", reason="wrong data"), Author(actor="bob")


def audited(connection: Connection) -> list[tuple[object, ...]]:
    return connection.execute("SELECT actor, action, job_id, after, reason FROM lamplighter.audit").fetchall()


def requested_by(connection: Connection) -> tuple[object, ...] | None:
    return connection.execute("SELECT cancel_requested_by FROM lamplighter.execution").fetchone()


def test_a_wish_is_on_the_row_and_in_the_audit(connection: Connection) -> None:
    deployed(connection, "a")
    execution_id = claimed(connection).execution_id
    assert execution_id
    assert request_cancel(connection, execution_id, ANN)
    assert requested_by(connection) == ("ann",)
    assert audited(connection) == [("ann", "executions.cancel", "a", {"execution_id": str(execution_id)}, "wrong data")]


def test_asking_at_once_and_again_leaves_one_author_and_one_audit_row(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a")
    execution_id = claimed(connection).execution_id
    assert execution_id

    def ask(author: Author) -> bool:
        with connect(database_url) as own:
            return request_cancel(own, execution_id, author)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, [ANN, BOB] * 4))
    ((actor, *_),) = audited(connection)
    assert requested_by(connection) == (actor,)


def test_what_has_ended_or_was_lost_cannot_be_cancelled(connection: Connection) -> None:
    deployed(connection, "a", "b")
    ended, lost = claimed(connection), claimed(connection, "b", lease=timedelta())
    assert ended.execution_id
    assert lost.execution_id
    finish(
        connection,
        Outcome(status="succeeded"),
        execution_id=ended.execution_id,
        scheduled_at=MINUTE,
        token=ended.token,
    )
    assert not request_cancel(connection, ended.execution_id, ANN)
    assert not request_cancel(connection, lost.execution_id, ANN)
    assert audited(connection) == []


def test_an_unknown_execution_is_an_error(connection: Connection) -> None:
    with pytest.raises(ExecutionNotFound):
        request_cancel(connection, uuid.uuid4(), ANN)
