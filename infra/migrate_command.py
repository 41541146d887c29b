"""`scripts/migrate`: the schema of one database brought up to date, or of a stage from inside its account."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from functions.database import database
from functions.db import schema
from functions.db.connection import connect
from functions.db.migrate import migrate
from functions.errors import AwsUnavailable, JobsError
from functions.settings import from_environment
from infra.aws import connect as connect_to_aws
from infra.aws import session_for
from infra.operations import run_operation
from infra.stage_file import read_stage

PROJECT = Path(__file__).parents[1]
_EPILOG = """examples:
  DATABASE_URL=postgresql://ann@127.0.0.1/jobs scripts/migrate
  scripts/migrate --stage prod --plan

Without --stage it is the database of DATABASE_URL and DATABASE_* (docs/settings.md), with the migrations of this
checkout. With --stage the operations function of that stage does it, with the migrations of what is deployed: this
machine needs no way to the database. scripts/deploy up does it by itself, at the right moments.
Exit codes: 0; 1 when it could not be done."""


def main(arguments: Sequence[str]) -> int:
    """Migrate, or say what would be applied; the exit code, as the help says."""
    options = _parse(arguments)
    try:
        answer = _of_stage(options) if options.stage else _of_database(options)
    except JobsError as error:
        print(f"scripts/migrate: {error}", file=sys.stderr)
        return 1
    print(json.dumps(answer, indent=2) if options.json else "\n".join(answer["lines"]))
    return 0


def _of_database(options: argparse.Namespace) -> dict[str, Any]:
    target = database(from_environment(os.environ))
    if options.plan:
        with connect(target) as connection:
            applied = schema.applied_migrations(connection) if schema.schema_is_there(connection) else []
        return _pending(schema.pending_migrations(applied))
    applied = migrate(target, now=datetime.now(UTC), only_before=options.before)
    return {"applied": applied, "lines": [f"applied {name}" for name in applied] or ["nothing to apply"]}


def _of_stage(options: argparse.Namespace) -> dict[str, Any]:
    deployment = read_stage(
        options.file, options.stage, project=PROJECT, environ=os.environ, endpoint_url=options.endpoint_url
    )
    try:
        functions = connect_to_aws(deployment, session_for(deployment)).functions
        if options.plan:
            return _pending(run_operation(functions, options.stage, "plan")["pending"])
        before = {"before": True} if options.before else {}
        answer: dict[str, Any] = run_operation(functions, options.stage, "migrate", **before)
    except (ClientError, BotoCoreError) as error:
        raise AwsUnavailable(f"stage {options.stage} could not be asked: {error}; is it up?") from error
    return answer


def _pending(names: Sequence[str]) -> dict[str, Any]:
    return {"pending": list(names), "lines": [f"pending {name}" for name in names] or ["nothing to apply"]}


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/migrate",
        description="Bring the schema up to date: migrations forward only, each once; routines anew each time.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", metavar="S", help="this deployed stage, instead of DATABASE_URL")
    parser.add_argument("--plan", action="store_true", help="only say what would be applied")
    parser.add_argument(
        "--before", action="store_true", help="leave out what takes away what older code still uses (*.after.sql)"
    )
    parser.add_argument("--json", action="store_true", help="for machines")
    parser.add_argument("--file", type=Path, default=PROJECT / "pyproject.toml", help="where stages are described")
    parser.add_argument("--endpoint-url", metavar="URL", help="the AWS of the one-machine edition")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
