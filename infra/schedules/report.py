"""The schedules of all jobs together: each explained, the rules they take, and the minutes they share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.db.jobs import JobRow
from functions.definition import JobDefinition
from functions.errors import LimitExceeded
from functions.scheduling import limits
from functions.scheduling.backends import all_backends
from functions.scheduling.rules import Rules
from functions.scheduling.scheduler import Scheduler
from functions.scheduling.wanted import WantedTrigger, wanted_triggers
from functions.settings import Settings
from infra.schedules import heat, spreading
from infra.schedules.explanation import Explanation, explain
from infra.schedules.heat import Heat
from infra.schedules.spreading import Spreading


@dataclass(frozen=True, kw_only=True)
class Report:
    """All jobs by id, as a first deploy into an empty account would make them.

    `over_limits` is what such a deploy would refuse, or None. `uncounted` are the jobs the heat leaves out: a rate has
    no minutes of its own before it is deployed, and jitter spreads a job already.
    """

    now: datetime
    packages: tuple[str, ...]
    jobs: tuple[Explanation, ...]
    rules_limit: int
    over_limits: str | None
    heat: Heat
    spreading: Spreading
    uncounted: tuple[str, ...]

    def count(self, backend: str | None) -> int:
        """How many jobs this trigger backend fires; None: those that only run by hand."""
        return sum(job.backend == backend for job in self.jobs)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON values; instants in UTC."""
        return {
            "now": self.now.isoformat(),
            "packages": list(self.packages),
            "jobs": [job.to_json() for job in self.jobs],
            "rules": {"used": self.count(Rules.name), "limit": self.rules_limit},
            "schedules": {"used": self.count(Scheduler.name)},
            "over_limits": self.over_limits,
            "same_minute": self._same_minute_json(),
        }

    def _same_minute_json(self) -> dict[str, Any]:
        return {
            "most": self.heat.most,
            "most_after_moves": self.spreading.most,
            "by_hour_utc": [{"hour": hour, "most": most} for hour, most in self.heat.by_hour],
            "crowds": [
                {"job_ids": list(crowd.job_ids), "first_at": crowd.first_at.isoformat(), "count": crowd.count}
                for crowd in self.heat.crowds
            ],
            "moves": [vars(move) for move in self.spreading.moves],
            "uncounted": list(self.uncounted),
        }


def report(
    definitions: Iterable[JobDefinition], settings: Settings, *, now: datetime, count: int, locale: str
) -> Report:
    """The report at an instant, with `count` occurrences of each job; reads neither AWS nor PostgreSQL."""
    by_id = {definition.id: definition for definition in definitions}
    # The very code a reconcile uses, on jobs as it finds them after a first deploy.
    rows = [_new_row(definition, now) for definition in by_id.values()]
    wanted = wanted_triggers(rows, all_backends(settings), settings, with_rule=())
    parsed = {job_id: schedule for job_id, job in by_id.items() if (schedule := job.parsed_schedule)}
    fixed = {job_id: s for job_id, s in parsed.items() if s.period is None and by_id[job_id].jitter is None}
    measured = heat.measure(fixed, now)
    return Report(
        now=now,
        packages=settings.jobs_packages,
        jobs=tuple(
            explain(
                parsed.get(trigger.job_id),
                backend=trigger.backend,
                reason=trigger.reason,
                now=now,
                count=count,
                locale=locale,
                job_id=trigger.job_id,
                jitter=by_id[trigger.job_id].jitter,
            )
            for trigger in sorted(wanted, key=lambda trigger: trigger.job_id)
        ),
        rules_limit=settings.rules_limit,
        over_limits=_over_limits(wanted, settings),
        heat=measured,
        spreading=spreading.suggest(fixed, measured),
        uncounted=tuple(sorted(parsed.keys() - fixed.keys())),
    )


def _new_row(definition: JobDefinition, now: datetime) -> JobRow:
    """The job's row as its first deploy writes it: nobody has paused or removed it, nothing has run."""
    nothing: dict[str, Any] = dict.fromkeys(JobRow._fields)
    known = {"id": definition.id, "definition": definition.to_json(), "definition_hash": definition.hash}
    return JobRow(**{**nothing, **known, "in_code": True, "created_at": now})


def _over_limits(wanted: Iterable[WantedTrigger], settings: Settings) -> str | None:
    try:
        limits.check(wanted, rules_limit=settings.rules_limit)
    except LimitExceeded as error:
        return str(error)
    return None
