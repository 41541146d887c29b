"""Labelled rows of plain text: the label in a column of its own, long text wrapped beside it."""

from __future__ import annotations

import textwrap

LABEL = 12
_NARROWEST = 40


def row(label: str, text: str, width: int, *, hanging: int = 0) -> str:
    """One row, as many lines as the width asks for; lines after the first start `hanging` further in."""
    return textwrap.fill(
        text,
        max(width, _NARROWEST),
        initial_indent=f"  {label:<{LABEL - 2}}",
        subsequent_indent=" " * (LABEL + hanging),
        break_long_words=False,
        break_on_hyphens=False,
    )
