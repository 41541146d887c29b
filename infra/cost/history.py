"""What the history says of the last month: the answer of the operation `usage`, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_DAYS_OF_A_MONTH = 365 / 12


@dataclass(frozen=True)
class JobHistory:
    """One job's executions that ended in `days` days, by status, and how long one took on average."""

    ended: Mapping[str, int]
    mean_s: float | None
    days: float

    def per_month(self, status: str) -> float:
        """So many a month would end like this."""
        return self.ended.get(status, 0) / self.days * _DAYS_OF_A_MONTH

    @property
    def invocations(self) -> float:
        """So many executions a month Lambda was invoked for: not those that never came."""
        return sum(self.per_month(status) for status in self.ended if status != "missed")


@dataclass(frozen=True)
class History:
    """Of every job that ended something. `log_bytes`: of an average execution; None where there are too few."""

    days: float = 0.0
    log_bytes: float | None = None
    jobs: Mapping[str, JobHistory] = field(default_factory=dict)

    @classmethod
    def from_json(cls, answer: Mapping[str, Any] | None) -> History:
        """From what the operation answered; None is no history."""
        if not answer or not answer["days"]:
            return cls()
        days = answer["days"]
        jobs = {
            job_id: JobHistory(found["ended"], None if (ms := found["mean_ms"]) is None else ms / 1000, days)
            for job_id, found in answer["jobs"].items()
        }
        return cls(days, answer["log_bytes"], jobs)
