"""`scripts/users` against a deployment's database: what a person at a shell makes and changes, and what stays."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib import passwords
from functions.db import access, sessions, users
from functions.db.connection import Connection
from tests.conftest import PROJECT, on_database
from tests.integration.holders import audit_of, log_in, person

PASSWORD = "correct horse battery staple"


@pytest.fixture
def command(database_url: str, tmp_path: Path) -> Any:
    """Calls it with STAGE=test, from another directory; the finished process."""
    environ = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(PROJECT / "admin_api")]),
        "STAGE": "test",
        "DATABASE_URL": database_url,
    }

    def call(*arguments: str, given: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-P", "-m", "infra.users_command", *arguments]
        return subprocess.run(
            line, env=environ | variables, cwd=tmp_path, input=given, capture_output=True, text=True, check=False
        )

    return call


def hash_of(connection: Connection, name: str) -> str | None:
    return users.password_hash(connection, users.find(connection, name).id)


def test_the_first_administrator_of_an_empty_database_is_made_with_a_password_from_stdin(
    command: Any, connection: Connection
) -> None:
    empty = command("list")
    assert (empty.returncode, empty.stdout.splitlines()[0]) == (0, "there are no users")
    assert "scripts/users grant NAME admin" in empty.stdout
    done = command("create", "Ada@Example.com", "--role", "admin", "--password-stdin", given=PASSWORD + "\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ada@example.com: admin\n", "")
    assert passwords.verify(hash_of(connection, "ada@example.com"), PASSWORD)
    assert access.has_administrator(connection)
    ((actor, action, _, after),) = audit_of(connection)
    assert (actor.startswith("scripts/users of "), action, after["roles"]) == (True, "users.create", ["admin"])
    assert PASSWORD not in str(after)


def test_a_generated_password_is_printed_once_and_lets_in(command: Any, connection: Connection) -> None:
    answer = json.loads(command("create", "bob", "--generate", "--json").stdout)
    assert passwords.verify(hash_of(connection, "bob"), answer["password"])
    assert "hint" in answer, "nobody holds everything yet"
    shown = command("reset", "bob", "--generate").stdout.splitlines()
    again = shown[1].removeprefix("password: ")
    assert again != answer["password"]
    assert passwords.verify(hash_of(connection, "bob"), again)
    assert "password" not in json.loads(command("list", "--json").stdout)["users"][0]


def test_roles_are_given_and_taken_and_users_disabled_and_enabled(command: Any, connection: Connection) -> None:
    person(connection, "root", "admin")
    command("create", "bob", "--no-password", "--role", "viewer")
    assert command("grant", "BOB", "operator", "viewer").stdout == "bob: operator, viewer (no password)\n"
    assert command("revoke", "bob", "viewer").stdout == "bob: operator (no password)\n"
    assert command("disable", "bob").stdout == "bob: operator (disabled) (no password)\n"
    assert command("enable", "bob").stdout == "bob: operator (no password)\n"
    assert command("list", "--role", "operator").stdout == "bob: operator (no password)\n"


@pytest.mark.parametrize("change", [["disable", "bob"], ["grant", "bob", "viewer"], ["reset", "bob", "--generate"]])
def test_a_change_ends_the_sessions_of_that_user(command: Any, connection: Connection, change: list[str]) -> None:
    session_id = log_in(connection, person(connection, "bob"))
    assert sessions.live(connection, session_id) is not None
    assert command(*change).returncode == 0
    assert sessions.live(connection, session_id) is None


@pytest.mark.parametrize("change", [["disable", "root"], ["revoke", "root", "admin"]])
def test_the_last_administrator_stays(command: Any, connection: Connection, change: list[str]) -> None:
    root = person(connection, "root", "admin")
    refused = command(*change)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "nobody would be left who holds '*'" in refused.stderr
    assert users.get(connection, root.id) == root


@pytest.mark.parametrize(
    ("arguments", "given", "code", "said"),
    [
        (["create", "bob", "--password-stdin"], "short\n", 2, "use 12 to 1000"),
        (["create", "bob", "--password-stdin"], "", 2, "use 12 to 1000"),
        (["create", "bob"], "", 2, "use --password-stdin or --generate"),
        (["create", " bob", "--generate"], "", 2, "is invalid"),
        (["create", "bob", "--generate", "--role", "nope"], "", 2, "no role nope"),
        (["create", "root", "--generate"], "", 1, "is called 'root' already"),
        (["reset", "nobody", "--generate"], "", 1, "no user is called 'nobody'"),
        (["grant", "root", "nope"], "", 2, "no role nope"),
        (["revoke", "root", "nope"], "", 2, "no role nope"),
        (["grant", "root"], "", 2, "ROLE"),
        (["create", "bob", "--generate", "--password-stdin"], "", 2, "not allowed with"),
        ([], "", 2, "COMMAND"),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(
    command: Any, connection: Connection, arguments: list[str], given: str, code: int, said: str
) -> None:
    person(connection, "root", "admin")
    refused = command(*arguments, given=given)
    assert refused.returncode == code
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert audit_of(connection) == []
    assert [user.name for user in users.page(connection, limit=9)] == ["root"]


def test_a_password_typed_at_a_terminal_is_asked_twice_and_not_shown(database_url: str) -> None:
    for answers, code, said in (
        (["short"], 2, "use 12 to 1000"),
        ([PASSWORD, "something else entirely"], 2, "the two passwords differ"),
        ([PASSWORD, PASSWORD], 0, "bob: viewer"),
    ):
        shown, ended = typed(["create", "bob", "--role", "viewer"], answers, database_url)
        assert (ended, said in shown, PASSWORD in shown) == (code, True, False)


def typed(arguments: list[str], answers: list[str], database_url: str) -> tuple[str, int]:
    """What a terminal shows, and the exit code, when these lines are typed as they are asked for."""
    child, terminal = pty.fork()
    if child == 0:
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join([str(PROJECT), str(PROJECT / "admin_api")]),
            "STAGE": "test",
            "DATABASE_URL": database_url,
        }
        os.execve(sys.executable, [sys.executable, "-P", "-m", "infra.users_command", *arguments], environ)
    shown = b""
    for asked, answer in zip((b"password of", b"again:"), answers, strict=False):
        while asked not in shown:
            shown += os.read(terminal, 1024)
        os.write(terminal, answer.encode() + b"\n")
    try:
        while more := os.read(terminal, 1024):
            shown += more
    except OSError:  # the terminal's other end is closed: it has ended
        pass
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_database_that_was_never_migrated_or_is_away_says_so(command: Any, server_url: str) -> None:
    never = command("list", DATABASE_URL=on_database(server_url, "postgres"))
    assert (never.returncode, "deploy, or start scripts/dev" in never.stderr) == (1, True)
    away = command("list", DATABASE_URL="postgresql://u:secret@127.0.0.1:1/x")
    assert (away.returncode, "cannot be reached" in away.stderr, "secret" in away.stderr) == (1, True, False)


def test_without_a_stage_it_is_the_running_stack_or_says_that_none_runs(
    command: Any, database_url: str, tmp_path: Path
) -> None:
    nowhere = command("list", "--state", str(tmp_path), STAGE="local")
    assert (nowhere.returncode, "start scripts/dev first" in nowhere.stderr) == (1, True)
    facts = {"database_url": database_url, "aws_endpoint_url": "http://127.0.0.1:1"}
    (tmp_path / "dev.json").write_text(json.dumps(facts))
    there = command("list", "--state", str(tmp_path), STAGE="local", DATABASE_URL="postgresql://elsewhere/x")
    assert there.stdout.startswith("there are no users")


def test_the_script_runs_from_anywhere_and_says_what_it_does(tmp_path: Path) -> None:
    shown = subprocess.run(
        [PROJECT / "scripts" / "users", "--help"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "scripts/users create ada@example.com --role admin" in shown.stdout
