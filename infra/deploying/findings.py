"""What the doctor found: each a line with ok, warn or fail, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from infra.deploying.plan_text import Line

Level = Literal["ok", "warn", "fail"]
_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `advice`: the next step, where there is one."""

    level: Level
    subject: str
    said: str
    advice: str = ""

    def to_json(self) -> dict[str, Any]:
        """It as JSON values."""
        return asdict(self)

    def lines(self) -> Iterator[Line]:
        """It for people."""
        yield f"{self.level:<5} {self.subject}: {self.said}", _STYLES[self.level]
        if self.advice:
            yield f"      → {self.advice}", ""


def worst(findings: Sequence[Finding]) -> Level:
    """The worst of their levels."""
    levels = {finding.level for finding in findings}
    return "fail" if "fail" in levels else "warn" if "warn" in levels else "ok"


def ok(subject: str, said: str) -> Finding:
    """All is well."""
    return Finding("ok", subject, said)


def warn(subject: str, said: str, advice: str) -> Finding:
    """It works, and may not for long, or could not be looked at."""
    return Finding("warn", subject, said, advice)


def fail(subject: str, said: str, advice: str) -> Finding:
    """It does not work."""
    return Finding("fail", subject, said, advice)
