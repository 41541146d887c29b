"""`scripts/bench`: run one benchmark and print its ratios. It measures and does not judge: the exit code is 0."""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import signal
import sys
from collections.abc import Sequence

from tests.benchmarks.ratio import Comparison, Ratio

# Each is a module beside this one; imported only when asked for.
BENCHMARKS = {
    "occurrences": "parse a schedule and find its next occurrence, against croniter",
    "record": "claim and finish an execution with its log lines, against two raw commits",
    "duplicate": "refuse the second delivery of an occurrence, against two raw commits",
    "enqueue": "enqueue a one-time execution, against procrastinate's defer",
    "api": "list 1,000 jobs and show one through the Lambda path, against a bare encoder in the same place",
    "cold": "import the handler and one job in a fresh interpreter, against the bare imports (CPU time)",
    "package": "start from the package Lambda gets, against the same one without compiled modules (CPU time)",
}

_ROUNDS = 31


def main(arguments: Sequence[str]) -> int:
    """Print what was measured."""
    options = _parse(arguments)
    module = importlib.import_module(f"tests.benchmarks.{options.benchmark}")
    comparison: Comparison = module.measure(options.rounds)
    if options.json:
        print(json.dumps({**comparison.to_json(), "python": platform.python_version()}, indent=2))
    else:
        print(text(comparison))
    return 0


def text(comparison: Comparison) -> str:
    """The comparison as aligned lines: one a case, then what they come to."""
    width = max(len(ratio.name) for ratio in comparison.ratios)
    heading = f"{comparison.benchmark}: {comparison.ours} against {comparison.floor}, {comparison.rounds} rounds"
    columns = f"  {'':<{width}}  {'ours':>9}  {'floor':>9}  {'ratio':>5}   10-90 % of rounds"
    best, worst = comparison.best, comparison.worst
    summary = f"median {comparison.median:.2f}, best {best.median:.2f}, worst {worst.median:.2f} ({worst.name})"
    lines = [_line(ratio, width) for ratio in comparison.ratios]
    return "\n".join((heading, columns, *lines, f"ratio: {summary}; target at most {comparison.target:.2f}"))


def _line(ratio: Ratio, width: int) -> str:
    times = f"{ratio.ours_us:>6.1f} µs  {ratio.floor_us:>6.1f} µs"
    return f"  {ratio.name:<{width}}  {times}  {ratio.median:>5.2f}   {ratio.low:.2f}-{ratio.high:.2f}"


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure what this product costs, as a ratio to a floor measured in turns with it in the same run: "
        "ratios travel between machines, times do not. Never fails because of what it measured.",
    )
    chosen = parser.add_subparsers(title="benchmarks", dest="benchmark", metavar="NAME", required=True)
    for name, what in BENCHMARKS.items():
        benchmark = chosen.add_parser(name, help=what, description=f"Measure: {what}.")
        benchmark.add_argument("--rounds", type=_rounds, default=_ROUNDS, help=f"how often (default {_ROUNDS})")
        benchmark.add_argument("--json", action="store_true", help="for machines")
    return parser.parse_args(arguments)


def _rounds(value: str) -> int:
    if not (value.isascii() and value.isdigit() and int(value) > 0):
        raise argparse.ArgumentTypeError(f"{value!r} must be a whole number above 0")
    return int(value)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `scripts/bench … | head` ends it quietly
    sys.exit(main(sys.argv[1:]))
