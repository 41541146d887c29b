"""How long executions took, as a picture: a bar each, coloured by status, over a scale in seconds."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from markupsafe import Markup

from chalicelib.pages.statuses import STATUSES

_LEFT, _TOP, _WIDTH, _HEIGHT, _FOOT = 92, 10, 808, 170, 26
_STUB = 3
_STEPS = (1, 2, 5)


class Point(NamedTuple):
    """One execution: duration in milliseconds, None where it has none (yet); what is said of it on hover."""

    status: str
    duration_ms: int | None
    said: str


def chart(
    points: Sequence[Point], *, label: str, scale: str, took: Callable[[float], str], first: str, last: str
) -> Markup:
    """The points oldest first, from `first` to `last`; scale `log` or `linear`, `took` says seconds in words."""
    known = [each.duration_ms / 1000 for each in points if each.duration_ms]
    low, high, marks = _scale(known, scale)

    def height(seconds: float) -> float:
        share = (
            math.log(max(seconds, low) / low) / math.log(high / low)
            if scale == "log"
            else (seconds - low) / (high - low)
        )
        return round(max(share, 0) * _HEIGHT, 1)

    lines = Markup("").join(_line(_TOP + _HEIGHT - height(mark), took(mark)) for mark in marks)
    step = _WIDTH / max(len(points), 50)
    bars = Markup("").join(
        _bar(_LEFT + number * step, step, height((each.duration_ms or 0) / 1000), each)
        for number, each in enumerate(points)
    )
    foot = _TOP + _HEIGHT + 18
    return Markup(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}'
        '<text x="{}" y="{}">{}</text><text x="{}" y="{}" text-anchor="end">{}</text></svg>'
    ).format(
        _LEFT + _WIDTH, _TOP + _HEIGHT + _FOOT, label, lines, bars,
        _LEFT, foot, first, round(_LEFT + step * max(len(points), 1)), foot, last,
    )  # fmt: skip


def _scale(known: Sequence[float], scale: str) -> tuple[float, float, list[float]]:
    """Where the scale begins and ends, and the marks on it."""
    longest, shortest = max(known, default=1.0), min(known, default=0.1)
    if scale == "linear":
        step = _round_up(longest / 4)
        return 0, step * math.ceil(longest / step - 1e-9), [step * n for n in range(6) if n * step < longest + step]
    low = 10 ** math.floor(math.log10(shortest) + 1e-9)
    high = 10 ** max(math.ceil(math.log10(longest) - 1e-9), round(math.log10(low)) + 1)
    powers = range(round(math.log10(low)), round(math.log10(high)) + 1)
    return low, high, [10.0**power for power in powers]


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, …"""
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in _STEPS if step * power >= value - 1e-12), 10 * power)


def _line(y: float, said: str) -> Markup:
    return Markup('<path class="rule" d="M{} {}h{}"/><text x="{}" y="{}" text-anchor="end">{}</text>').format(
        _LEFT, y, _WIDTH, _LEFT - 8, round(y + 4, 1), said
    )


def _bar(x: float, step: float, height: float, each: Point) -> Markup:
    tone = STATUSES.get(each.status, ("idle", ""))[0]
    tall = max(height, _STUB)
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
        tone, round(x + 1, 1), round(_TOP + _HEIGHT - tall, 1), round(step - 2, 1), tall, each.said
    )
