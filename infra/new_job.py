"""`scripts/new-job`: the file of a new job, checked before it is written."""

from __future__ import annotations

import argparse
import json
import keyword
import os
import re
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from functions.definition import JobDefinition
from functions.errors import DuplicateJob, InvalidJob, JobsError
from functions.registry import collect
from functions.settings import from_environment
from infra.schedules.explanation import LOCALES, explain_expression
from infra.schedules.explanation_text import explanation_text

PROJECT = Path(__file__).parents[1]
_EPILOG = """examples:
  scripts/new-job morning-report --schedule '0 7 * * MON-FRI' --timezone Europe/Prague
  scripts/new-job rebuild-index --description 'Rebuilds the search index.'     by hand only

It writes functions/jobs/<words>.py and nothing else; a file that is there stays as it is. More: docs/add-a-job.md.
Exit codes: 0; 2 when what was asked for cannot be."""
_FILE = '''"""%(description)s"""

from __future__ import annotations

from functions.job import JobContext, job


@job(%(options)s)
def %(function)s(ctx: JobContext) -> dict[str, object]:
    """%(description)s"""
    raise NotImplementedError("write what this job does; until then each execution of it fails")
'''
_AS_ARGUMENTS = ("id", "schedule", "timezone")
_NEXT = 3
_WIDTH = 100  # where there is no terminal


def main(arguments: Sequence[str]) -> int:
    """Write the file and say what comes next; 0, or 2 where nothing was written."""
    options = _parse(arguments)
    try:
        definition = _checked(options)
        path = _write(definition, options.project / "functions/jobs")
    except JobsError as error:
        print(f"scripts/new-job: {error}", file=sys.stderr)
        return 2
    print(f"created {path.relative_to(options.project)}")
    if definition.schedule is not None:
        print(_explained(definition.schedule, definition.timezone))
    print("next: write the function, name the job in docs/jobs.md (a test asks for it); scripts/dev runs it")
    return 0


def _checked(options: argparse.Namespace) -> JobDefinition:
    """The definition, by the rules that count at import. Raises InvalidJob, InvalidSchedule or DuplicateJob."""
    description = options.description or f"{options.id}: say here what it does."
    if not description.isprintable() or not description.strip():
        raise InvalidJob(f"description={description!r} is invalid: use one line of printable text")
    definition = JobDefinition(
        id=options.id, schedule=options.schedule, timezone=options.timezone, description=description
    )
    for job in collect(from_environment(os.environ).jobs_packages):
        if job.definition.id == definition.id:
            raise DuplicateJob(f"job {definition.id!r} is there already, in {job.definition.module}: use another id")
    return definition


def _write(definition: JobDefinition, folder: Path) -> Path:
    words = re.sub(r"[.-]", "_", definition.id)
    function = words if words.isidentifier() and not keyword.iskeyword(words) else f"job_{words}"
    path = folder / f"{function}.py"
    given = {name: getattr(definition, name) for name in _AS_ARGUMENTS}
    said = {name: value for name, value in given.items() if value != getattr(JobDefinition, name, None)}
    values = {
        "description": definition.description.replace("\\", "\\\\").replace('"', '\\"'),
        "options": ", ".join(f"{name}={json.dumps(value)}" for name, value in said.items()),
        "function": function,
    }
    try:
        with path.open("x") as file:
            file.write(_FILE % values)
    except FileExistsError as error:
        raise InvalidJob(f"{path.name} is there already: it was left as it is; use another id") from error
    return path


def _explained(schedule: str, timezone: str) -> str:
    found = explain_expression(
        schedule, timezone, settings=from_environment(os.environ), now=datetime.now(UTC), count=_NEXT, locale=LOCALES[0]
    )
    return explanation_text(found, shutil.get_terminal_size((_WIDTH, 24)).columns)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/new-job", description="Write the file of a new job, checked first.", epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("id", metavar="ID", help="1-100 of a-z 0-9 . _ - ; it never changes")
    parser.add_argument("--schedule", metavar="EXPRESSION", help="such as '*/15 9-17 * * MON-FRI'; without it: by hand")
    parser.add_argument("--timezone", metavar="ZONE", default="UTC", help="IANA name the schedule is read in")
    parser.add_argument("--description", metavar="TEXT", help="one line: what people see")
    parser.add_argument("--project", type=Path, default=PROJECT, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
