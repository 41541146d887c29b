"""`scripts/permissions`: the policies that whoever deploys or plans a stage needs, for an administrator to attach."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from functions.errors import JobsError, SettingsError
from functions.settings import from_environment
from infra.deployer_options import OPTIONAL, uses_of
from infra.deployer_policy import deployer_policies
from infra.deployment import Deployment
from infra.planner_policy import planner_policies
from infra.stage_file import read_stage

PROJECT = Path(__file__).parents[1]
_EXAMPLES = """examples:
  scripts/permissions --stage prod                      # as pyproject.toml describes it, options and boundary too
  scripts/permissions --stage prod --plan-only          # of a role that only plans, as for pull requests
  scripts/permissions --stage prod --out policies/      # a file for each
  scripts/permissions --stage prod --region eu-central-1 --account 123456789012 --uses vpc   # described nowhere yet

It asks AWS nothing. What each policy is for, and why a boundary: docs/permissions.md. Exit codes: 0; 2 when what was
asked for cannot be."""
_BOUNDARY = r"arn:aws[a-z-]*:iam::(?:[0-9]{12}|aws):policy/[\w+=,.@/-]+"


def main(arguments: Sequence[str]) -> int:
    """Print the policies, or write each to a file; the exit code, as the help says."""
    options = _parse(arguments)
    try:
        documents = _documents(options, _deployment(options))
        if options.out is None:
            print(json.dumps(documents, indent=2))
        else:
            _write(documents, options.out)
    except (JobsError, OSError) as error:
        print(f"scripts/permissions: {error}", file=sys.stderr)
        return 2
    return 0


def _documents(options: argparse.Namespace, deployment: Deployment) -> dict[str, dict[str, Any]]:
    uses = uses_of(deployment.options) | set(options.uses)
    if options.plan_only:
        return planner_policies(deployment, uses=uses)
    boundary = _boundary(options.boundary) or deployment.options.permissions_boundary_arn
    return deployer_policies(deployment, boundary=boundary, uses=uses)


def _deployment(options: argparse.Namespace) -> Deployment:
    """The stage as the file describes it, or by its place alone where that is given."""
    if options.region is None and options.account is None:
        return read_stage(options.file, options.stage, project=PROJECT, environ=os.environ)
    if options.region is None or options.account is None:
        missing = "--region" if options.region is None else "--account"
        raise SettingsError(f"{missing} is missing: give both, or neither to read the stage from {options.file.name}")
    where = {"STAGE": options.stage, "AWS_REGION": options.region, "ACCOUNT_ID": options.account}
    settings = from_environment({**where, "AWS_PARTITION": options.partition})
    return Deployment(settings=settings, jobs=(), project=Path(), cache=Path())


def _boundary(arn: str | None) -> str | None:
    if arn is not None and not re.fullmatch(_BOUNDARY, arn):
        rule = "a policy's ARN, such as arn:aws:iam::123456789012:policy/lamplighter"
        raise SettingsError(f"--boundary={arn!r} is invalid: use {rule}")
    return arn


def _write(documents: dict[str, dict[str, object]], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
        print(path)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/permissions",
        description="Print the IAM policies that whoever deploys a stage needs, or only plans one.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", required=True, help="its name, such as prod")
    parser.add_argument("--plan-only", action="store_true", help="what scripts/deploy plan needs, and nothing else")
    parser.add_argument(
        "--file", type=Path, default=PROJECT / "pyproject.toml", help="where stages are described (pyproject.toml)"
    )
    parser.add_argument("--region", help="where a stage is that no file describes, such as eu-central-1")
    parser.add_argument("--account", help="whose it is then: 12 digits")
    parser.add_argument("--partition", default="aws", help="aws (the default), aws-cn or aws-us-gov; with --region")
    parser.add_argument("--boundary", metavar="ARN", help="the policy no role may be made without (that of the stage)")
    parser.add_argument(
        "--uses", action="append", default=[], choices=sorted(OPTIONAL), metavar="OPTION",
        help=f"an option beside those of the stage: {', '.join(sorted(OPTIONAL))}; may be given again",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIRECTORY", help="write a file for each instead")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
