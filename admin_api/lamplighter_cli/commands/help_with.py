"""completion: what makes a shell complete commands and options."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined]

from lamplighter_cli.command import command
from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure
from lamplighter_cli.session import Session

_SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")


def register(app: typer.Typer) -> None:
    """Add this command."""
    command(app, "completion", panel="Help")(completion)


def completion(
    session: Session,
    shell: Annotated[str, typer.Argument(help=", ".join(_SHELLS), show_default=False)],
) -> None:
    """Print what a shell needs to complete commands: eval "$(lamplighter completion bash)"."""
    del session
    if shell not in _SHELLS:
        raise Failure(ExitCode.USAGE, f"shell {shell!r} is not known: use one of {', '.join(_SHELLS)}")
    print(get_completion_script(prog_name="lamplighter", complete_var="_LAMPLIGHTER_COMPLETE", shell=shell))
