"""An explanation as plain text: one labelled row for each thing there is to say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta, tzinfo

from functions.scheduling import zones
from functions.scheduling.clock_changes import ClockChange
from functions.scheduling.cron import Schedule
from functions.scheduling.rules import Rules
from functions.scheduling.scheduler import Scheduler
from infra.schedules.explanation import Explanation
from infra.schedules.rows import row

SERVICES = {Rules.name: "EventBridge rule", Scheduler.name: "EventBridge Scheduler", None: "none"}

_TIME_COLUMN = len("Sun 2027-03-28 03:30+02:00   ")
_SHOWN_TIMES = 4


def explanation_text(explanation: Explanation, width: int) -> str:
    """What it means, where it goes, when it fires, what may surprise; lines at most `width` wide where words allow."""
    return "\n".join(_rows(explanation, width))


def _rows(explanation: Explanation, width: int) -> Iterator[str]:
    schedule = explanation.schedule
    if schedule is not None:
        yield row("schedule", f"{schedule.text.strip()}  ({schedule.timezone})", width)
    yield row("means", explanation.words, width)
    if schedule is not None and schedule.aws_expression is not None:
        yield row("AWS gets", schedule.aws_expression, width)
    yield row("fired by", f"{SERVICES[explanation.backend]} ({explanation.reason})", width)
    if explanation.jitter is not None:
        minutes = explanation.jitter // timedelta(minutes=1)
        yield row("jitter", f"starts up to {minutes} min after each occurrence", width)
    if schedule is not None:
        yield from _next(explanation, schedule, width)
    for warning in explanation.warnings:
        yield row("warning", warning, width)


def _next(explanation: Explanation, schedule: Schedule, width: int) -> Iterator[str]:
    zone = zones.find(schedule.timezone)
    lines = [(at, _occurrence(at, zone)) for at in explanation.occurrences]
    lines += [(change.at, _change(change)) for change in explanation.clock_changes]
    if not lines:
        yield row("next", "known once it is deployed" if schedule.period is not None else "none", width)
    for number, (_, line) in enumerate(sorted(lines)):
        yield row("" if number else "next", line, width, hanging=_TIME_COLUMN)


def _occurrence(at: datetime, zone: tzinfo) -> str:
    seconds = "seconds" if at.second else "minutes"
    utc = f"{at.replace(tzinfo=None).isoformat(' ', seconds)} UTC"
    if zone is zones.UTC:
        return f"{at:%a} {utc}"
    local = at.astimezone(zone)
    return f"{local:%a} {local.isoformat(' ', seconds)}   {utc}"


def _change(change: ClockChange) -> str:
    """As wide as an occurrence's local time, so that both stand in columns."""
    before, after = change.before, change.after
    reached = f"{after:%H:%M}" if before.date() == after.date() else f"{after:%a %H:%M}"
    clocks = f"{before:%a %Y-%m-%d %H:%M}→{reached}"
    return (
        f"{clocks:<{_TIME_COLUMN - 3}}   clocks go {'forward' if change.is_forward else 'back'}{_consequence(change)}"
    )


def _consequence(change: ClockChange) -> str:
    if not change.times:
        return ""
    many = len(change.times) > 1
    if change.is_forward:
        return f": {_times(change.times)} {'are' if many else 'is'} skipped"
    return f": {_times(change.times)} {'come twice, run' if many else 'comes twice, runs'} once"


def _times(times: Sequence[datetime]) -> str:
    shown = [f"{local:%H:%M}" for local in times]
    if len(shown) > _SHOWN_TIMES:
        return f"{shown[0]}, {shown[1]}, … {shown[-1]} ({len(shown)} times)"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
