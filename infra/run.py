"""One piece of work on a deployment: where it goes, and who is told about it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from infra.aws import Aws
from infra.deployment import Deployment
from infra.stacks import Progress

# Step, seconds it took, lines of detail; called when the step has ended.
Report = Callable[[str, float, str], None]


def silent(_name: str, _status: str) -> None:
    """Progress nobody watches."""


@dataclass(frozen=True)
class Run:
    """A deploy, a rollback or a tear-down under way. `begins` hears of each step before it, `report` after it."""

    deployment: Deployment
    aws: Aws
    report: Report
    progress: Progress = silent
    begins: Callable[[str], None] = lambda _step: None

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Time a step; what is put into the list is its detail."""
        self.begins(name)
        begun, detail = time.monotonic(), list[str]()
        yield detail
        self.report(name, time.monotonic() - begun, "\n".join(detail))
