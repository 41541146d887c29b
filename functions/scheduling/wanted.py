"""What AWS should hold for each job: its definition and what people want of it, turned into a trigger or none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from functions import naming
from functions.db.jobs import JobRow
from functions.definition import JobDefinition
from functions.scheduling.backends import choose
from functions.scheduling.rules import Rules
from functions.scheduling.trigger import Definition, TriggerBackend
from functions.settings import Settings
from functions.text import Text


@dataclass(frozen=True, kw_only=True)
class WantedTrigger:
    """One job's trigger: on which backend, with what definition, and why; no definition: no trigger, and why not.

    `job` is None for a removed job and one no longer in code.
    """

    job_id: str
    name: str
    reason: str
    backend: str | None = None
    definition: Definition | None = None
    job: JobDefinition | None = None


def wanted_triggers(
    rows: Sequence[JobRow], backends: Mapping[str, TriggerBackend], settings: Settings, *, with_rule: Collection[str]
) -> list[WantedTrigger]:
    """The trigger of each of these jobs.

    `with_rule`: the ids of all jobs that have a rule now, also of jobs not asked for. They keep theirs when rules run
    short; what is left goes to the others, by id.
    """
    taken = len(set(with_rule) - {row.id for row in rows})
    wanted = []
    for row in sorted(rows, key=lambda row: (row.id not in with_rule, row.id)):
        trigger = _wanted(row, backends, settings, is_rule_free=taken < settings.rules_limit)
        taken += trigger.backend == Rules.name
        wanted.append(trigger)
    return wanted


def wanted_of_definitions(
    definitions: Iterable[JobDefinition], backends: Mapping[str, TriggerBackend], settings: Settings
) -> list[WantedTrigger]:
    """The trigger of each of these jobs after a first deploy: none is paused or removed, none has a rule before."""
    taken, wanted = 0, []
    for job in sorted(definitions, key=lambda job: job.id):
        trigger = _of_job(job, backends, settings, enabled=True, is_rule_free=taken < settings.rules_limit)
        taken += trigger.backend == Rules.name
        wanted.append(trigger)
    return wanted


def _wanted(
    row: JobRow, backends: Mapping[str, TriggerBackend], settings: Settings, *, is_rule_free: bool
) -> WantedTrigger:
    name = naming.job_name(settings.stage, row.id)
    if row.is_removed or not row.in_code:
        reason = (
            Text("removed by %(removed_by)s", removed_by=row.removed_by)
            if row.is_removed
            else Text("no longer in code")
        )
        return WantedTrigger(job_id=row.id, name=name, reason=reason)
    job = JobDefinition.from_json(row.definition)
    # A pause with an end is the claim's alone to keep: then nothing in AWS has to change for it to end (docs/adr/0026).
    is_enabled = not row.is_paused or row.resume_at is not None
    return _of_job(job, backends, settings, enabled=is_enabled, is_rule_free=is_rule_free)


def _of_job(
    job: JobDefinition,
    backends: Mapping[str, TriggerBackend],
    settings: Settings,
    *,
    enabled: bool,
    is_rule_free: bool,
) -> WantedTrigger:
    name, schedule = naming.job_name(settings.stage, job.id), job.parsed_schedule
    if not settings.jobs_enabled:
        return WantedTrigger(job_id=job.id, name=name, reason=Text("disabled: JOBS_ENABLED is false"), job=job)
    if schedule is None or schedule.aws_expression is None:
        why_none = (
            Text("manual only: it has no schedule")
            if schedule is None
            else Text("manual only: %(schedule)s never fires", schedule=repr(job.schedule))
        )
        return WantedTrigger(job_id=job.id, name=name, reason=why_none, job=job)
    backend, reason = choose(schedule, job.jitter, settings=settings, is_rule_free=is_rule_free)
    definition = backends[backend].definition(job, schedule, enabled=enabled)
    return WantedTrigger(job_id=job.id, name=name, reason=reason, backend=backend, definition=definition, job=job)
