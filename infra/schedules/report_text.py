"""The report as plain text: a block for each job, then what they take and share together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from functions.scheduling.rules import Rules
from functions.scheduling.scheduler import Scheduler
from infra.schedules.explanation_text import explanation_text
from infra.schedules.heat import MANY
from infra.schedules.report import Report
from infra.schedules.rows import LABEL, row

_BAR = 20
_SHOWN = 10
_SHOWN_CROWDS = 4


def report_text(report: Report, width: int) -> str:
    """Every job, then the summary: what a person sees last is what there is to do."""
    seen = f"{report.now:%a %Y-%m-%d %H:%M} UTC"
    heading = f"{_count(len(report.jobs), 'job')} in {', '.join(report.packages)}, seen {seen}"
    blocks = [f"{heading}\n(what is paused or removed is in the database, and not known here)"]
    blocks += [f"{job.job_id}\n{explanation_text(job, width)}" for job in report.jobs]
    blocks.append("\n".join(("together", *_summary(report, width))))
    return "\n\n".join(blocks)


def _summary(report: Report, width: int) -> Iterator[str]:
    yield row("rules", _meter(report.count(Rules.name), report.rules_limit), width)
    if report.count(Rules.name) == report.rules_limit:
        yield row("", "all are taken: jobs that have a rule now keep it, whatever is shown above", width)
    scheduler, by_hand = report.count(Scheduler.name), report.count(None)
    yield row("others", f"{scheduler} on EventBridge Scheduler, {by_hand} by hand only", width)
    yield from _heat(report, width)
    yield from _crowds(report, width)
    if report.over_limits is not None:
        yield row("warning", "a deploy would be refused, because of limits of AWS:", width)
        yield from (row("", violation, width, hanging=2) for violation in report.over_limits.splitlines()[1:])
    warned = [str(job.job_id) for job in report.jobs if job.warnings]
    if warned:
        yield row("warnings", f"above, at {_list(warned)}", width)


def _meter(used: int, limit: int) -> str:
    filled = min(_BAR, -(-used * _BAR // limit))
    return f"[{'#' * filled}{'.' * (_BAR - filled)}] {used}/{limit} (RULES_LIMIT)"


def _heat(report: Report, width: int) -> Iterator[str]:
    """Hours of the day in columns, as many to a line as fit."""
    most = _count(report.heat.most, "job")
    yield row("at once", f"at most {most} in the same minute of the next 24 hours" if report.heat.most else "–", width)
    hours = report.heat.by_hour if report.heat.most > 1 else []
    cell = max(3, len(str(report.heat.most)) + 1)
    room = width - LABEL - len("UTC hour ")
    fitting = next((count for count in (24, 12) if count * cell <= room), 6)
    for begin in range(0, len(hours), fitting):
        part = hours[begin : begin + fitting]
        yield " " * LABEL + "UTC hour " + "".join(f"{f'{hour:02}':>{cell}}" for hour, _ in part)
        yield " " * LABEL + "at most  " + "".join(f"{jobs or '.':>{cell}}" for _, jobs in part)
    if report.uncounted:
        uncounted = _list(report.uncounted)
        yield row("", f"not counted, since a rate or jitter has no minute of its own: {uncounted}", width)


def _crowds(report: Report, width: int) -> Iterator[str]:
    crowds = report.heat.crowds
    for crowd in crowds[:_SHOWN_CROWDS]:
        often = "at" if crowd.count == 1 else f"{crowd.count} times, first at"
        jobs = f"{len(crowd.job_ids)} jobs in the same minute {often} {crowd.first_at:%a %H:%M} UTC"
        yield row("warning", f"{jobs}: {_list(crowd.job_ids)}", width, hanging=2)
    if len(crowds) > _SHOWN_CROWDS:
        yield row("", f"and {len(crowds) - _SHOWN_CROWDS} more such sets of jobs (--json shows all)", width)
    if crowds:
        yield from _moves(report, width)


def _moves(report: Report, width: int) -> Iterator[str]:
    moves = report.spreading.moves
    for number, move in enumerate(moves[:_SHOWN]):
        text = f"{move.job_id}: {move.schedule!r} → {move.suggestion!r}"
        yield row("" if number else "spread", text, width, hanging=2)
    if len(moves) > _SHOWN:
        yield row("", f"and {len(moves) - _SHOWN} more (--json shows all)", width)
    if moves:
        yield row("", f"then at most {_count(report.spreading.most, 'job')} would share a minute", width)
    if report.spreading.most >= MANY:
        yield row("" if moves else "spread", "@job(jitter=…) spreads the others: each starts at a random moment", width)


def _list(words: Sequence[str]) -> str:
    shown = ", ".join(words[:_SHOWN])
    return f"{shown} and {len(words) - _SHOWN} more" if len(words) > _SHOWN else shown


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
