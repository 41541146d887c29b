"""retry: one execution again, or all that ended badly in some time."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lamplighter_cli import started, times
from lamplighter_cli.client import ADMIN
from lamplighter_cli.command import Since, Until, Yes, command
from lamplighter_cli.commands.executions import PANEL, path, say_started
from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure
from lamplighter_cli.output import status
from lamplighter_cli.session import Session


def register(app: typer.Typer) -> None:
    """Add this command."""
    command(app, "retry", panel=PANEL)(retry)


def retry(
    session: Session,
    execution_id: Annotated[
        str | None, typer.Argument(metavar="[EXECUTION]", help="This one; without it, those the options name.")
    ] = None,
    job: Annotated[str | None, typer.Option(help="Those of this job.")] = None,
    status_: Annotated[
        list[str] | None, typer.Option("--status", help="failed, lost, cancelled, missed; else failed and lost.")
    ] = None,
    cause: Annotated[list[str] | None, typer.Option(help="schedule, manual, …")] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most, the oldest first.")] = 100,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show which.")] = False,
    yes: Yes = False,
) -> None:
    """Run an execution again that failed, was lost, cancelled or missed; or many of them."""
    now, zone = session.now(), session.zone
    asked: dict[str, Any] = {
        "jobId": job,
        "status": status_ or None,
        "cause": cause or None,
        "from": times.ago(since, option="--from", now=now, zone=zone),
        "to": times.ago(until, option="--to", now=now, zone=zone),
    }
    body = {name: value for name, value in asked.items() if value is not None}
    if execution_id is not None:
        if body or dry_run:
            raise Failure(ExitCode.USAGE, "name one EXECUTION, or say which with options: not both")
        response = session.client.change("POST", path(execution_id, "/retry"))
        return say_started(session, started.execution_id(response), "it runs again")
    if job is None and since is None:
        raise Failure(ExitCode.USAGE, "say which: an EXECUTION, or --job, or --from, or both of these")
    return _retry_many(session, {**body, "limit": limit}, is_dry_run=dry_run, is_sure=yes)


def _retry_many(session: Session, body: dict[str, Any], *, is_dry_run: bool, is_sure: bool) -> None:
    where = f"{ADMIN}/executions/retry"
    if is_dry_run or not is_sure:
        planned = session.client.change("POST", where, {**body, "dryRun": True}).json()
        if is_dry_run:
            return _show(session, planned)
        if not planned["executions"]:
            return _show(session, planned)
        session.confirm(f"Run {len(planned['executions'])} of {_count(planned)} executions again?", is_sure=False)
    done = session.client.change("POST", where, body).json()
    _show(session, done)
    refused = [each for each in done["executions"] if each["outcome"] in ("refused", "not_started")]
    if refused:
        raise Failure(ExitCode.REFUSED, f"{len(refused)} of {len(done['executions'])} were not run again")
    return None


def _show(session: Session, answer: dict[str, Any]) -> None:
    if session.as_json:
        return session.output.json(answer)
    session.output.table(
        ("EXECUTION", "JOB", "SCHEDULED", "STATUS", "OUTCOME", "RUNS AS", "WHY NOT"),
        [
            (
                each["execution"],
                each["job"],
                times.absolute(each["scheduledAt"], zone=session.zone),
                status(each["status"]),
                each["outcome"],
                each["newExecution"] or "",
                each["detail"] or "",
            )
            for each in answer["executions"]
        ],
    )
    if not answer["executions"]:
        session.output.note("nothing matches")
    if answer["left"]:
        session.output.note(f"{answer['left']} more match: run it again for the next")
    return None


def _count(answer: dict[str, Any]) -> str:
    return f"{answer['matched']}" if answer["isExact"] else f"more than {answer['matched']}"
