"""Next occurrence: parsing an expression and finding the next instant, against croniter doing the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from croniter import croniter

from functions.scheduling.cron import Schedule
from tests.benchmarks.ratio import Case, Comparison
from tests.benchmarks.ratio import measure as measure_ratios

# Plain ones: what people write, and what croniter reads as AWS does.
EXPRESSIONS = (
    *("* * * * *", "*/5 * * * *", "*/15 9-17 * * MON-FRI", "0 * * * *", "30 4 * * *", "0 3,15 * * *"),
    *("15 10 * * 1-5", "0 0 * * 0", "0 22 * * 1-5", "0 0 1 * *", "5 4 15 * *", "0 9 1,15 * *"),
    *("0 0 1 1 *", "0 0 1 JAN,JUL *", "0 12 29 2 *", "23 0-20/2 * * *"),
)
NOW = datetime(2026, 11, 23, 10, 7, 30, tzinfo=UTC)
TARGET = 1.0

_CALLS = 10


def measure(rounds: int) -> Comparison:
    """Ours against croniter on every expression."""
    cases = [Case(name=text, ours=ours(text), floor=peer(text), calls=_CALLS) for text in EXPRESSIONS]
    return Comparison(
        benchmark="occurrences",
        ours="Schedule.parse(e).next_after(now)",
        floor="croniter(e, now).get_next(datetime)",
        target=TARGET,
        rounds=rounds,
        ratios=measure_ratios(cases, rounds=rounds),
    )


def ours(text: str) -> Callable[[], datetime | None]:
    """What we do for one expression."""
    return lambda: Schedule.parse(text).next_after(NOW)


def peer(text: str) -> Callable[[], object]:
    """What croniter does for the same one."""
    return lambda: croniter(text, NOW).get_next(datetime)  # type: ignore[no-untyped-call]
