"""The same schema and statements on the older PostgreSQL versions we promise, each on a server of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from functions.db import intents, jobs, stats
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.db.executions import history, queue_manual
from functions.db.migrate import migrate
from functions.db.outcomes import Outcome, finish
from functions.db.partitions import months
from functions.jobs.expired_refresh_token_cleanup import expired_refresh_token_cleanup
from functions.jobs.prepare_partitions import prepare_partitions
from functions.jobs.retention import retention
from functions.logs import LogLine
from infra.local.postgres import Postgres, PostgresUnavailable
from tests.conftest import UNSAFE_AND_QUICK
from tests.integration.job_runs import run_job
from tests.integration.seeds import MINUTE, claimed, deployed

ANN = Author(actor="ann")
EVER = datetime(2000, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="module", params=[15, 16])
def older_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of that version: 16 is in the embedded wheel, 15 only where the system has it."""
    postgres = Postgres(tmp_path_factory.mktemp("older"), settings=UNSAFE_AND_QUICK, major=request.param)
    try:
        url = postgres.start()
    except PostgresUnavailable as error:
        if request.param == 16:
            raise
        pytest.skip(str(error))
    assert postgres.version.split(".")[0] == str(request.param)
    yield url
    postgres.discard()


@pytest.fixture(scope="module")
def older(older_url: str) -> Iterator[Connection]:
    assert migrate(older_url, now=NOW)
    assert migrate(older_url, now=NOW) == []
    with connect(older_url) as opened:
        yield opened


def test_an_execution_is_claimed_finished_counted_and_read(older: Connection) -> None:
    deployed(older, "a")
    claim = claimed(older)
    assert claim.execution_id is not None
    assert claimed(older).decision == "duplicate"
    line = LogLine(logged_at=NOW, level="INFO", message="a line", fields={"n": 1})
    outcome = Outcome(status="succeeded", result={"n": 1})
    assert finish(older, outcome, execution_id=claim.execution_id, scheduled_at=MINUTE, token=claim.token, lines=[line])
    assert [row.status for row in history(older, "a", limit=9)] == ["succeeded"]
    assert stats.since(older, EVER)["a"].succeeded == 1
    assert jobs.get(older, "a").last_status == "succeeded"


def test_people_pause_trigger_resume_remove_and_restore(older: Connection) -> None:
    deployed(older, "b")
    intents.pause(older, "b", ANN)
    queued = queue_manual(older, "b", ANN)
    manual = claimed(older, "b", at=queued.scheduled_at, cause="manual", execution_id=queued.id)
    assert (manual.decision, claimed(older, "b").reason) == ("run", "paused")
    intents.resume(older, "b", ANN)
    intents.remove(older, "b", ANN)
    assert intents.restore(older, ANN) == ["b"]


def test_the_housekeeping_jobs_do_their_work(older: Connection, older_url: str) -> None:
    deployed(older, "c")
    intents.pause(older, "c", ANN)
    claimed(older, "c", at=NOW - timedelta(days=300))
    older.execute("UPDATE lamplighter.execution SET finished_at = scheduled_at WHERE job_id = 'c'")
    run_job(prepare_partitions, older_url, now=NOW)
    assert run_job(retention, older_url, now=NOW)["dropped"] == ["2026-01"]
    assert [month.name for month in months(older)] == ["2026-11", "2026-12", "2027-01", "2027-02"]
    assert run_job(expired_refresh_token_cleanup, older_url, now=NOW) == {"deleted": 0}
