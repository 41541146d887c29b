"""executions, execution, trigger, enqueue, cancel."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.text import Text

from lamplighter_cli import pages, params, started, times
from lamplighter_cli.client import ADMIN
from lamplighter_cli.command import ExecutionId, JobId, Limit, Since, Until, command
from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure
from lamplighter_cli.output import status
from lamplighter_cli.session import Session
from lamplighter_cli.watching import Watched, watch

PANEL = "Executions"


def path(execution_id: str, rest: str = "") -> str:
    """An execution's path in the API."""
    return f"{ADMIN}/executions/{quote(execution_id, safe='')}{rest}"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    command(app, "trigger", panel=PANEL)(trigger)
    command(app, "enqueue", panel=PANEL)(enqueue)
    command(app, "executions", panel=PANEL)(list_executions)
    command(app, "execution", panel=PANEL)(show_execution)
    command(app, "cancel", panel=PANEL)(cancel)


def trigger(
    session: Session,
    job_id: JobId,
    wait: Annotated[
        bool, typer.Option("--wait", "-w", help="Follow it to its end; the exit code says how it ended.")
    ] = False,
) -> None:
    """Run a job now, also while it is paused."""
    response = session.client.change("POST", f"{ADMIN}/jobs/{quote(job_id, safe='')}/trigger")
    execution_id = started.execution_id(response)
    if not wait:
        return say_started(session, execution_id, f"{job_id} runs")
    session.output.note(f"{job_id} runs as execution {execution_id}")
    ended = watch(session, Watched(execution_id=execution_id, with_bars=True, with_lines=not session.as_json))
    if session.as_json:
        session.output.json(ended)
    if ended["status"] != "succeeded":
        raise Failure(ExitCode.EXECUTION_FAILED, _end(ended))
    session.output.note(_end(ended))
    return None


def enqueue(
    session: Session,
    job_id: JobId,
    params_text: Annotated[
        str | None, typer.Option("--params", metavar="JSON", help="What it is given: JSON, @FILE, or @- for stdin.")
    ] = None,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="When it starts: ISO 8601.")] = None,
    delay: Annotated[str | None, typer.Option(metavar="2h", help="How long from now it starts.")] = None,
    key: Annotated[str | None, typer.Option(help="Only if no execution with this key is unfinished.")] = None,
) -> None:
    """Run a job once, now or later, with params."""
    body = {
        "params": params.read(params_text),
        "at": None if at is None else times.instant(at, option="--at", zone=session.zone).isoformat(),
        "delay": None if delay is None else times.duration(delay, option="--delay").total_seconds(),
        "key": key,
    }
    given = {name: value for name, value in body.items() if value is not None}
    response = session.client.change("POST", f"{ADMIN}/jobs/{quote(job_id, safe='')}/executions", given)
    is_new = response.status_code == 201
    what = f"{job_id} is enqueued" if is_new else f"{job_id} with key {key!r} was enqueued before and is unfinished"
    say_started(session, started.execution_id(response), what)


def list_executions(
    session: Session,
    job_id: Annotated[str | None, typer.Argument(metavar="[JOB]", help="Of this job; without it of all.")] = None,
    status_: Annotated[
        list[str] | None, typer.Option("--status", help="running, failed, …; repeat it for more.")
    ] = None,
    cause: Annotated[list[str] | None, typer.Option(help="schedule, manual, …; repeat it for more.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
) -> None:
    """List executions, newest first."""
    now, zone = session.now(), session.zone
    query: dict[str, object] = {
        "status": status_,
        "cause": cause,
        "from": times.ago(since, option="--from", now=now, zone=zone),
        "to": times.ago(until, option="--to", now=now, zone=zone),
    }
    where = "/executions" if job_id is None else f"/jobs/{quote(job_id, safe='')}/executions"
    found = pages.collected(session.client, where, query, field="executions", limit=limit)
    if session.as_json:
        return session.output.json(found)
    executions_table(session, found["executions"], with_job=job_id is None)
    if found["nextCursor"] is not None:
        session.output.note(f"there are more than these {len(found['executions'])}: add --limit")
    return None


def show_execution(session: Session, execution_id: ExecutionId) -> None:
    """Show one execution: how it stands, why it waits, its attempts, its error."""
    found = session.client.json(path(execution_id))
    if session.as_json:
        return session.output.json(found)
    now, zone, waiting = session.now(), session.zone, found.get("waiting") or {}
    session.output.facts(
        {
            "execution": found["id"],
            "job": found["job"],
            "status": status(found["status"]),
            "reason": found["reason"],
            "cause": found["cause"],
            "scheduled": times.both(found["scheduledAt"], now=now, zone=zone),
            "started": times.both(found["startedAt"], now=now, zone=zone),
            "took": times.took(found["duration"]),
            "waits": waiting.get("detail"),
            "retried": times.both(found["retryAt"], now=now, zone=zone),
            "cancel asked by": found.get("cancelRequestedBy"),
            "params": None if found.get("params") is None else str(found["params"]),
            "progress": ", ".join(_bar(bar) for bar in found.get("progress") or []),
            "run again as": found.get("repeatedBy"),
            "error": found["error"],
        }
    )
    if len(found["attempts"]) > 1:
        session.output.line("")
        _attempts_table(session, found["attempts"])
    if found.get("errorStack"):
        session.output.line("\n" + found["errorStack"])
    return None


def cancel(session: Session, execution_id: ExecutionId) -> None:
    """End what waits; ask what runs to stop."""
    response = session.client.change("POST", path(execution_id, "/cancel"))
    if session.as_json:
        return session.output.json({})
    if response.status_code == 202:
        return session.output.line(f"{execution_id} was asked to stop; lamplighter logs {execution_id} --follow")
    return session.output.line(f"{execution_id} is cancelled")


def say_started(session: Session, execution_id: str, what: str) -> None:
    """Tell which execution it is: the API's answer has no body, only where it is."""
    if session.as_json:
        return session.output.json({"id": execution_id})
    session.output.note(f"{what}: lamplighter logs {execution_id} --follow")
    return session.output.line(execution_id)


def executions_table(session: Session, executions: Iterable[dict[str, Any]], *, with_job: bool) -> None:
    """Executions, a line each."""
    now, zone = session.now(), session.zone
    columns = ("EXECUTION", *(("JOB",) if with_job else ()), "STATUS", "CAUSE", "STARTED", "TOOK", "NOTE")
    rows: list[tuple[Text | str, ...]] = []
    for each in executions:
        note = each["error"] or each["reason"] or (each.get("waiting") or {}).get("detail") or ""
        rows.append(
            (
                each["id"],
                *((each["job"],) if with_job else ()),
                status(each["status"]),
                each["cause"],
                times.both(each["startedAt"], now=now, zone=zone),
                times.took(each["duration"]),
                note,
            )
        )
    session.output.table(columns, rows)


def _attempts_table(session: Session, attempts: Iterable[dict[str, Any]]) -> None:
    session.output.table(
        ("ATTEMPT", "STATUS", "STARTED", "TOOK", "ERROR"),
        [
            (
                str(each["attempt"]),
                status(each["status"]),
                times.absolute(each["startedAt"], zone=session.zone),
                times.took(each["duration"]),
                each["error"] or each["reason"] or "",
            )
            for each in attempts
        ],
    )


def _bar(bar: dict[str, Any]) -> str:
    return f"{bar.get('label') or 'done'} {bar.get('done')}/{bar.get('total')}"


def _end(ended: dict[str, Any]) -> str:
    took = f" after {times.took(ended['duration'])}" if ended["duration"] is not None else ""
    why = ended["error"] or ended["reason"]
    return f"execution {ended['id']} ended as {ended['status']}{took}" + (f": {why}" if why else "")
