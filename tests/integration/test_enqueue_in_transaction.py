"""enqueue in the caller's transaction: sent once that has committed, by a thread of the caller's process, or never."""

from __future__ import annotations

import os
import traceback
import uuid
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from functions import pending
from functions.database import process_database
from functions.db.connection import Connection
from functions.db.partitions import months
from functions.job import JobContext, enqueue, job
from tests.integration.accepting_lambda import Lambda
from tests.integration.seeds import deployed
from tests.integration.waiting import until


@job(id="plain")
def plain(ctx: JobContext) -> None:
    """Never run here."""


class LookedAt(psycopg.Connection[Any]):
    """A caller's connection that counts how often somebody has looked at its state."""

    looks = 0

    @property
    def info(self) -> psycopg.ConnectionInfo:
        self.looks += 1
        return super().info


@pytest.fixture
def aws(aws: Lambda, connection: Connection) -> Lambda:
    deployed(connection, "plain", schedule=None)
    return aws


def written(connection: Connection) -> list[uuid.UUID]:
    return [execution_id for (execution_id,) in connection.execute("SELECT id FROM lamplighter.execution")]


def test_in_the_callers_transaction_nothing_is_sent_before_it_commits_and_all_at_once_after(
    aws: Lambda, database_url: str
) -> None:
    with LookedAt.connect(database_url, autocommit=True) as connection, connection.transaction():
        ids = {str(enqueue(plain, connection=connection)) for _ in range(5)}
        seen = connection.looks
        until(lambda: connection.looks > seen + 3 * len(ids), "several looks at each")
        assert aws.events == []
    until(lambda: len(aws.events) == 5, "the events")
    assert {event["execution_id"] for event in aws.events} == ids
    until(lambda: pending.pending()._thread is None, "the thread to end")


def test_after_a_rollback_nothing_is_sent_also_of_a_savepoint_alone(aws: Lambda, connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        enqueue(plain, connection=connection)
    with connection.transaction():
        kept = enqueue(plain, connection=connection)
        with connection.transaction(force_rollback=True):
            enqueue(plain, connection=connection)
    until(lambda: pending.pending()._thread is None, "the thread to end")
    assert [event["execution_id"] for event in aws.events] == [str(kept)]
    assert written(connection) == [kept]


def test_a_connection_that_opens_transactions_by_itself_is_waited_for_too(
    aws: Lambda, connection: Connection, database_url: str
) -> None:
    with psycopg.connect(database_url, row_factory=psycopg.rows.dict_row) as writing:
        enqueue(plain, connection=writing)
        assert written(connection) == []
        writing.commit()
        until(lambda: aws.events, "the event of the first")
        enqueue(plain, connection=writing)
        writing.commit()
        writing.execute("SELECT 1")  # in its next transaction at once: its state no longer says that the last has ended
        until(lambda: len(aws.events) == 2, "the event of the second")


def test_whoever_is_about_to_be_frozen_or_to_exit_sends_what_has_been_committed(
    aws: Lambda, connection: Connection
) -> None:
    with connection.transaction():
        enqueue(plain, connection=connection)
    pending.pending().settle()
    until(lambda: len(aws.events) == 1, "the event")


def test_a_child_of_fork_has_a_connection_and_a_thread_of_its_own(aws: Lambda, connection: Connection) -> None:
    enqueue(plain)
    parents = process_database().get().info.backend_pid
    child = os.fork()
    if child == 0:
        try:
            with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as own, own.transaction():
                enqueue(plain, connection=own)
            pending.pending().settle()
            enqueue(plain)
            assert process_database().get().info.backend_pid != parents
            os._exit(0)
        except BaseException:  # noqa: BLE001 - pytest must not go on in the child
            traceback.print_exc()
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    enqueue(plain)
    assert len(aws.events) == 4


def test_a_month_that_nobody_prepared_does_not_cost_the_callers_transaction(
    aws: Lambda, connection: Connection
) -> None:
    (month,) = [month for month in months(connection) if month.starts_at <= datetime.now(UTC) < month.ends_at]
    for table in month.tables:
        connection.execute(f"DROP TABLE lamplighter.{table}".encode())
    with connection.transaction():
        connection.execute("CREATE TABLE orders (id integer)")
        execution_id = enqueue(plain, connection=connection)
    assert written(connection) == [execution_id]
    assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)
