"""logs: what an execution said, and what it says now."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from lamplighter_cli.command import ExecutionId, command
from lamplighter_cli.commands.executions import PANEL, path
from lamplighter_cli.session import Session
from lamplighter_cli.watching import Watched, line, watch

_PAGE = 1_000  # as the API has it for lines


def register(app: typer.Typer) -> None:
    """Add this command."""
    command(app, "logs", panel=PANEL)(logs)


def logs(
    session: Session,
    execution_id: ExecutionId,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show what comes, until it ends.")] = False,
    level: Annotated[
        str | None, typer.Option(help="DEBUG, INFO, WARNING, ERROR or CRITICAL, and what is worse.")
    ] = None,
    tail: Annotated[int, typer.Option(min=0, max=100_000, help="How many of the newest lines.")] = 200,
    attempt: Annotated[int | None, typer.Option(min=1, help="Of this attempt; without it of the newest.")] = None,
    search: Annotated[str | None, typer.Option(help="Only lines with this in their message.")] = None,
) -> None:
    """Show an execution's log lines, the newest ones."""
    wanted = level.upper() if level is not None else None
    page = _newest(session, execution_id, {"level": wanted, "attempt": attempt, "q": search}, tail)
    if session.as_json and not follow:
        return session.output.json(page)
    for entry in page["lines"]:
        if session.as_json:
            session.output.json_line({"attempt": page["attempt"], **entry})
        else:
            session.output.line(line(entry, session))
    if not follow:
        return None
    watched = Watched(
        execution_id=execution_id,
        with_lines=True,
        with_bars=False,
        level=wanted,
        search=search,
        attempt=page["attempt"],
        after=page["lastLine"] or 0,
    )
    ended = watch(session, watched)
    session.output.note(f"execution {execution_id} ended as {ended['status']}")
    return None


def _newest(session: Session, execution_id: str, query: dict[str, object], tail: int) -> dict[str, Any]:
    """The API's answer with so many of the newest lines, from as many pages as that takes."""
    where = path(execution_id, "/logs")
    page: dict[str, Any] = session.client.json(where, {**query, "limit": max(1, min(_PAGE, tail))})
    if tail == 0:
        return {**page, "lines": [], "hasEarlier": bool(page["lines"]) or page["hasEarlier"]}
    while len(page["lines"]) < tail and page["hasEarlier"] and page["lines"]:
        asked = {**query, "attempt": page["attempt"], "before": page["firstLine"]}
        earlier = session.client.json(where, {**asked, "limit": min(_PAGE, tail - len(page["lines"]))})
        page = {
            **page,
            "lines": earlier["lines"] + page["lines"],
            "firstLine": earlier["firstLine"] or page["firstLine"],
            "hasEarlier": earlier["hasEarlier"],
        }
    return page
