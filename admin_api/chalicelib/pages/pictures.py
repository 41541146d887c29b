"""Small pictures, drawn as SVG with attributes and classes only; each is named, and a text or table says the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from markupsafe import Markup, escape

from chalicelib.pages.statuses import STATUSES
from functions.db.sparks import Spark

# In units as coarse as the eye allows: a page has 1,500 bars, and each of their digits counts.
_HEIGHT, _MOST = 9, 30
# Of 24: less could not be seen.
_LEAST = 4


def spark(executions: Sequence[Spark], label: str) -> Markup:
    """The newest executions as bars: height is the root of the duration, colour the status; newest right."""
    shown = executions[-_MOST:]
    longest = math.sqrt(max((each.duration_ms or 0 for each in shown), default=0))
    bars: dict[str, list[int]] = {}
    for number, each in enumerate(shown, _MOST - len(shown)):
        tall = 1 + round(math.sqrt(each.duration_ms or 0) / longest * (_HEIGHT - 1)) if longest else 1
        tone = STATUSES[each.status][0] if each.status in STATUSES else "idle"
        bars.setdefault(tone, [0] * _MOST)[number] = tall
    paths = "".join(f'<path class="{tone}" d="{_skyline(heights)}"/>' for tone, heights in bars.items())
    # Numbers and tones of ours, nothing from outside.
    return Markup(  # noqa: S704
        f'<svg class="spark" role="img" aria-label="{escape(label)}">{paths}</svg>'
    )


def _skyline(heights: Sequence[int]) -> str:
    """One outline of bars side by side, from the first that is there; the stylesheet cuts them apart."""
    steps = [(tall, len([*same])) for tall, same in groupby(heights)]
    begin = steps.pop(0)[1] if steps[0][0] == 0 else 0
    if steps[-1][0] == 0:
        steps.pop()
    outline = "".join(f"V{_HEIGHT - tall}h{2 * wide}" for tall, wide in steps)
    return f"M{2 * begin} {_HEIGHT}{outline}V{_HEIGHT}"


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
