"""Small pictures, drawn as SVG with attributes and classes only; each is named, and a text or table says the same."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup

from chalicelib.pages.statuses import STATUSES
from functions.db.sparks import Spark

_STEP, _BAR, _HEIGHT = 5.6, 4, 28
_LEAST = 4
_MOST = 30


def spark(executions: Sequence[Spark], label: str) -> Markup:
    """The newest executions as bars: height is the duration on a logarithmic scale, colour the status; newest right."""
    longest = max((each.duration_ms or 0 for each in executions), default=0)
    first = _MOST - len(executions[-_MOST:])
    bars = Markup("").join(_bar(number, each, longest) for number, each in enumerate(executions[-_MOST:], first))
    return Markup('<svg class="spark" viewBox="0 0 168 {}" role="img" aria-label="{}">{}</svg>').format(
        _HEIGHT, label, bars
    )


def strip(periods: Sequence[tuple[float | None, str]], label: str) -> Markup:
    """Periods side by side: each as good as its share of successes, grey where nothing ran; what each says on hover."""
    cells = Markup("").join(_cell(number, share, said) for number, (share, said) in enumerate(periods))
    return Markup(
        '<svg class="strip" viewBox="0 0 {} 24" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>'
    ).format(max(len(periods), 1) * 10, label, cells)


def ticks(counts: Sequence[int], label: str) -> Markup:
    """A line of time in equal steps: where something is, a tick, as high as it is much."""
    most = max(counts, default=0)
    path = "".join(
        f"M{number * 10 + 5} 20V{round(20 - 17 * (0.3 + 0.7 * count / most), 1):g}"
        for number, count in enumerate(counts)
        if count
    )
    return Markup(
        '<svg class="ticks" viewBox="0 0 {} 20" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path d="{}"/></svg>'
    ).format(len(counts) * 10, label, path)


def _bar(number: int, each: Spark, longest: int) -> Markup:
    tone = STATUSES.get(each.status, ("idle", ""))[0]
    share = math.log1p(each.duration_ms or 0) / math.log1p(longest) if longest else 0
    height = _LEAST + share * (_HEIGHT - _LEAST)
    return Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="1"/>').format(
        tone, round(number * _STEP, 1), round(_HEIGHT - height, 1), _BAR, round(height, 1)
    )


def _cell(number: int, share: float | None, said: str) -> Markup:
    """Good from the top, bad from below as far as it was: where it stands says it too, not colour alone."""
    bad = 0.0 if share is None or share >= 1 else max(_LEAST, (1 - share) * 24)
    tone = "idle" if share is None else "ok"
    part = Markup('<rect class="bad" x="{}" y="{}" width="9" height="{}"/>').format(
        number * 10, round(24 - bad, 1), round(bad, 1)
    )
    return Markup('<g><title>{}</title><rect class="{}" x="{}" y="0" width="9" height="24"/>{}</g>').format(
        said, tone, number * 10, part if bad else ""
    )
