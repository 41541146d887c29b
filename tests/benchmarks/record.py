"""Recording an execution: its claim and its finish with 0 to 1,000 log lines, against two raw single-row commits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from functions.db.connection import Connection
from functions.logs import LogLine
from tests.benchmarks.database import database, occurrences, two_raw_commits
from tests.benchmarks.database import record as record_one
from tests.benchmarks.ratio import Case, Comparison
from tests.benchmarks.ratio import measure as measure_ratios

LINES = (0, 10, 100, 1_000)
# Of an execution without lines, with the job's summary and the hourly counts (measured before this was built).
TARGET = 1.2

_CALLS = {0: 8, 10: 8, 100: 4, 1_000: 1}
_AT = datetime(2026, 11, 1, tzinfo=UTC)


def measure(rounds: int) -> Comparison:
    """Ours against the floor for each number of lines."""
    with database() as connection:
        record = recorder(connection)
        floor = two_raw_commits(connection)
        cases = [Case(name=f"{n} lines", ours=record(n), floor=floor, calls=_CALLS[n]) for n in LINES]
        ratios = measure_ratios(cases, rounds=rounds)
    return Comparison(
        benchmark="record",
        ours="claim and finish",
        floor="two raw single-row commits",
        target=TARGET,
        rounds=rounds,
        ratios=ratios,
    )


def recorder(connection: Connection) -> Callable[[int], Callable[[], object]]:
    """Makes, for a number of lines, the call that records one more execution with that many."""
    minutes = occurrences()

    def of(number: int) -> Callable[[], object]:
        lines = [
            LogLine(logged_at=_AT, level="INFO", message=f"deleted row {n} of the table", fields={"row": n})
            for n in range(number)
        ]
        return lambda: record_one(connection, next(minutes), lines)

    return of
