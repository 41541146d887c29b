"""A second delivery of an occurrence that has run: its claim, against two raw single-row commits."""

from __future__ import annotations

from tests.benchmarks.database import FIRST, database, deliver, record, two_raw_commits
from tests.benchmarks.ratio import Case, Comparison
from tests.benchmarks.ratio import measure as measure_ratios

TARGET = 0.35

_CALLS = 20


def measure(rounds: int) -> Comparison:
    """Ours against the floor."""
    with database() as connection:
        record(connection, FIRST, [])
        floor = two_raw_commits(connection)
        case = Case(name="duplicate", ours=lambda: deliver(connection, FIRST), floor=floor, calls=_CALLS)
        ratios = measure_ratios([case], rounds=rounds)
    return Comparison(
        benchmark="duplicate",
        ours="claim of an occurrence that has run",
        floor="two raw single-row commits",
        target=TARGET,
        rounds=rounds,
        ratios=ratios,
    )
