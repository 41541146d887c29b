"""`scripts/users`: local users made, given roles and taken care of by a person at a shell, who has the database."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg

from chalicelib import passwords
from functions.database import database
from functions.db import access, roles, sessions, users
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.db.users import UserRow
from functions.errors import InvalidRole, InvalidUser, JobsError
from functions.settings import settings
from infra.local.running import STATE, facts_of
from infra.person import add_password, login_name, password_of

_PAGE = 500
_DESCRIPTION = "Make, change and list the local users who log in to the admin API."
_EXAMPLES = """examples:
  scripts/users create ada@example.com --role admin            asks for the password, twice, without showing it
  scripts/users create bob --role viewer --generate            makes one and prints it, once
  pass show bob | scripts/users reset bob --password-stdin
  scripts/users grant bob operator; scripts/users revoke bob viewer
  scripts/users disable bob
  scripts/users list --json

Without STAGE, or with STAGE=local, it is the running scripts/dev. With another STAGE it is that deployment's database,
by DATABASE_URL and the other DATABASE_ settings. What changes a user ends their sessions and leaves an audit row. The
last enabled user with a password and a role that holds '*' stays. Exit codes: 0; 1 when it could not be done; 2 when
what was asked for cannot be."""

Answer = dict[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Do what was asked for and say what there is now; the exit code, as the help says."""
    options = _parse(arguments)
    try:
        with _connect(options.state) as connection:
            answer = options.act(connection, _author(), options)
    except psycopg.errors.UndefinedTable:
        return _fail(JobsError("this database has no users' table yet: deploy, or start scripts/dev, which migrate it"))
    except JobsError as error:
        return _fail(error)
    print(json.dumps(answer, indent=2, ensure_ascii=False) if options.json else _text(answer))
    return 0


def _connect(state: Path) -> Connection:
    settings.cache_clear()
    if os.environ.get("STAGE", "local") == "local":
        return connect(facts_of(state)["database_url"])
    return connect(database(settings()))


def _author() -> Author:
    # Who has the database can do everything with it: this is only who the audit names.
    return Author(actor=f"scripts/users of {login_name()}")


def _create(connection: Connection, author: Author, options: argparse.Namespace) -> Answer:
    name = users.username(options.name)
    password = None if options.no_password else password_of(options, name=name)
    password_hash = None if password is None else passwords.hash(password)
    with access.changing(connection):
        user = users.add(connection, author, name=name, password_hash=password_hash, role_names=options.role)
    return _answer(user, password if options.generate else None) | _hint(connection)


def _hint(connection: Connection) -> Answer:
    if access.has_administrator(connection):
        return {}
    return {"hint": "nobody who can log in holds '*' yet: scripts/users grant NAME admin"}


def _grant(connection: Connection, author: Author, options: argparse.Namespace) -> Answer:
    return _change(connection, author, options, lambda user: {"role_names": {*user.roles, *options.roles}})


def _revoke(connection: Connection, author: Author, options: argparse.Namespace) -> Answer:
    roles.require(connection, options.roles)
    return _change(connection, author, options, lambda user: {"role_names": set(user.roles) - set(options.roles)})


def _disable(connection: Connection, author: Author, options: argparse.Namespace) -> Answer:
    return _change(connection, author, options, lambda _: {"is_disabled": True})


def _enable(connection: Connection, author: Author, options: argparse.Namespace) -> Answer:
    return _change(connection, author, options, lambda _: {"is_disabled": False})


def _change(
    connection: Connection,
    author: Author,
    options: argparse.Namespace,
    wanted: Callable[[UserRow], dict[str, Any]],
) -> Answer:
    with access.changing(connection):
        user = users.find(connection, options.name)
        changed = users.update(connection, author, user, **wanted(user))
        sessions.revoke_all(connection, user.id, author, reason="the user was changed")
    return _answer(changed)


def _reset(connection: Connection, author: Author, options: argparse.Namespace) -> Answer:
    password = password_of(options, name=users.find(connection, options.name).name)
    new_hash = passwords.hash(password)
    with access.changing(connection):
        user = users.find(connection, options.name)
        users.set_password(connection, author, user, new_hash)
        sessions.revoke_all(connection, user.id, author, reason="another password was set")
        user = users.get(connection, user.id)
    return _answer(user, password if options.generate else None)


def _list(connection: Connection, _: Author, options: argparse.Namespace) -> Answer:
    found: list[UserRow] = []
    while page := users.page(connection, role=options.role, after=found[-1].name if found else None, limit=_PAGE):
        found += page
    return {"users": [_answer(user) for user in found]} | _hint(connection)


def _answer(user: UserRow, password: str | None = None) -> Answer:
    shown = {
        "id": str(user.id), "name": user.name, "roles": user.roles, "is_disabled": user.is_disabled,
        "has_password": user.has_password,
    }  # fmt: skip
    return shown if password is None else shown | {"password": password}


def _text(answer: Answer) -> str:
    if "users" not in answer:
        lines = [_line(answer)]
    else:
        lines = [_line(user) for user in answer["users"]] or ["there are no users"]
    if "password" in answer:
        lines.append(f"password: {answer['password']}")
    if "hint" in answer:
        lines.append(answer["hint"])
    return "\n".join(lines)


def _line(user: Answer) -> str:
    states = [
        name for name, is_so in (("disabled", user["is_disabled"]), ("no password", not user["has_password"])) if is_so
    ]
    return f"{user['name']}: {', '.join(user['roles']) or 'no roles'}{''.join(f' ({state})' for state in states)}"


def _fail(error: JobsError) -> int:
    print(f"scripts/users: {error}", file=sys.stderr)
    return 2 if isinstance(error, InvalidUser | InvalidRole) else 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--json", action="store_true", help="for machines")
    everywhere.add_argument("--state", type=Path, default=STATE, help="of scripts/dev (default .local/)")
    parser = argparse.ArgumentParser(
        prog="scripts/users", description=_DESCRIPTION, epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, act: Callable[..., Answer], said: str, *, is_of_one: bool = True) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=said, description=said, parents=[everywhere])
        added.set_defaults(act=act)
        if is_of_one:
            added.add_argument("name", metavar="NAME", help="the user's, in any case")
        return added

    create = command("create", _create, "make a user")
    create.add_argument(
        "--role", action="append", default=[], metavar="ROLE", help="give this role; as often as needed"
    )
    add_password(create).add_argument("--no-password", action="store_true", help="nobody can log in as them yet")
    for name, act, said in (("grant", _grant, "give roles"), ("revoke", _revoke, "take roles away")):
        command(name, act, said).add_argument("roles", nargs="+", metavar="ROLE", help="such as viewer")
    add_password(command("reset", _reset, "set another password"))
    command("disable", _disable, "let nobody log in as them, and end their sessions")
    command("enable", _enable, "let them log in again")
    command("list", _list, "show who there is", is_of_one=False).add_argument(
        "--role", metavar="ROLE", help="who has it"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `scripts/users list | head` ends it quietly
    sys.exit(main(sys.argv[1:]))
