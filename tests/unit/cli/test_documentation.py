"""What people meet of the command line is documented: every command, option, exit code and variable, and no other."""

from __future__ import annotations

import re
from typing import Any

import typer

from lamplighter_cli.app import app
from lamplighter_cli.exit_codes import ExitCode
from tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "command-line.md").read_text()
COMMANDS: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
ROWS = re.findall(r"^\| `([a-z]+)[^`]*` \| (.*) \|$", PAGE, re.MULTILINE)


def test_every_command_is_documented_and_no_other() -> None:
    assert {name for name, _ in ROWS} == set(COMMANDS)


def test_every_option_of_a_command_is_documented() -> None:
    for name, command in COMMANDS.items():
        said = " ".join(text for row, text in ROWS if row == name)
        for option in command.params:
            longest = max(option.opts, key=len)
            if longest.startswith("--") and longest != "--help":
                assert longest in said or f"`{longest}" in PAGE.partition("Each has:")[2], f"{name} {longest}"


def test_every_command_has_help_and_what_all_of_them_have() -> None:
    for name, command in COMMANDS.items():
        assert command.help, name
        assert {"--json", "--utc", "--profile", "--url"} <= {option for each in command.params for option in each.opts}


def test_every_exit_code_is_documented_and_no_other() -> None:
    assert {int(code) for code in re.findall(r"^\| `(\d+)` \|", PAGE, re.MULTILINE)} == {int(code) for code in ExitCode}


def test_every_variable_is_documented_and_no_other() -> None:
    source = (PROJECT / "admin_api" / "lamplighter_cli" / "environment.py").read_text()
    read = set(re.findall(r'"(LAMPLIGHTER_[A-Z]+)"', source))
    assert read == set(re.findall(r"^\| `(LAMPLIGHTER_[A-Z]+)` \|", PAGE, re.MULTILINE))
