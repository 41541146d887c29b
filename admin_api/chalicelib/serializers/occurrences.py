"""A job's next occurrences on the wire."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.serializers.output import Instant, Output, instant
from chalicelib.services.occurrences import Change, Direction, Occurrences

Local = Annotated[str, Meta(description="ISO 8601 on the job's clock, with its offset")]
WallTime = Annotated[str, Meta(description="ISO 8601 on the job's clock, without an offset: it has none, or two")]


class OccurrenceItem(Output):
    """One occurrence. clockChange: which way the clocks go that day; isHeld: the job's pause stops it."""

    at: Instant
    local: Local
    clock_change: Direction | None
    is_held: bool


class ClockChangeItem(Output):
    """One change of the clocks: the schedule's times it skips do not run, those it repeats run once, the first time."""

    at: Instant
    direction: Direction
    before: Local
    after: Local
    skipped: list[WallTime]
    repeated: list[WallTime]


class JobOccurrences(Output):
    """What comes next; `occurrences` is null where nobody can know, and `reason` says why, or why there is none."""

    timezone: str
    occurrences: list[OccurrenceItem] | None
    reason: str | None
    clock_changes: list[ClockChangeItem]


def occurrences(found: Occurrences) -> JobOccurrences:
    """The occurrences of a job."""
    upcoming = found.upcoming
    items = None if upcoming is None else [
        OccurrenceItem(instant(each.at), each.local.isoformat(), each.clock_change, each.is_held) for each in upcoming
    ]  # fmt: skip
    return JobOccurrences(
        timezone=found.timezone,
        occurrences=items,
        reason=found.reason,
        clock_changes=[_change(each) for each in found.changes],
    )


def _change(change: Change) -> ClockChangeItem:
    times = [local.isoformat() for local in change.times]
    return ClockChangeItem(
        at=instant(change.at),
        direction=change.direction,
        before=change.before.isoformat(),
        after=change.after.isoformat(),
        skipped=times if change.direction == "forward" else [],
        repeated=times if change.direction == "back" else [],
    )
