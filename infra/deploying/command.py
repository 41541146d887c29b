"""`scripts/deploy`: a stage of this project, planned, put up, looked at, put back and taken down."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions import naming
from functions.db.users import username
from functions.errors import InvalidUser, JobsError
from infra.aws import connect, session_for
from infra.cost import command as cost
from infra.deploying.calls import Calls
from infra.deploying.display import Display, show
from infra.deploying.plan_text import Line, lines_of
from infra.deploying.up import Way
from infra.deployment import Deployment
from infra.person import add_password, password_of
from infra.stage_file import StageInvalid, read_stage

PROJECT = Path(__file__).parents[2]
_DESCRIPTION = "Deploy a stage of this project to AWS, as [tool.lamplighter.stages.<stage>] of pyproject.toml says."
_EPILOG = """examples:
  scripts/deploy plan --stage prod        # what would change; nothing does
  scripts/deploy up --stage prod          # put it up, or go on where it was interrupted
  scripts/deploy rollback --stage prod    # the code of the version before
  scripts/deploy doctor --stage prod      # what is wrong, and what to do
  scripts/deploy administrator ada@example.com --stage prod   # who logs in first; asks for a password

Exit codes: 0 done; 1 it could not be done; 2 what was asked for cannot be, and for plan --detailed-exitcode: something
would change; 130 interrupted. docs/deploy.md has every step from an empty account to a first run."""
_INTERRUPTED = 130
_CHANGES = _INVALID = 2

Command = Callable[[argparse.Namespace, Deployment, Way, Display], int]


def main(arguments: Sequence[str]) -> int:
    """Do it; the exit code, as the help says."""
    options = _parse(arguments)
    try:
        with Display(quiet=options.json) as display:
            deployment = read_stage(
                options.file, options.stage, project=options.project, environ=os.environ,
                endpoint_url=options.endpoint_url,
            )  # fmt: skip
            options.calls = Calls()
            way = Way(
                session=options.calls.watch(session_for(deployment)),
                report=display.report,
                progress=display.progress,
                begins=display.begins,
                ask=display.pause,
                is_approved=getattr(options, "yes", False),
                is_to_break_lock=getattr(options, "break_lock", False),
            )
            act: Command = options.act
            return act(options, deployment, way, display)
    except KeyboardInterrupt:
        print(_interrupted(options), file=sys.stderr)
        return _INTERRUPTED
    except JobsError as error:
        _complain(error.code, str(error), options)
        return _INVALID if isinstance(error, StageInvalid | InvalidUser) else 1
    except (ClientError, BotoCoreError) as error:
        _complain("aws_unavailable", f"AWS refused: {error}; run it again, it goes on from there", options)
        return 1


def _interrupted(options: argparse.Namespace) -> str:
    again = f"scripts/deploy {options.command} --stage {options.stage}"
    if options.command not in ("up", "rollback", "down"):
        return "interrupted"
    return (
        "interrupted: the lock is given back, and what AWS is doing goes on there by itself. "
        f"Run `{again}` again to go on from here, or look with `scripts/deploy status --stage {options.stage}`"
    )


def _complain(code: str, message: str, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps({"code": code, "message": message}, indent=2, ensure_ascii=False))
    else:
        print(f"scripts/deploy: {message}", file=sys.stderr)


def _plan(options: argparse.Namespace, deployment: Deployment, way: Way, _: Display) -> int:
    from infra.deploying.plan import make_plan

    plan = make_plan(deployment, way, dist=options.dist / deployment.stage)
    _answer(options, lines_of(plan), plan.to_json() | {"calls": dict(options.calls.by_name)})
    if not options.json:
        show([(f"{options.calls.total} calls to AWS", "dim")])
    return _CHANGES if options.detailed_exitcode and plan.has_changes else 0


def _up(options: argparse.Namespace, deployment: Deployment, way: Way, _: Display) -> int:
    from infra.deploying.up import up

    version = up(deployment, way)
    said = f"stage {deployment.stage}: version {version.number} is up ({version.commit or 'no commit known'})"
    _answer(options, [(said, "bold green")], version.to_json() | {"calls": dict(options.calls.by_name)})
    return 0


def _rollback(options: argparse.Namespace, deployment: Deployment, way: Way, _: Display) -> int:
    from infra.deploying.up import rollback

    version = rollback(deployment, way, to=options.to)
    said = f"stage {deployment.stage}: version {version.number} is up, with the code of version {version.restores}"
    _answer(options, [(said, "bold green")], version.to_json())
    return 0


def _status(options: argparse.Namespace, deployment: Deployment, way: Way, _: Display) -> int:
    from infra.deploying.status import look

    status = look(deployment, way.session, deep=options.deep)
    _answer(options, status.lines(), status.to_json())
    return 0


def _doctor(options: argparse.Namespace, deployment: Deployment, way: Way, display: Display) -> int:
    from infra.deploying.doctor import examine
    from infra.deploying.findings import worst

    findings = []
    for finding in examine(deployment, way):
        findings.append(finding)
        if not options.json:
            display.pause()
            show(finding.lines())
    level = worst(findings)
    if options.json:
        print(json.dumps({"worst": level, "findings": [each.to_json() for each in findings]}, indent=2))
    return 1 if level == "fail" else 0


def _down(options: argparse.Namespace, deployment: Deployment, way: Way, _: Display) -> int:
    from infra.deploying.down import down

    down(deployment, way, confirmed=options.confirm)
    said = f"stage {deployment.stage} is down; its database and history stay"
    _answer(options, [(said, "bold")], {"stage": deployment.stage, "is_up": False})
    return 0


def _administrator(options: argparse.Namespace, deployment: Deployment, way: Way, display: Display) -> int:
    from infra.deploying.administrator import make_administrator

    name = username(options.name)
    display.pause()
    password = password_of(options, name=name)
    said: list[Line] = [(line, "bold green") for line in make_administrator(deployment, way, name, password)]
    answer = {"stage": deployment.stage, "name": name}
    if options.generate:
        said.append((f"password: {password}", "bold"))
        answer["password"] = password
    _answer(options, said, answer)
    return 0


def _cost(options: argparse.Namespace, deployment: Deployment, way: Way, _: Display) -> int:
    from infra import operations, stacks

    aws = connect(deployment, way.session)
    is_up = naming.deployment(deployment.stage) in stacks.living_stacks(aws.cloudformation)
    history = operations.run_operation(aws.functions, deployment.stage, "usage") if is_up else None
    return cost.run(options, deployment, history=history)


def _answer(options: argparse.Namespace, lines: Iterable[Line], value: Any) -> None:
    if options.json:
        print(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        show(lines)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--stage", required=True, metavar="S", help="which one")
    everywhere.add_argument(
        "--json", action="store_true", help="for machines; an error is an object with code, message"
    )
    everywhere.add_argument(
        "--file", type=Path, default=PROJECT / "pyproject.toml", help="where stages are described (pyproject.toml)"
    )
    everywhere.add_argument(
        "--endpoint-url", metavar="URL", help="the AWS of the one-machine edition, such as http://127.0.0.1:4566"
    )
    everywhere.add_argument("--project", type=Path, default=PROJECT, help=argparse.SUPPRESS)
    parser = argparse.ArgumentParser(
        prog="scripts/deploy", description=_DESCRIPTION, epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    commands = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)

    def command(name: str, act: Command, said: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=said, description=said, parents=[everywhere])
        added.set_defaults(act=act)
        return added

    plan = command("plan", _plan, "show what up would change: stacks, migrations, triggers; nothing is changed")
    plan.add_argument("--detailed-exitcode", action="store_true", help="2 where something would change, 0 where not")
    plan.add_argument("--dist", type=Path, default=PROJECT / "dist", help="where the templates are written (dist/)")
    up = command("up", _up, "put this checkout up, or go on where it was interrupted")
    rollback = command("rollback", _rollback, "put an earlier version's code back; migrations are never undone")
    rollback.add_argument("--to", type=int, metavar="N", help="which version (default: the good one before this one)")
    for changing in (up, rollback):
        changing.add_argument("--yes", action="store_true", help="do not ask before functions go or are made anew")
    status = command("status", _status, "show stacks, version, lock, the last deploys and what has drifted")
    status.add_argument("--deep", action="store_true", help="read every trigger whole, not just lists")
    command("doctor", _doctor, "check everything the stage rests on, and say what to do")
    down = command("down", _down, "take everything away but the database")
    down.add_argument("--confirm", metavar="S", help="the stage's name once more, for scripts")
    for locking in (up, rollback, down):
        locking.add_argument("--break-lock", action="store_true", help="take the lock from whoever holds it")
    administrator = command("administrator", _administrator, "make the first local user, who may do everything")
    administrator.add_argument("name", metavar="NAME", help="the user's, such as ada@example.com")
    add_password(administrator)
    cost.add_arguments(command("cost", _cost, "estimate what the stage costs a month"))
    return parser.parse_args(arguments)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `scripts/deploy status … | head` ends it quietly
    for ending in (signal.SIGINT, signal.SIGTERM):  # CI cancels with either, and a shell's `&` has the first ignored
        signal.signal(ending, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
