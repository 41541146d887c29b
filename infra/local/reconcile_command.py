"""`scripts/reconcile`: what the running one-machine edition has in AWS against what it should have, and its repair."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from functions.db.connection import Connection, connect
from functions.errors import JobsError
from functions.scheduling.plan import Unfinished
from functions.scheduling.reconcile import plan, reconcile
from functions.settings import Settings, from_environment
from infra.local.running import STATE, deployed_variables, facts_of
from infra.progress_bar import draw, is_watched


def main(arguments: list[str] | None = None) -> int:
    """Show or apply; 0, or 1 when AWS or PostgreSQL failed, or 2 when `plan --check` finds something to do."""
    options = _parse(arguments)
    try:
        facts = facts_of(options.state)
        settings = from_environment(deployed_variables(facts))
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
    parser.add_argument("--state", type=Path, default=STATE, help="of scripts/dev (default .local/)")
    return parser.parse_args(arguments)


def _plan(connection: Connection, settings: Settings, options: argparse.Namespace) -> int:
    found = plan(connection, settings, deep=options.deep, progress=_progress(options))
    _show(found.to_json(), found.lines(), options)
    return 2 if options.check and found.changes else 0


def _apply(connection: Connection, settings: Settings, options: argparse.Namespace) -> int:
    report = reconcile(connection, settings, deep=options.deep, progress=_progress(options))
    _show(report.to_json(), report.lines(), options)
    return 0


def _progress(options: argparse.Namespace) -> Any:
    """A bar on a terminal; nothing where nobody watches."""
    if options.json or not is_watched():
        return None

    return partial(draw, "reading")


def _show(value: dict[str, Any], lines: list[str], options: argparse.Namespace) -> None:
    print(json.dumps(value, indent=2) if options.json else "\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
