"""What each job uses of Lambda in a month."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from functions.definition import JobDefinition
from functions.scheduling.backends import all_backends
from functions.scheduling.cron import Schedule
from functions.scheduling.wanted import wanted_of_definitions
from functions.settings import Settings
from infra.cost.history import History
from infra.cost.occurrences import per_month

# The jobs that keep this product itself in order.
HOUSEKEEPING = ("expired-refresh-token-cleanup", "mark-lost-executions", "prepare-partitions", "retention")
_HOURS = 365 * 24 / 12


@dataclass(frozen=True, kw_only=True)
class Assumptions:
    """What neither definitions nor history say. The defaults of the command's options; docs/cost.md says whence."""

    duration_s: float = 1.0
    overhead_s: float = 0.05
    cold_start_s: float = 0.5
    log_bytes: float = 1_000
    api_requests: float = 10_000
    api_request_s: float = 0.1


@dataclass(frozen=True, kw_only=True)
class JobUse:
    """One job's month. `backend` fires it (rule, schedule, None: by hand); `duration_is_known` from history."""

    job_id: str
    backend: str | None
    scheduled: float
    invocations: float
    duration_s: float
    duration_is_known: bool
    overhead_s: float
    timeout_s: float
    memory_mb: int
    metric_months: float

    @property
    def gb_s(self) -> float:
        """Gigabyte-seconds of Lambda."""
        return self.invocations * (self.duration_s + self.overhead_s) * self.memory_mb / 1024

    @property
    def overhead_gb_s(self) -> float:
        """Those of them that go into starting, claiming and recording."""
        return self.invocations * self.overhead_s * self.memory_mb / 1024

    @property
    def most_gb_s(self) -> float:
        """What it would be if every execution ran into its timeout."""
        return self.invocations * max(self.timeout_s, self.duration_s + self.overhead_s) * self.memory_mb / 1024


def uses_of(
    jobs: Iterable[JobDefinition], settings: Settings, history: History, assumed: Assumptions, *, now: datetime
) -> list[JobUse]:
    """The use of each job, by id."""
    by_id = {job.id: job for job in jobs}
    backends = {
        trigger.job_id: trigger.backend
        for trigger in wanted_of_definitions(by_id.values(), all_backends(settings), settings)
    }
    count = cache(lambda text, timezone: per_month(Schedule.parse(text, timezone), now))
    uses = []
    for job_id, job in sorted(by_id.items()):
        scheduled = count(job.schedule, job.timezone) if job.schedule and settings.jobs_enabled else 0.0
        uses.append(_use(job, backends.get(job_id), scheduled, history, assumed))
    return uses


def _use(job: JobDefinition, backend: str | None, scheduled: float, history: History, assumed: Assumptions) -> JobUse:
    past = history.jobs.get(job.id)
    # By hand, by enqueue and again come on top of the schedule; a pause does not make a month cheaper for long.
    invocations = max(scheduled, past.invocations if past else 0.0)
    known = past.mean_s if past else None
    return JobUse(
        job_id=job.id,
        backend=backend,
        scheduled=scheduled,
        invocations=invocations,
        duration_s=min(assumed.duration_s, job.timeout.total_seconds()) if known is None else known,
        duration_is_known=known is not None,
        overhead_s=assumed.overhead_s + (assumed.cold_start_s if _is_cold(invocations) else 0.0),
        timeout_s=job.timeout.total_seconds(),
        memory_mb=job.memory_mb,
        metric_months=_metric_months(invocations, [past.per_month(status) for status in past.ended] if past else []),
    )


def _is_cold(invocations: float) -> bool:
    """Whether most executions find no warm process: Lambda keeps one for some minutes."""
    return invocations < _HOURS * 4


def _metric_months(invocations: float, by_status: list[float]) -> float:
    """A metric costs for the hours in which it is written: the duration's, and one for each way to end."""
    counts = [invocations, *([ended for ended in by_status if ended] or [invocations])]
    return sum(min(1.0, count / _HOURS) for count in counts)
