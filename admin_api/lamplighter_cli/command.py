"""How a command is declared: it gets the Session first, has the options all of them have, and fails in one way."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Annotated, Any, get_type_hints

import typer

from lamplighter_cli import output
from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure
from lamplighter_cli.session import Options, Session

_PANEL = "For every command"
_COMMON: dict[str, Any] = {
    "as_json": Annotated[
        bool, typer.Option("--json", help="The API's own JSON on standard output.", rich_help_panel=_PANEL)
    ],
    "is_utc": Annotated[
        bool, typer.Option("--utc", help="Times in UTC instead of the local zone.", rich_help_panel=_PANEL)
    ],
    "profile": Annotated[
        str | None, typer.Option(help="Which login, or LAMPLIGHTER_PROFILE.", rich_help_panel=_PANEL)
    ],
    "url": Annotated[
        str | None, typer.Option(help="Where the API is, or LAMPLIGHTER_URL.", rich_help_panel=_PANEL)
    ],
}  # fmt: skip
_DEFAULTS: dict[str, Any] = {"as_json": False, "is_utc": False, "profile": None, "url": None}

JobId = Annotated[str, typer.Argument(metavar="JOB", help="A job's id.", show_default=False)]
ExecutionId = Annotated[str, typer.Argument(metavar="EXECUTION", help="An execution's id.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, help="How many at most.")]
Since = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="From then on: ISO 8601, or so long ago, such as 24h.")
]
Until = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before then: the same.")]

View = Callable[..., None]


def command(app: typer.Typer, name: str, *, panel: str) -> Callable[[View], View]:
    """Register a view under this name; its first parameter is the Session, the others are the command's own."""

    def register(view: View) -> View:
        app.command(name, rich_help_panel=panel)(_with_session(view))
        return view

    return register


def _with_session(view: View) -> View:
    def run(**given: Any) -> None:
        options = Options(**{field: given.pop(field) for field in _COMMON})
        try:
            with closing(Session(options)) as session:
                view(session, **given)
            sys.stdout.flush()
        except BrokenPipeError as error:
            # `lamplighter jobs | head`: nobody reads on. The interpreter's own last flush must not complain either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(ExitCode.NOBODY_READS) from error
        except typer.Abort as error:  # the end of input, or Ctrl-C, at a question
            raise typer.Exit(ExitCode.STOPPED) from error
        except Failure as failure:
            raise _ended(failure, options) from failure
        except OSError as error:
            raise _ended(Failure(ExitCode.UNEXPECTED, f"this machine refused: {error}"), options) from error
        except Exception as error:  # Python would end with 1, which says that an execution failed
            said = f"the answer is not one this version understands ({type(error).__name__}: {error})"
            raise _ended(Failure(ExitCode.UNEXPECTED, said), options) from error

    # Typer reads names, types and defaults from here.
    hints = get_type_hints(view, include_extras=True)
    own = list(inspect.signature(view).parameters.values())[1:]
    parameters = [each.replace(annotation=hints[each.name], kind=inspect.Parameter.KEYWORD_ONLY) for each in own]
    parameters += [
        inspect.Parameter(field, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS[field], annotation=annotation)
        for field, annotation in _COMMON.items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__name__, run.__doc__, run.__module__ = view.__name__, view.__doc__, view.__module__
    return run


def _ended(failure: Failure, options: Options) -> typer.Exit:
    output.problem(failure.fields, failure.line, as_json=options.as_json)
    return typer.Exit(failure.exit_code)
