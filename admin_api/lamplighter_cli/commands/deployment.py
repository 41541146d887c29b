"""plan, quota, stats, version, open: the deployment as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from lamplighter_cli import VERSION, times
from lamplighter_cli.client import ADMIN
from lamplighter_cli.command import Since, Until, Yes, command
from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure
from lamplighter_cli.session import Session

PANEL = "The deployment"
Deep = Annotated[bool, typer.Option("--deep", help="Read every trigger whole, also what no listing shows.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    command(app, "plan", panel=PANEL)(plan)
    command(app, "quota", panel=PANEL)(quota)
    command(app, "stats", panel=PANEL)(stats)
    command(app, "version", panel=PANEL)(version)
    command(app, "open", panel=PANEL)(open_ui)


def plan(
    session: Session,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; only this plan, if it is still the same.")] = False,
    deep: Deep = False,
    yes: Yes = False,
) -> None:
    """Show what AWS has and should not have, or the other way round; or repair it."""
    query = {"deep": deep or None}
    response = session.client.get(f"{ADMIN}/plan", query)
    planned = response.json()
    if not apply:
        return session.output.json(planned) if session.as_json else _show_plan(session, planned)
    if not session.as_json:
        _show_plan(session, planned)
    if not planned["steps"]:
        return session.output.json(planned) if session.as_json else None
    session.confirm(f"Do these {_sum(planned)} steps?", is_sure=yes)
    # What was shown is what is done: somebody else's change in between makes it another plan, and 412.
    condition = {"If-Match": response.headers["ETag"]} if "ETag" in response.headers else {}
    where = f"{ADMIN}/plan/apply" + ("?deep=true" if deep else "")
    applied = session.client.change("POST", where, headers=condition).json()
    if session.as_json:
        session.output.json(applied)
    else:
        session.output.line(f"done: {_counts(applied['done']) or 'nothing'}")
    if not applied["isFinished"]:
        raise Failure(ExitCode.REFUSED, f"not all of it was done, there was no time for {_counts(applied['left'])}")
    return None


def quota(session: Session) -> None:
    """Show how much of AWS's limits is used."""
    found = session.client.json(f"{ADMIN}/quota")
    if session.as_json:
        return session.output.json(found)
    return session.output.table(
        ("WHAT", "USED", "OURS", "LIMIT", "SHARE", ""),
        [
            (
                meter["resource"],
                f"{meter['used']:,}",
                f"{meter['ours']:,}",
                f"{meter['limit']:,}",
                f"{meter['share']:.1%}",
                "nearly full" if meter["isNear"] else "",
            )
            for meter in found["meters"]
        ],
        whole=6,
    )


def stats(
    session: Session,
    job_id: Annotated[str | None, typer.Argument(metavar="[JOB]", help="Of this job; without it of all.")] = None,
    by: Annotated[str, typer.Option(help="hour or day, in UTC.")] = "hour",
    since: Since = None,
    until: Until = None,
) -> None:
    """Show how executions ended and how long they took, hour by hour or day by day."""
    now, zone = session.now(), session.zone
    query = {
        "by": by,
        "from": times.ago(since, option="--from", now=now, zone=zone),
        "to": times.ago(until, option="--to", now=now, zone=zone),
    }
    found = session.client.json(f"{ADMIN}{'' if job_id is None else '/jobs/' + quote(job_id, safe='')}/stats", query)
    if session.as_json:
        return session.output.json(found)
    rows = [_stats_row(times.absolute(each["at"], zone=zone), each) for each in found["periods"] if _count(each)]
    rows.append(_stats_row("all", found["total"]))
    return session.output.table(
        ("FROM", "OK", "FAILED", "LOST", "MISSED", "SKIPPED", "CANCELLED", "RATE", "P50", "P95", "MAX"), rows, whole=11
    )


def version(session: Session) -> None:
    """Show the API's version, and this command's."""
    found = session.client.json(f"{ADMIN}/version")
    if session.as_json:
        return session.output.json(found)
    return session.output.facts(
        {
            "api": found["version"],
            "at": session.url,
            "stage": found["stage"],
            "region": found["region"],
            "python": found["python"],
            "schema": found["schema"],
            "to be migrated": ", ".join(found["pendingMigrations"]),
            "lamplighter": VERSION,
        }
    )


def open_ui(session: Session) -> None:
    """Print the address of the web UI."""
    address = f"{session.url}/admin"
    if session.as_json:
        return session.output.json({"url": address})
    return session.output.line(address)


def _show_plan(session: Session, planned: dict[str, Any]) -> None:
    if not planned["steps"]:
        return session.output.line("AWS has what it should have")
    session.output.table(
        ("TRIGGER", "WHAT", "JOB", "DRIFT", "WHY"),
        [
            (each["name"], each["action"], each["job"] or "", each["drift"] or "", each["reason"] or "")
            for each in planned["steps"]
        ],
    )
    return session.output.note(_counts(planned["counts"]))


def _sum(planned: dict[str, Any]) -> int:
    return sum(number for action, number in planned["counts"].items() if action != "leave")


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{action} {number}" for action, number in counts.items())


def _count(counts: dict[str, Any]) -> int:
    return sum(counts[name] for name in ("succeeded", "failed", "lost", "missed", "skipped", "cancelled"))


def _stats_row(at: str, counts: dict[str, Any]) -> tuple[str, ...]:
    numbers = [str(counts[name]) for name in ("succeeded", "failed", "lost", "missed", "skipped", "cancelled")]
    rate = counts["successRate"]
    durations = [times.took(counts[name]) for name in ("p50", "p95", "max")]
    return (at, *numbers, "" if rate is None else f"{rate:.1%}", *durations)
