"""What a reconcile would do and what it has done: steps as data, as JSON and as lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from functions.errors import AwsUnavailable
from functions.scheduling.trigger import Definition, Difference
from functions.text import N_, Text, joined

# In the order they are applied: holding and taking away come first, they are what people wait for, and they make room.
Action = Literal["state", "remove", "update", "move", "create", "record", "leave"]
ORDER: Sequence[Action] = ("state", "remove", "update", "move", "create", "record", "leave")
_COUNTED: Mapping[Action, str] = {
    "state": N_("%(count)s state"), "remove": N_("%(count)s remove"), "update": N_("%(count)s update"),
    "move": N_("%(count)s move"), "create": N_("%(count)s create"), "record": N_("%(count)s record"),
    "leave": N_("%(count)s leave"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Step:
    """What is to be done about one trigger.

    `record`: AWS is right, only our note of it is not. `backend` is where the trigger belongs, or for `remove` where it
    is; `leaving` are the backends a `move` takes it from. `wanted` and `current` are in AWS's words.
    """

    action: Action
    name: str
    job_id: str | None
    reason: str
    backend: str | None = None
    leaving: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
    wanted: Definition | None = None
    current: Definition | None = None

    @property
    def writes(self) -> bool:
        """Whether this step changes anything in AWS."""
        return self.action not in ("record", "leave")

    def to_json(self) -> dict[str, Any]:
        """The step as JSON values."""
        return {
            "action": self.action,
            "name": self.name,
            "job_id": self.job_id,
            "backend": self.backend,
            "leaving": list(self.leaving),
            "reason": self.reason,
            "differences": [difference.to_json() for difference in self.differences],
        }

    def lines(self) -> list[str]:
        """One line, and one more for each field that differs."""
        where = f"{' and '.join(self.leaving)} → {self.backend}" if self.leaving else self.backend or "no trigger"
        first = f"{self.action:<7} {where:<9} {self.job_id or self.name}  ({self.reason})"
        return [first, *(f"          {difference}" for difference in self.differences)]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Every step of a reconcile, in the order they would be applied."""

    planned_at: datetime
    steps: tuple[Step, ...]

    @property
    def changes(self) -> tuple[Step, ...]:
        """The steps that write to AWS."""
        return tuple(step for step in self.steps if step.writes)

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return {"planned_at": self.planned_at.isoformat(), "steps": [step.to_json() for step in self.steps]}

    def lines(self) -> list[str]:
        """The plan for people: what changes, what is left alone and why, and a sum."""
        return [*(line for step in self.steps for line in step.lines()), counted(self.steps)]


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a reconcile did; it stopped at an `error`, or when its time was over: then `left` is what is still to do."""

    done: tuple[Step, ...]
    left: tuple[Step, ...] = ()
    error: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "done": [step.to_json() for step in self.done],
            "left": [step.to_json() for step in self.left],
            "error": self.error,
        }

    def lines(self) -> list[str]:
        """The report for people: what was written and a sum; what was left alone only counts."""
        done = [line for step in self.done if step.writes for line in step.lines()]
        if self.error is None and not self.left:
            return [*done, counted(self.done)]
        why = self.error or "the time for it is over"
        left = [line for step in self.left for line in step.lines()]
        return [*done, f"done: {counted(self.done)}", f"stopped: {why}", *left, f"left: {counted(self.left)}"]


class Unfinished(AwsUnavailable):
    """A reconcile stopped half-way; `report` says what is done and what is left. Running it again continues."""

    def __init__(self, report: Report) -> None:
        self.report = report
        left = ", ".join(step.job_id or step.name for step in report.left[:10])
        more = len(report.left) - 10
        super().__init__(
            Text(
                "%(error)s (done: %(done)s; left: %(left)s)",
                error=report.error,
                done=counted(report.done),
                left=Text("%(names)s and %(more)s more", names=left, more=more) if more > 0 else left,
            )
        )


def counted(steps: Sequence[Step]) -> Text:
    """How many steps of each kind: "2 create, 1 remove, 297 leave"."""
    counts = Counter(step.action for step in steps)
    said = [Text(_COUNTED[action], count=counts[action]) for action in ORDER if counts[action]]
    return joined(", ", said) if said else Text("nothing")
