"""`scripts/schedule`: when every job runs, and what one expression would do. Needs no AWS and no database."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from functions.errors import InvalidSchedule, JobsError
from functions.registry import collect
from functions.scheduling.cron_fields import YEARS
from functions.settings import from_environment
from infra.schedules.explanation import LOCALES, explain_expression
from infra.schedules.explanation_text import explanation_text
from infra.schedules.report import report
from infra.schedules.report_text import report_text

_COUNT = 5
_MOST = 1_000
_WIDTH = 100  # where there is no terminal


def main(arguments: Sequence[str]) -> int:
    """Print what was asked for; the exit code: 0, 1 for jobs or settings that are wrong, 2 for a refused expression."""
    options = _parse(arguments)
    try:
        found, text = _explain(options) if options.command else _report(options)
    except JobsError as error:
        return _fail(error, as_json=options.json)
    print(json.dumps(found, indent=2, ensure_ascii=False) if options.json else text)
    return 0


def _report(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    settings = from_environment(os.environ)
    definitions = [job.definition for job in collect(settings.jobs_packages)]
    found = report(definitions, settings, now=options.now, count=options.count, locale=options.locale)
    return found.to_json(), report_text(found, _width())


def _explain(options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    found = explain_expression(
        options.expression,
        options.timezone,
        settings=from_environment(os.environ),
        now=options.now,
        count=options.count,
        locale=options.locale,
    )
    return found.to_json(), explanation_text(found, _width())


def _fail(error: JobsError, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"code": error.code, "message": str(error)}, indent=2, ensure_ascii=False))
    else:
        print(f"scripts/schedule: {error}", file=sys.stderr)
    return 2 if isinstance(error, InvalidSchedule) else 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/schedule",
        description="Show when every job runs: its schedule in words and as AWS gets it, the service that fires it, "
        "its next occurrences, warnings, and the minutes that many jobs share. Needs no AWS and no database.",
        epilog="Jobs are those of JOBS_PACKAGES; TRIGGER_BACKEND and RULES_LIMIT count too: see docs/settings.md. "
        "What people paused or removed is in the database, not here. More in docs/schedules.md.",
    )
    _add_common(parser, now=datetime.now(UTC))
    explain = parser.add_subparsers(title="for one expression", dest="command", metavar="explain").add_parser(
        "explain",
        usage="scripts/schedule explain 'EXPRESSION' [--timezone ZONE] [option ...]",
        help="for example: scripts/schedule explain '0 9 * * MON-FRI' --timezone Europe/Prague",
        description="Show what one expression would do. A refused one says why, with exit code 2.",
    )
    explain.add_argument("expression", nargs="+", help="in quotes, such as '0 9 * * MON-FRI' or 'rate(5 minutes)'")
    explain.add_argument("--timezone", metavar="ZONE", default="UTC", help="IANA name, default UTC")
    _add_common(explain, now=None)
    options = parser.parse_args(arguments)
    if options.command:
        if len(options.expression) != 1:
            explain.error("put the expression in quotes, as in: scripts/schedule explain '0 9 * * MON-FRI'")
        (options.expression,) = options.expression
    return options


def _add_common(parser: argparse.ArgumentParser, *, now: datetime | None) -> None:
    """The options of both forms; without `now` they have no defaults, so that one given before `explain` counts."""

    def add(name: str, default: Any, **rest: Any) -> None:
        parser.add_argument(name, default=argparse.SUPPRESS if now is None else default, **rest)

    add("--count", _COUNT, type=_count, metavar="N", help=f"how many occurrences to show (default {_COUNT})")
    add("--locale", LOCALES[0], choices=LOCALES, help="language of the schedules in words (default en)")
    add("--now", now, type=_instant, metavar="ISO", help="show it as seen at this instant; UTC without an offset")
    add("--json", False, action="store_true", help="for machines; an error is an object with code and message")


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST):
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 1 to {_MOST}")
    return int(text)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.year not in YEARS.everything:
            raise ValueError
    except ValueError:
        rule = f"an ISO 8601 instant of the years {YEARS.rule}, such as 2027-03-28T00:00"
        raise argparse.ArgumentTypeError(f"{text!r} must be {rule}") from None
    return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)


def _width() -> int:
    return shutil.get_terminal_size((_WIDTH, 24)).columns


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `scripts/schedule | head` ends it quietly
    sys.exit(main(sys.argv[1:]))
