"""When a job runs next, on its own clock: its next occurrences, and what daylight saving does to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from chalicelib.refusals import NotValid
from chalicelib.services.jobs import ShownJob
from functions.definition import JobDefinition
from functions.scheduling import next_executions
from functions.settings import settings
from functions.text import Text

# Which way the clocks go on the day of an occurrence.
Direction = Literal["forward", "back"]


@dataclass(frozen=True, kw_only=True)
class Upcoming:
    """One occurrence: the instant and the wall clock's time, both aware. is_held: a pause stops it, as things stand."""

    at: datetime
    local: datetime
    clock_change: Direction | None
    is_held: bool


@dataclass(frozen=True, kw_only=True)
class Change:
    """One change of the zone's clocks, and the schedule's wall-clock times (naive) in it.

    Those the clocks skip do not run that day; those they repeat run once, the first time.
    """

    at: datetime
    direction: Direction
    before: datetime
    after: datetime
    times: tuple[datetime, ...]


@dataclass(frozen=True, kw_only=True)
class Occurrences:
    """The next occurrences of a job; None where nobody can know them, and `reason` says why, or why there is none."""

    timezone: str
    upcoming: list[Upcoming] | None
    reason: str | None = None
    changes: tuple[Change, ...] = ()


def following(job: ShownJob, *, after: datetime, count: int) -> Occurrences:
    """Up to `count` occurrences strictly after an instant. Raises NotValid for one that UTC has no date for."""
    # Imported with the first question: a list of jobs needs no zone's history.
    from functions.scheduling import clock_changes, zones

    timezone = job.listed.timezone
    schedule = JobDefinition.from_json(job.row.definition).parsed_schedule
    if schedule is None or schedule.aws_expression is None:
        why = Text("it has no schedule") if schedule is None else Text("no date matches its schedule")
        return Occurrences(timezone=timezone, upcoming=[], reason=Text("the job only runs by hand: %(why)s", why=why))
    if not settings().jobs_enabled:
        return Occurrences(timezone=timezone, upcoming=[], reason=Text("nothing fires: JOBS_ENABLED is false"))
    anchor = next_executions.anchor(job.row.last_fired_at, job.trigger)
    if schedule.kind == "rate" and anchor is None:
        return Occurrences(timezone=timezone, upcoming=None, reason=_UNKNOWN_PHASE)
    found = schedule.upcoming(_in_utc(after), count, anchor=anchor)
    changes = tuple(
        Change(at=each.at, direction=_direction(each.is_forward), before=each.before, after=each.after,
               times=each.times)
        for each in clock_changes.around(schedule, found, now=after)
    )  # fmt: skip
    zone, by_day = zones.find(timezone), {change.before.date(): change.direction for change in changes}
    local = [at.astimezone(zone) for at in found]
    upcoming = [
        Upcoming(at=at, local=there, clock_change=by_day.get(there.date()), is_held=_is_held(job, at))
        for at, there in zip(found, local, strict=True)
    ]
    return Occurrences(
        timezone=timezone, upcoming=upcoming, reason=None if found else Text("the schedule is over"), changes=changes
    )


def _in_utc(after: datetime) -> datetime:
    try:
        return after.astimezone(UTC)
    except OverflowError:
        raise NotValid(f"after={after.isoformat()} is at the end of the calendar: use years from 2 to 9998") from None


_UNKNOWN_PHASE = Text(
    "the phase of a rule's rate is AWS's own (it counts from when the rule was made): known once it has fired"
)


def _direction(is_forward: bool) -> Direction:
    return "forward" if is_forward else "back"


def _is_held(job: ShownJob, at: datetime) -> bool:
    return job.row.is_paused and (job.row.resume_at is None or at < job.row.resume_at)
