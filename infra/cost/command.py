"""What a deployment costs a month, for `scripts/deploy cost` and, without a deployment, `scripts/cost`."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from functions.errors import JobsError
from functions.registry import collect
from functions.settings import from_environment
from infra.cost.estimate import estimate
from infra.cost.history import History
from infra.cost.jobs import Assumptions
from infra.cost.text import estimate_text
from infra.deployment import Deployment, Target

_PROJECT = Path(__file__).resolve().parent.parent.parent
_DEFAULT = Assumptions()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every form of the command beside --json: what to assume, and how much to show."""
    add = parser.add_argument_group("assumptions").add_argument
    add("--duration", type=_number, default=_DEFAULT.duration_s, metavar="S",
        help=f"seconds of an execution that history does not know (default {_DEFAULT.duration_s:g})")  # fmt: skip
    add("--overhead", type=_number, default=_DEFAULT.overhead_s, metavar="S",
        help=f"seconds to claim and record an execution (default {_DEFAULT.overhead_s:g})")  # fmt: skip
    add("--cold-start", type=_number, default=_DEFAULT.cold_start_s, metavar="S",
        help=f"seconds of a cold start, of jobs that run seldom (default {_DEFAULT.cold_start_s:g})")  # fmt: skip
    add("--log-bytes", type=_number, default=_DEFAULT.log_bytes, metavar="N",
        help=f"bytes an execution logs, where history does not know (default {_DEFAULT.log_bytes:g})")  # fmt: skip
    add("--api-requests", type=_number, default=_DEFAULT.api_requests, metavar="N",
        help=f"requests to the admin API and UI a month (default {_DEFAULT.api_requests:g})")  # fmt: skip
    parser.add_argument("--jobs", action="store_true", help="show every job, not only those that use most")


def run(options: argparse.Namespace, deployment: Deployment, *, history: Mapping[str, Any] | None) -> int:
    """Print the estimate; 0. `history` is what the operation `usage` answered, None where nothing is deployed.

    Raises SettingsError when prices.toml is wrong.
    """
    assumed = Assumptions(
        duration_s=options.duration,
        overhead_s=options.overhead,
        cold_start_s=options.cold_start,
        log_bytes=options.log_bytes,
        api_requests=options.api_requests,
    )
    found = estimate(deployment, History.from_json(history), assumed, now=datetime.now(UTC))
    print(json.dumps(found.to_json(), indent=2) if options.json else estimate_text(found, every_job=options.jobs))
    return 0


def main(arguments: Sequence[str]) -> int:
    """`scripts/cost`: the jobs of this project as a first deploy makes them; 1 when settings or a job are wrong."""
    options = _parse(arguments)
    try:
        history = _local_usage(options.state) if options.state else None
        return run(options, _undeployed(options), history=history)
    except JobsError as error:
        print(f"scripts/cost: {error}", file=sys.stderr)
        return 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/cost",
        description="Estimate what the jobs of this project would cost in AWS a month, from their definitions. "
        "Asks neither AWS nor a database.",
        epilog="Jobs are those of JOBS_PACKAGES. What is deployed already: scripts/deploy cost. More in docs/cost.md.",
    )
    parser.add_argument("--region", default="us-east-1", help="whose prices to take (default us-east-1)")
    parser.add_argument("--architecture", choices=("arm64", "x86_64"), default="arm64", help="default arm64")
    parser.add_argument("--state", type=Path, metavar="DIR", help="take the history of the scripts/dev that runs there")
    parser.add_argument("--json", action="store_true", help="for machines, with every price's date and source")
    add_arguments(parser)
    return parser.parse_args(arguments)


def _undeployed(options: argparse.Namespace) -> Deployment:
    # The templates are made to be counted: what they need to know of a real deployment does not change their number.
    nowhere = {"DATABASE_URL": "postgresql://nobody@localhost/none"}
    # Without a key, as on AWS: the API's stack then makes a secret.
    settings = from_environment({**nowhere, **os.environ, "AUTH_SIGNING_KEY": "", "AWS_REGION": options.region})
    return Deployment(
        settings=settings,
        jobs=tuple(job.definition for job in collect(settings.jobs_packages)),
        project=_PROJECT,
        cache=_PROJECT / ".local" / "cache",
        target=Target(architecture=options.architecture),
    )


def _local_usage(state: Path) -> dict[str, Any]:
    from functions.db.connection import connect  # late: only who asks for history needs psycopg
    from functions.db.usage import usage
    from infra.local.running import facts_of

    with connect(facts_of(state)["database_url"]) as connection:
        return usage(connection, datetime.now(UTC)).to_json()


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} must be a number of at least 0")
    return number


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `scripts/cost | head` ends it quietly
    sys.exit(main(sys.argv[1:]))
