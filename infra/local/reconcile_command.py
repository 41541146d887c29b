"""`scripts/reconcile`: what the running one-machine edition has in AWS against what it should have, and its repair."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

import boto3

from functions import naming
from functions.db.connection import Connection, connect
from functions.errors import JobsError
from functions.scheduling.plan import Unfinished
from functions.scheduling.reconcile import plan, reconcile
from functions.settings import Settings, from_environment
from infra.local.confinement import confine
from infra.local.loopback import require_loopback, require_loopback_database

_PROJECT = Path(__file__).resolve().parent.parent.parent
_BAR = 30


def main(arguments: list[str] | None = None) -> int:
    """Show or apply; 0, or 1 when AWS or PostgreSQL failed, or 2 when `plan --check` finds something to do."""
    options = _parse(arguments)
    try:
        facts = _facts(options.state)
        settings = _deployed_settings(facts)
        with connect(facts["database_url"]) as connection:
            act = _plan if options.what == "plan" else _apply
            return act(connection, settings, options)
    except Unfinished as error:
        _show(error.report.to_json(), error.report.lines(), options)
        return 1
    except JobsError as error:
        print(f"scripts/reconcile: {error}", file=sys.stderr)
        return 1


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/reconcile",
        description="Compare the rules and schedules of the running scripts/dev with its jobs, pauses and removals.",
        epilog="In an AWS account the same reconcile runs inside the operations function with every deploy.",
    )
    parser.add_argument("what", choices=("plan", "apply"), help="plan: show what differs; apply: repair it")
    parser.add_argument(
        "--deep", action="store_true", help="read targets, inputs and whole schedules too, not just lists"
    )
    parser.add_argument("--check", action="store_true", help="with plan: exit with 2 when there is something to do")
    parser.add_argument("--json", action="store_true", help="machine-readable")
    parser.add_argument("--state", type=Path, default=_PROJECT / ".local", help="of scripts/dev (default .local/)")
    return parser.parse_args(arguments)


def _plan(connection: Connection, settings: Settings, options: argparse.Namespace) -> int:
    found = plan(connection, settings, deep=options.deep, progress=_progress(options))
    _show(found.to_json(), found.lines(), options)
    return 2 if options.check and found.changes else 0


def _apply(connection: Connection, settings: Settings, options: argparse.Namespace) -> int:
    report = reconcile(connection, settings, deep=options.deep, progress=_progress(options))
    _show(report.to_json(), report.lines(), options)
    return 0


def _facts(state: Path) -> dict[str, str]:
    try:
        facts: dict[str, str] = json.loads((state / "dev.json").read_text())
    except FileNotFoundError:
        raise JobsError(f"nothing runs in {state}: start scripts/dev first, or name its state with --state") from None
    require_loopback(facts["aws_endpoint_url"], what="the AWS endpoint")
    require_loopback_database(facts["database_url"], what="the database of dev.json")
    return facts


def _deployed_settings(facts: dict[str, str]) -> Settings:
    """The settings the functions run with, as deployed: asked of the operations function itself."""
    confine(os.environ, region=facts["region"])
    os.environ["AWS_ENDPOINT_URL"] = facts["aws_endpoint_url"]
    functions = boto3.client("lambda", region_name=facts["region"])
    name = naming.operations_function("local")
    variables: dict[str, str] = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    return from_environment({**variables, "AWS_REGION": facts["region"]})


def _progress(options: argparse.Namespace) -> Any:
    """A bar on a terminal; nothing where nobody watches."""
    if options.json or not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        filled = _BAR * done // max(total, 1)
        end = "\n" if done == total else ""
        print(f"\rreading [{'#' * filled}{'.' * (_BAR - filled)}] {done}/{total}", end=end, file=sys.stderr, flush=True)

    return show


def _show(value: dict[str, Any], lines: list[str], options: argparse.Namespace) -> None:
    print(json.dumps(value, indent=2) if options.json else "\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
