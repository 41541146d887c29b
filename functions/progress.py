"""The progress of one execution: any number of named bars, of which the newest state is written now and then."""

from __future__ import annotations

from typing import Any

Bars = list[dict[str, Any]]


class Progress:
    """Bars in the order they were first reported. Reporting is cheap: nothing is written here."""

    def __init__(self) -> None:
        self._bars: dict[str, tuple[float, float | None]] = {}
        self._written: dict[str, tuple[float, float | None]] = {}

    def report(self, done: float, total: float | None, label: str) -> None:
        """Set one bar; without a total it only counts."""
        self._bars[label] = (done, total)

    def changed(self) -> Bars | None:
        """Every bar, to be written, if one has changed since written() was told; else None."""
        bars = self._bars.copy()
        if bars == self._written:
            return None
        return [{"label": label, "done": done, "total": total} for label, (done, total) in bars.items()]

    def written(self, bars: Bars | None) -> None:
        """What changed() gave is in PostgreSQL now."""
        if bars is not None:
            self._written = {bar["label"]: (bar["done"], bar["total"]) for bar in bars}
