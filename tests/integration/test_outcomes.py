"""The finish: outcome, lines and summary together, once, whatever a job leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.db import jobs
from functions.db.claims import Claim
from functions.db.connection import Connection
from functions.db.executions import history
from functions.db.outcomes import Outcome, finish
from functions.logs import LogLine
from tests.integration.seeds import MINUTE, claimed, deployed

NOW = datetime(2026, 11, 23, 12, 0, 1, tzinfo=UTC)


def ended(connection: Connection, claim: Claim, outcome: Outcome, *lines: LogLine, at: datetime = MINUTE) -> bool:
    assert claim.execution_id is not None
    return (
        finish(connection, outcome, execution_id=claim.execution_id, scheduled_at=at, token=claim.token, lines=lines)
        is not None
    )


def test_the_outcome_its_lines_and_the_summary_are_there_together(connection: Connection) -> None:
    deployed(connection, "a")
    claim = claimed(connection)
    line = LogLine(logged_at=NOW, level="INFO", message="deleted 3", fields={"deleted": 3})
    assert ended(connection, claim, Outcome(status="succeeded", result={"deleted": 3}), line)
    assert connection.execute("SELECT line, level, message, fields FROM lamplighter.job_log").fetchall() == [
        (1, "INFO", "deleted 3", {"deleted": 3})
    ]
    job = jobs.get(connection, "a")
    assert (job.last_status, job.last_execution_id, job.running_execution_id) == (
        "succeeded", claim.execution_id, None,
    )  # fmt: skip
    assert job.last_duration_ms is not None


def test_a_failure_keeps_type_message_and_stack(connection: Connection) -> None:
    deployed(connection, "a")
    failure = Outcome(status="failed", error_type="ValueError", error_message="no", error_stack="Traceback …")
    ended(connection, claimed(connection), failure)
    (row,) = history(connection, "a", limit=9)
    assert (row.status, row.error_type, row.error_message, row.error_stack) == (
        "failed", "ValueError", "no", "Traceback …",
    )  # fmt: skip


def test_finishing_again_with_the_same_claim_changes_nothing_and_says_so(connection: Connection) -> None:
    deployed(connection, "a")
    claim = claimed(connection)
    assert ended(connection, claim, Outcome(status="succeeded"))
    assert ended(connection, claim, Outcome(status="failed", error_type="X"))
    assert [row.status for row in history(connection, "a", limit=9)] == ["succeeded"]


def test_a_finish_finds_its_row_by_its_key_and_never_looks_through_all_that_run(connection: Connection) -> None:
    deployed(connection, "a", "b", "c")
    for claim in [claimed(connection, job_id) for job_id in ("a", "b", "c")]:
        assert ended(connection, claim, Outcome(status="succeeded"))
    connection.execute("SELECT pg_stat_force_next_flush()")
    scans = "SELECT sum(idx_scan) FROM pg_stat_user_indexes WHERE indexrelname ~ '^execution_.*lease_expires_at_idx$'"
    assert connection.execute(scans).fetchone() == (0,)


def test_a_late_finisher_does_not_overwrite_the_summary_of_a_newer_execution(connection: Connection) -> None:
    deployed(connection, "a", overlap="allow")
    old = claimed(connection, overlap="allow")
    later = MINUTE + timedelta(minutes=1)
    new = claimed(connection, at=later, overlap="allow")
    ended(connection, new, Outcome(status="succeeded"), at=later)
    ended(connection, old, Outcome(status="failed"))
    job = jobs.get(connection, "a")
    assert (job.last_status, job.last_execution_id) == ("succeeded", new.execution_id)


@pytest.mark.parametrize("lines", [1, 200], ids=["in the statement", "by COPY"])
def test_what_neither_json_nor_postgresql_can_hold_does_not_cost_the_outcome(
    connection: Connection, lines: int
) -> None:
    deployed(connection, "a")
    circular: dict[str, Any] = {"nul": "a\x00b", "half": "\ud800", "nan": float("nan"), "set": {1}}
    circular["self"] = circular
    line = LogLine(logged_at=NOW, level="L\x00", message="nul \x00 and half \ud800", fields=circular)
    odd = Outcome(status="failed", result=circular, error_type="E", error_message="\x00", error_stack="\ud800")
    assert ended(connection, claimed(connection), odd, *[line] * lines)
    kept = connection.execute("SELECT DISTINCT level, message, fields ->> 'nul' FROM lamplighter.job_log").fetchall()
    assert kept == [("L\ufffd", "nul \ufffd and half ?", "a\ufffdb")]


def test_an_execution_whose_lease_has_run_out_is_shown_as_lost(connection: Connection) -> None:
    deployed(connection, "a")
    claimed(connection, lease=timedelta())
    assert [row.status for row in history(connection, "a", limit=9)] == ["lost"]
    assert jobs.get(connection, "a").last_status == "lost"
