"""A Python stack, folded: where it began and where it broke are seen at once, what is between on demand."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FRAME = re.compile(r'^\s*File ".*", line [0-9]+', re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class FoldedStack:
    """The first frame, the last one with the error's own lines, and how many are between; `whole` is everything."""

    first: str
    last: str
    hidden: int
    whole: str


def folded(stack: str | None) -> FoldedStack | None:
    """None without a stack; one of a frame or two hides nothing."""
    if not stack or not stack.strip():
        return None
    whole = stack.strip("\n")
    starts = [found.start() for found in _FRAME.finditer(whole)]
    if len(starts) < 3:
        return FoldedStack(first="", last=whole, hidden=0, whole=whole)
    return FoldedStack(first=whole[: starts[1]].rstrip(), last=whole[starts[-1] :], hidden=len(starts) - 2, whole=whole)
