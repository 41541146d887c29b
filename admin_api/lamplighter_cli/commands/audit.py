"""audit: who changed what."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from lamplighter_cli import pages, times
from lamplighter_cli.command import Limit, Since, Until, command
from lamplighter_cli.session import Session


def register(app: typer.Typer) -> None:
    """Add this command."""
    command(app, "audit", panel="The deployment")(audit)


def audit(
    session: Session,
    job: Annotated[str | None, typer.Option(help="Of this job.")] = None,
    actor: Annotated[str | None, typer.Option(help="By this person or program.")] = None,
    action: Annotated[str | None, typer.Option(help="Such as jobs.pause.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
) -> None:
    """List who changed what, newest first."""
    now, zone = session.now(), session.zone
    query: dict[str, object] = {
        "jobId": job,
        "actor": actor,
        "action": action,
        "from": times.ago(since, option="--from", now=now, zone=zone),
        "to": times.ago(until, option="--to", now=now, zone=zone),
    }
    found = pages.collected(session.client, "/audit", query, field="entries", limit=limit)
    if session.as_json:
        return session.output.json(found)
    session.output.table(
        ("WHEN", "WHO", "WHAT", "JOB", "WHY", "AFTER"),
        [
            (
                times.absolute(entry["at"], zone=zone),
                entry["actor"],
                entry["action"],
                entry["jobId"] or "",
                entry["reason"] or "",
                _brief(entry["after"]),
            )
            for entry in found["entries"]
        ],
        whole=4,
    )
    if found["nextCursor"] is not None:
        session.output.note(f"there are more than these {len(found['entries'])}: add --limit")
    return None


def _brief(after: dict[str, Any] | None) -> str:
    return "" if after is None else json.dumps(after, ensure_ascii=False)
