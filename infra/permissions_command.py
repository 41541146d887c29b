"""`scripts/permissions`: the policies that whoever deploys a stage needs, to be attached by an administrator."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from functions.errors import JobsError, SettingsError
from functions.settings import from_environment
from infra.deployer_policy import deployer_policies
from infra.deployment import Deployment

_EXAMPLES = """examples:
  scripts/permissions --stage prod --region eu-central-1 --account 123456789012
  scripts/permissions --stage prod --region eu-central-1 --account 123456789012 \\
    --boundary arn:aws:iam::123456789012:policy/lamplighter --out policies/

It asks AWS nothing. What each policy is for, and why a boundary: docs/permissions.md. Exit codes: 0; 2 when what was
asked for cannot be."""
_BOUNDARY = r"arn:aws[a-z-]*:iam::(?:[0-9]{12}|aws):policy/[\w+=,.@/-]+"


def main(arguments: Sequence[str]) -> int:
    """Print the policies, or write each to a file; the exit code, as the help says."""
    options = _parse(arguments)
    try:
        documents = deployer_policies(_deployment(options), boundary=_boundary(options.boundary))
        if options.out is None:
            print(json.dumps(documents, indent=2))
        else:
            _write(documents, options.out)
    except (JobsError, OSError) as error:
        print(f"scripts/permissions: {error}", file=sys.stderr)
        return 2
    return 0


def _deployment(options: argparse.Namespace) -> Deployment:
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
        description="Print the IAM policies that whoever deploys a stage needs.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stage", required=True, help="its name, such as prod")
    parser.add_argument("--region", required=True, help="where it is, such as eu-central-1")
    parser.add_argument("--account", required=True, help="whose it is: 12 digits")
    parser.add_argument("--partition", default="aws", help="aws (the default), aws-cn or aws-us-gov")
    parser.add_argument("--boundary", metavar="ARN", help="the policy no role may be made without")
    parser.add_argument("--out", type=Path, metavar="DIRECTORY", help="write a file for each instead")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
