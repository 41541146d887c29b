"""Jobs on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta, structs

from chalicelib.serializers import executions
from chalicelib.serializers.executions import HistoryItem
from chalicelib.serializers.output import Instant, Output, Seconds, instant, instant_or_none, instants, seconds
from chalicelib.services import params as job_params
from chalicelib.services.jobs import ShownJob
from functions.db.executions import ListedExecution
from functions.db.job_list import ListedJob, tags
from functions.db.triggers import AppliedTrigger

State = Literal["enabled", "paused", "manual", "missing", "overdue", "error", "removed", "orphan"]


class Job(Output):
    """A job of the list."""

    id: str
    cron: Annotated[str | None, Meta(description="the schedule as written; null: it only runs by hand")]
    timezone: str
    description: str | None
    tags: list[str]
    state: State
    timeout: Seconds
    next_execution: Instant | None
    last_execution: Instant | None
    last_status: str | None
    last_duration: Seconds | None
    is_paused: bool
    paused_at: Instant | None
    paused_by: str | None
    pause_reason: str | None
    paused_until: Annotated[Instant | None, Meta(description="when it resumes by itself; null: when somebody does it")]
    created_at: Instant


class Definition(Output):
    """A job's other options as they were deployed: docs/add-a-job.md says what each means. Durations in seconds."""

    memory_mb: int
    retry: dict[str, Any] | None
    overlap: str
    misfire: str
    pause_after_failures: int | None
    concurrency: int | None
    jitter: Seconds | None
    permissions: list[dict[str, Any]]
    source: str
    hash: str


class Trigger(Output):
    """What fires a job in AWS, and why that; started_at is the phase of a rate, where AWS tells it."""

    backend: str
    reason: str
    applied_at: Instant
    started_at: Instant | None


class JobDetail(Job):
    """A job with its options, what fires it (null: nothing does), what params it takes, and its newest executions."""

    definition: Definition
    trigger: Trigger | None
    params_schema: dict[str, Any] | None
    execution_history: list[HistoryItem]


def jobs(listed: Sequence[ListedJob]) -> list[Job]:
    """The jobs of a list, in its order.

    Column by column: a list has a thousand jobs, and a function of ours for each takes longer than all the rest.
    """
    return list(map(Job, *_columns(ListedJob._make(zip(*listed, strict=True))))) if listed else []


def job_detail(shown: ShownJob, history: Sequence[ListedExecution]) -> JobDetail:
    """A job with what only the detail shows; its newest executions, newest first."""
    schema = job_params.schema_of(shown.row)
    (job,) = jobs([shown.listed])
    return JobDetail(
        **structs.asdict(job),
        definition=_definition(shown),
        trigger=None if shown.trigger is None else _trigger(shown.trigger),
        params_schema=None if schema is None else dict(schema),
        execution_history=executions.history(history),
    )


def _columns(of: Any) -> Iterator[Iterable[Any]]:
    """The values of all jobs for each field of Job, from those of each field of ListedJob."""
    yield of.id
    yield of.schedule
    yield of.timezone
    yield of.description
    yield map(tags, of.tags_json)
    yield of.state
    yield of.timeout_s
    yield instants(of.next_execution_at)
    yield instants(of.last_started_at)
    yield of.last_status
    yield map(seconds, of.last_duration_ms)
    yield (at is not None for at in of.paused_at)
    yield instants(of.paused_at)
    yield of.paused_by
    yield of.pause_reason
    yield instants(of.resume_at)
    yield instants(of.created_at)


def _definition(shown: ShownJob) -> Definition:
    stored = shown.row.definition
    return Definition(
        memory_mb=stored["memory_mb"],
        retry=stored.get("retry"),
        overlap=stored["overlap"],
        misfire=stored.get("misfire", "ignore"),
        pause_after_failures=stored.get("pause_after_failures"),
        concurrency=stored.get("concurrency"),
        jitter=stored["jitter_s"],
        permissions=stored["permissions"],
        source=stored["source"],
        hash=shown.row.definition_hash,
    )


def _trigger(applied: AppliedTrigger) -> Trigger:
    return Trigger(
        backend=applied.backend,
        reason=applied.reason,
        applied_at=instant(applied.applied_at),
        started_at=instant_or_none(applied.anchor_at),
    )
