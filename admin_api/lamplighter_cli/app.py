"""`lamplighter`: every command, in the order its help lists them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from lamplighter_cli import VERSION
from lamplighter_cli.commands import access, audit, deployment, executions, help_with, jobs, logins, logs, retries
from lamplighter_cli.exit_codes import ExitCode

app = typer.Typer(
    name="lamplighter",
    help="Jobs on AWS Lambda: see them, start them, hold them, watch them. docs/command-line.md has all of it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _commands in (jobs, executions, logs, retries, deployment, audit, access, logins, help_with):
    _commands.register(app)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        print(f"lamplighter {VERSION}")
        raise typer.Exit


@app.callback()
def _lamplighter(
    version: Annotated[
        bool, typer.Option("--version", help="This command's version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command and end the process with its exit code."""
    # What this terminal's encoding lacks is written with a backslash; the command does not end over it.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="lamplighter")
    except KeyboardInterrupt:
        sys.exit(ExitCode.STOPPED)
