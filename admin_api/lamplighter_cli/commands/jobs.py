"""jobs, job, pause, resume, remove, restore."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from lamplighter_cli import pages, times
from lamplighter_cli.client import ADMIN
from lamplighter_cli.command import JobId, Limit, Yes, command
from lamplighter_cli.commands.executions import executions_table
from lamplighter_cli.output import one_line, status
from lamplighter_cli.session import Session

PANEL = "Jobs"
_PAGE = 1_000  # as the API has it for jobs


def path(job_id: str, rest: str = "") -> str:
    """A job's path in the API."""
    return f"{ADMIN}/jobs/{quote(job_id, safe='')}{rest}"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    command(app, "jobs", panel=PANEL)(list_jobs)
    command(app, "job", panel=PANEL)(show_job)
    command(app, "pause", panel=PANEL)(pause)
    command(app, "resume", panel=PANEL)(resume)
    command(app, "remove", panel=PANEL)(remove)
    command(app, "restore", panel=PANEL)(restore)


def list_jobs(
    session: Session,
    search: Annotated[str | None, typer.Argument(help="A part of id, description or tag.")] = None,
    state: Annotated[
        list[str] | None,
        typer.Option(help="enabled, paused, manual, missing, overdue, error, removed or orphan; repeat it for more."),
    ] = None,
    last_status: Annotated[list[str] | None, typer.Option(help="How the newest execution stands.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only jobs with this tag; repeat it: with all of them.")] = None,
    sort: Annotated[
        str | None,
        typer.Option(help="id, nextExecution, lastExecution, lastStatus, lastDuration; with - before it, backwards."),
    ] = None,
    limit: Limit = 1_000,
) -> None:
    """List jobs: state, schedule, next run, how the last one ended."""
    query: dict[str, object] = {
        "search": search, "state": state, "lastStatus": last_status, "tag": tag, "sort": sort,
    }  # fmt: skip
    jobs, are_more = pages.linked(session.client, "/jobs", query, limit=limit, page=_PAGE)
    if session.as_json:
        return session.output.json(jobs)
    now = session.now()
    session.output.table(
        ("JOB", "STATE", "SCHEDULE", "NEXT RUN", "LAST", "WHEN", "TOOK"),
        [
            (
                job["id"],
                _state(job),
                _schedule(job),
                times.both(job["nextExecution"], now=now, zone=session.zone),
                status(job["lastStatus"]),
                times.relative(job["lastExecution"], now=now),
                times.took(job["lastDuration"]),
            )
            for job in jobs
        ],
    )
    if are_more:
        session.output.note(f"there are more than these {len(jobs)}: add --limit")
    return None


def show_job(session: Session, job_id: JobId) -> None:
    """Show one job, what holds it or fires it, and its newest executions."""
    job = session.client.json(path(job_id))
    if session.as_json:
        return session.output.json(job)
    now, zone, trigger = session.now(), session.zone, job.get("trigger") or {}
    session.output.facts(
        {
            "job": job["id"],
            "description": job["description"],
            "state": _state(job),
            "schedule": _schedule(job),
            "tags": ", ".join(job.get("tags") or []),
            "next run": times.both(job["nextExecution"], now=now, zone=zone),
            "paused": _paused(job, session),
            "fired by": " ".join(str(part) for part in (trigger.get("backend"), trigger.get("reason")) if part),
            "takes params": "yes: see paramsSchema of --json" if job.get("paramsSchema") else None,
        }
    )
    if job["executionHistory"]:
        session.output.line("")
        history = [{**each, "id": each["jobId"], "job": job["id"]} for each in job["executionHistory"]]
        executions_table(session, history, with_job=False)
    return None


def pause(
    session: Session,
    job_id: JobId,
    reason: Annotated[str | None, typer.Option(help="Why, for whoever looks.")] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="When it resumes by itself: ISO 8601, or so long, such as 2h.")
    ] = None,
) -> None:
    """Hold a job: nothing of it starts any more once this has returned."""
    end = times.ahead(until, option="--until", now=session.now(), zone=session.zone)
    body = {name: value for name, value in (("reason", reason), ("until", end)) if value is not None}
    session.client.change("POST", path(job_id, "/pause"), body or None)
    rest = f" until {times.absolute(end, zone=session.zone)}" if end else ""
    _done(session, f"{job_id} is paused{rest}")


def resume(session: Session, job_id: JobId) -> None:
    """Let a paused job run again, from its next occurrence on."""
    session.client.change("POST", path(job_id, "/resume"))
    _done(session, f"{job_id} runs again")


def remove(session: Session, job_id: JobId, yes: Yes = False) -> None:
    """Take a job off the list; its history stays, and deploys do not bring it back."""
    session.confirm(f"Take {one_line(job_id)} off the list?", is_sure=yes)
    session.client.change("DELETE", path(job_id))
    _done(session, f"{job_id} is off the list; lamplighter restore brings all removed jobs back")


def restore(session: Session, yes: Yes = False) -> None:
    """Bring every removed job back, and repair what was deleted in AWS behind our back."""
    session.confirm("Bring every removed job back?", is_sure=yes)
    session.client.change("POST", f"{ADMIN}/jobs/restore")
    _done(session, "every job is back")


def _done(session: Session, text: str) -> None:
    if session.as_json:
        return session.output.json({})
    return session.output.line(text)


def _state(job: dict[str, Any]) -> Text:
    return status(job.get("state") or ("paused" if job["isPaused"] else "enabled"))


def _schedule(job: dict[str, Any]) -> str:
    if job["cron"] is None:
        return "by hand"
    return str(job["cron"]) if job["timezone"] == "UTC" else f"{job['cron']} ({job['timezone']})"


def _paused(job: dict[str, Any], session: Session) -> str | None:
    if not job["isPaused"]:
        return None
    until = times.both(job.get("pausedUntil"), now=session.now(), zone=session.zone)
    parts = (
        times.both(job["pausedAt"], now=session.now(), zone=session.zone),
        f"by {job['pausedBy']}" if job["pausedBy"] else "",
        f"because {job['pauseReason']}" if job["pauseReason"] else "",
        f"until {until}" if until else "",
    )
    return ", ".join(part for part in parts if part)
