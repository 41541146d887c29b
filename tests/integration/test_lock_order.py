"""Statements about one job take its row's lock first, so that whichever meet, one waits and none deadlocks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from functions.db.claims import Claim
from functions.db.connection import Connection, connect
from functions.db.outcomes import Outcome, finish
from tests.integration.seeds import MINUTE, claimed, deployed
from tests.integration.waiting import until_waiting


def test_a_second_delivery_is_told_so_at_once_while_others_wait_for_the_jobs_row(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a")
    first = claimed(connection)
    with connect(database_url) as holding, connect(database_url) as finishing, ThreadPoolExecutor(1) as pool:
        with holding.transaction():
            holding.execute("SELECT FROM lamplighter.job FOR NO KEY UPDATE")
            recorded = pool.submit(_finish, finishing, first, "succeeded")
            until_waiting(connection, finishing)
            assert claimed(connection).decision == "duplicate"
        assert recorded.result() is True
        assert claimed(connection).decision == "duplicate"


def test_a_take_over_that_meets_a_late_finish_of_the_first_wins_or_is_a_duplicate_and_both_end_well(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a")
    first = claimed(connection, lease=timedelta())
    with (
        connect(database_url) as holding,
        connect(database_url) as delivering,
        connect(database_url) as finishing,
        ThreadPoolExecutor(2) as pool,
    ):
        # The delivery is first in the queue for the job's row, the finish second: let go, each has what it can get.
        with holding.transaction():
            holding.execute("SELECT FROM lamplighter.job FOR NO KEY UPDATE")
            second = pool.submit(claimed, delivering)
            until_waiting(connection, delivering)
            recorded = pool.submit(_finish, finishing, first, "succeeded")
            until_waiting(connection, finishing)
        assert (second.result().decision == "run") is not recorded.result()


def test_a_finish_that_waits_for_a_take_over_to_commit_sees_it_and_writes_nothing(
    connection: Connection, database_url: str
) -> None:
    deployed(connection, "a")
    first = claimed(connection, lease=timedelta())
    with connect(database_url) as taking, connect(database_url) as finishing, ThreadPoolExecutor(1) as pool:
        with taking.transaction():
            assert claimed(taking).attempt == 2
            recorded = pool.submit(_finish, finishing, first, "failed")
            until_waiting(connection, finishing)
        assert recorded.result() is False
    assert connection.execute("SELECT status, attempt FROM lamplighter.execution").fetchall() == [("running", 2)]


def _finish(connection: Connection, claim: Claim, status: str) -> bool:
    assert claim.execution_id is not None
    return (
        finish(
            connection, Outcome(status=status), execution_id=claim.execution_id, scheduled_at=MINUTE, token=claim.token
        )
        is not None
    )
