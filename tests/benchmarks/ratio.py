"""How ours compares with a floor: both measured in turns in one run, so that a noisy machine disturbs both alike."""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Case:
    """One thing both sides do; `calls` of it make one timing."""

    name: str
    ours: Callable[[], object]
    floor: Callable[[], object]
    calls: int


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One case over all rounds: median microseconds a call, and ours divided by the floor round by round.

    `low` and `high` are the first and last decile of the rounds' ratios: what the machine's noise does to them.
    """

    name: str
    ours_us: float
    floor_us: float
    median: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A benchmark's answer: the ratio of every case beside the ratio it should stay at or under."""

    benchmark: str
    ours: str
    floor: str
    target: float
    rounds: int
    ratios: tuple[Ratio, ...]

    @property
    def median(self) -> float:
        """The median of the cases' medians."""
        return statistics.median(ratio.median for ratio in self.ratios)

    @property
    def best(self) -> Ratio:
        """The case with the lowest median."""
        return min(self.ratios, key=lambda ratio: ratio.median)

    @property
    def worst(self) -> Ratio:
        """The case with the highest median."""
        return max(self.ratios, key=lambda ratio: ratio.median)

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON values; ratios are plain factors, times microseconds a call."""
        summary = {"median": self.median, "best": self.best.median, "worst": self.worst.median}
        return {**asdict(self), "ratio": {**summary, "worst_case": self.worst.name}}


def measure(cases: Sequence[Case], *, rounds: int) -> tuple[Ratio, ...]:
    """The ratio of each case; every round times every case, ours and the floor one right after the other."""
    for case in cases:  # what is paid once, such as imports and caches, is no part of a call
        case.ours()
        case.floor()
    timings: list[list[tuple[float, float]]] = [[] for _ in cases]
    for number in range(rounds):
        for case, timed in zip(cases, timings, strict=True):
            timed.append(_time(case, ours_first=number % 2 == 0))
    return tuple(ratio_of(case.name, timed) for case, timed in zip(cases, timings, strict=True))


def _time(case: Case, *, ours_first: bool) -> tuple[float, float]:
    """Seconds a call, ours and the floor; whoever goes first may pay for what the last one left behind."""
    order = (case.ours, case.floor) if ours_first else (case.floor, case.ours)
    first, second = (timeit.timeit(call, number=case.calls) / case.calls for call in order)
    return (first, second) if ours_first else (second, first)


def ratio_of(name: str, timed: Sequence[tuple[float, float]]) -> Ratio:
    """The ratio of one case from the seconds a call of each round, ours and the floor."""
    ratios = sorted(ours / floor for ours, floor in timed)
    deciles = statistics.quantiles(ratios, n=10, method="inclusive") if len(ratios) > 1 else [*ratios, *ratios]
    return Ratio(
        name=name,
        ours_us=statistics.median(ours for ours, _ in timed) * 1e6,
        floor_us=statistics.median(floor for _, floor in timed) * 1e6,
        median=statistics.median(ratios),
        low=deciles[0],
        high=deciles[-1],
    )
