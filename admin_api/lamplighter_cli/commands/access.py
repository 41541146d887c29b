"""users, roles: who may do what."""

from __future__ import annotations

from typing import Annotated

import typer

from lamplighter_cli import pages, times
from lamplighter_cli.command import Limit, command
from lamplighter_cli.session import Session

PANEL = "People"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    command(app, "users", panel=PANEL)(users)
    command(app, "roles", panel=PANEL)(roles)


def users(
    session: Session,
    search: Annotated[str | None, typer.Argument(help="A part of the name.")] = None,
    role: Annotated[str | None, typer.Option(help="Only who has this role.")] = None,
    limit: Limit = 200,
) -> None:
    """List local users and their roles."""
    query: dict[str, object] = {"search": search, "role": role}
    found = pages.collected(session.client, "/users", query, field="users", limit=limit)
    if session.as_json:
        return session.output.json(found)
    return session.output.table(
        ("NAME", "ROLES", "LOGIN", "CREATED", "ID"),
        [
            (
                user["name"],
                ", ".join(user["roles"]),
                "disabled" if user["isDisabled"] else ("password" if user["hasPassword"] else "no password yet"),
                times.absolute(user["createdAt"], zone=session.zone),
                user["id"],
            )
            for user in found["users"]
        ],
    )


def roles(session: Session, limit: Limit = 200) -> None:
    """List roles and what they permit."""
    found = pages.collected(session.client, "/roles", {}, field="roles", limit=limit)
    if session.as_json:
        return session.output.json(found)
    return session.output.table(
        ("ROLE", "PERMISSIONS", "USERS", "DESCRIPTION"),
        [
            (role["name"], ", ".join(role["permissions"]), str(role["users"]), role["description"])
            for role in found["roles"]
        ],
    )
