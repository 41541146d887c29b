"""Many executions run again, on the wire."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.serializers.output import Instant, Output, Uuid, instant
from chalicelib.services import repeats as service
from chalicelib.services.repeats import Outcome


class Repeat(Output):
    """What became of one of them. `code` and `detail` say why it was refused or did not start."""

    execution: Uuid
    job: str
    scheduled_at: Instant
    status: str
    cause: str
    outcome: Outcome
    new_execution: Uuid | None
    code: str | None
    detail: str | None


class Repeats(Output):
    """How many matched, what became of the oldest of them, and how many are left for another call."""

    dry_run: bool
    matched: int
    is_exact: Annotated[bool, Meta(description="false: `matched` and `left` are more than was counted")]
    left: int
    executions: list[Repeat]


def repeats(done: service.Repeats) -> Repeats:
    """What a bulk retry did, or would do."""
    return Repeats(
        dry_run=done.is_dry_run,
        matched=done.matched,
        is_exact=done.is_exact,
        left=done.left,
        executions=[_repeat(each) for each in done.repeats],
    )


def _repeat(each: service.Repeat) -> Repeat:
    execution = each.execution
    return Repeat(
        execution=str(execution.id),
        job=execution.job_id,
        scheduled_at=instant(execution.scheduled_at),
        status=execution.status,
        cause=execution.cause,
        outcome=each.outcome,
        new_execution=None if each.new_id is None else str(each.new_id),
        code=None if each.error is None else each.error.code,
        detail=None if each.error is None else str(each.error),
    )
