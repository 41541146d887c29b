"""`scripts/bench`: what it measures is the same work on both sides, and it says what it measured."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.benchmarks import occurrences
from tests.benchmarks.command import BENCHMARKS, main
from tests.benchmarks.ratio import Case, measure, ratio_of


@pytest.mark.parametrize("expression", occurrences.EXPRESSIONS)
def test_both_sides_find_the_same_next_occurrence(expression: str) -> None:
    assert occurrences.ours(expression)() == occurrences.peer(expression)() is not None


def test_at_least_twelve_different_expressions_are_measured() -> None:
    assert len(set(occurrences.EXPRESSIONS)) >= 12


def test_ratios_are_of_ours_to_the_floor_round_by_round() -> None:
    called: list[str] = []

    def work(name: str, size: int) -> Callable[[], object]:
        def call() -> object:
            called.append(name)
            return sum(range(size))

        return call

    case = Case(name="sum", ours=work("ours", 100_000), floor=work("floor", 1_000), calls=2)
    (ratio,) = measure([case], rounds=3)
    assert called == [*("ours", "floor")] + ["ours"] * 2 + ["floor"] * 4 + ["ours"] * 4 + ["floor"] * 2
    assert ratio.median > 5
    assert ratio.low <= ratio.median <= ratio.high
    assert ratio.ours_us > ratio.floor_us > 0


def test_the_spread_stays_inside_what_was_measured_however_few_rounds() -> None:
    ratio = ratio_of("two rounds", [(3e-6, 1e-6), (1e-6, 1e-6)])
    assert (ratio.ours_us, ratio.floor_us, ratio.median) == pytest.approx((2.0, 1.0, 2.0))
    assert 1.0 <= ratio.low < ratio.median < ratio.high <= 3.0
    assert ratio_of("one round", [(1e-6, 1e-6)]).high == 1.0


def test_the_command_prints_every_ratio_and_the_target_and_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["occurrences", "--rounds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.strip().split("  ")[0] for line in lines[2:-1]] == list(occurrences.EXPRESSIONS)
    assert lines[-1].endswith("target at most 1.00")


def test_json_holds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["occurrences", "--rounds", "1", "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert [ratio["name"] for ratio in measured["ratios"]] == list(occurrences.EXPRESSIONS)
    assert (measured["target"], measured["rounds"]) == (occurrences.TARGET, 1)
    assert measured["ratio"]["worst"] == max(ratio["median"] for ratio in measured["ratios"])


def test_help_names_every_benchmark(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in BENCHMARKS)
