"""`scripts/enqueue`: a one-time execution, or one for each line of a file, for a person at a shell."""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from functions.errors import AwsUnavailable, InvalidEnqueue, InvalidParams, JobNotFound, JobsError
from functions.job import Job, enqueue, enqueue_many
from functions.registry import collect
from functions.settings import settings
from infra.local.running import STATE, deployed_variables, facts_of
from infra.progress_bar import draw, is_watched

_DELAY = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_EXAMPLES = """examples:
  scripts/enqueue expired-refresh-token-cleanup
  scripts/enqueue send-email --params '{"to": "ann@example.com", "subject": "Hello", "text": "It works."}' --key hello
  scripts/enqueue send-email --params-file mails.jsonl --at 2027-01-01T08:00+01:00
  make-mails | scripts/enqueue send-email --params-file - --delay 2h --json

Without STAGE, or with STAGE=local, it is the running scripts/dev. With another STAGE it is that deployment, by
DATABASE_URL, AWS_REGION and your AWS credentials, which need what docs/one-time-jobs.md says. The job's code is this
checkout's. Exit codes: 0; 1 when it could not be done; 2 when what was asked for cannot be."""


@dataclass
class ParamsLines:
    """The params in a file (`-`: standard input), one JSON value a line. number: the line read last; count: so many."""

    name: str
    number: int = 0
    count: int = 0

    def __iter__(self) -> Iterator[Any]:
        try:
            with open(sys.stdin.fileno() if self.name == "-" else self.name, "rb", closefd=self.name != "-") as file:
                yield from self._read(file)
        except OSError as error:
            raise InvalidParams(f"--params-file {self.name!r} cannot be read: {error.strerror}") from error

    def _read(self, file: Any) -> Iterator[Any]:
        for self.number, line in enumerate(file, start=1):
            if line.strip():
                self.count += 1
                yield _json(line)


def main(arguments: Sequence[str]) -> int:
    """Enqueue what was asked for and print its ids; the exit code, as the help says."""
    options = _parse(arguments)
    try:
        _aim(options.state)
        job = _job(options.job)
        answer = _one(job, options) if options.params_file is None else _many(job, options)
    except JobsError as error:
        return _fail(error, as_json=options.json)
    print(json.dumps(answer, indent=2) if options.json else _text(answer))
    return 0


def _aim(state: Path) -> None:
    """Let this process's settings lead to the deployment that is meant. Raises JobsError."""
    settings.cache_clear()
    if os.environ.get("STAGE", "local") != "local":
        _know_account()
        return
    facts = facts_of(state)
    try:
        os.environ.update(deployed_variables(facts))
    except (BotoCoreError, ClientError) as error:
        raise AwsUnavailable(f"scripts/dev does not answer: {error}; start it again") from error


def _know_account() -> None:
    """Ask AWS whose credentials these are, before anything is written: names of what is sent to begin with it."""
    try:
        arn = boto3.client("sts", region_name=settings().region).get_caller_identity()["Arn"].split(":")
    except (BotoCoreError, ClientError) as error:
        raise AwsUnavailable(f"AWS did not say whose credentials these are: {error}; nothing was enqueued") from error
    os.environ.update({"AWS_PARTITION": arn[1], "ACCOUNT_ID": arn[4]})
    settings.cache_clear()


def _job(job_id: str) -> Job:
    jobs = {job.definition.id: job for job in collect(settings().jobs_packages)}
    if job_id not in jobs:
        raise JobNotFound(f"no job has the id {job_id!r}: use one of {', '.join(jobs)}")
    return jobs[job_id]


def _one(job: Job, options: argparse.Namespace) -> dict[str, Any]:
    execution_id = enqueue(job, params=options.params, at=options.at, key=options.key)
    return _answer(job, [str(execution_id)], options)


def _many(job: Job, options: argparse.Namespace) -> dict[str, Any]:
    lines, sent = ParamsLines(options.params_file), 0
    shows = not options.json and is_watched()

    def progress(sent_so_far: int) -> None:
        nonlocal sent
        sent = sent_so_far
        if shows and options.at is None:
            draw("sending", sent, lines.count)

    ids = _named(lines, lambda: enqueue_many(job, lines, at=options.at, progress=progress))
    return _answer(job, [str(found) for found in ids], options) | {"sent": sent}


def _named(lines: ParamsLines, do: Callable[[], list[Any]]) -> list[Any]:
    """What it returns; an error about a line says which."""
    try:
        return do()
    except (InvalidParams, InvalidEnqueue) as error:
        if lines.number == 0:
            raise
        raise type(error)(f"{lines.name}:{lines.number}: {error}; nothing was enqueued") from error


def _answer(job: Job, ids: list[str], options: argparse.Namespace) -> dict[str, Any]:
    at = None if options.at is None else options.at.isoformat(timespec="seconds")
    return {"job_id": job.definition.id, "stage": settings().stage, "at": at, "execution_ids": ids}


def _text(answer: dict[str, Any]) -> str:
    ids, sent = answer["execution_ids"], answer.get("sent")
    what = f"execution {ids[0]}" if sent is None else f"{len(ids):,} execution{'s' if len(ids) != 1 else ''}"
    when = "now" if answer["at"] is None else f"at {answer['at']}"
    rest = f"; {len(ids) - sent:,} wait for the next sweep" if sent is not None and not answer["at"] else ""
    return f"{answer['job_id']} ({answer['stage']}): {what}, {when}{rest if sent != len(ids) else ''}"


def _fail(error: JobsError, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"code": error.code, "message": str(error)}, indent=2, ensure_ascii=False))
    else:
        print(f"scripts/enqueue: {error}", file=sys.stderr)
    return 2 if isinstance(error, InvalidParams | InvalidEnqueue) else 1


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/enqueue",
        description="Enqueue one execution of a job, or one for each line of a file, now or later.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("job", metavar="JOB", help="its id, such as send-email")
    params = parser.add_mutually_exclusive_group()
    params.add_argument("--params", type=_params, metavar="JSON", help="what the job is told: an object")
    params.add_argument(
        "--params-file", metavar="FILE", help="an execution for each line, a JSON object; all or none; - for stdin"
    )
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--at", type=_instant, metavar="ISO", help="start then; UTC without an offset")
    when.add_argument("--delay", type=_delay, metavar="90s", dest="at", help="start in so many s, m, h or d")
    parser.add_argument("--key", metavar="K", help="only if no execution with this key is unfinished: else that one")
    parser.add_argument("--json", action="store_true", help="for machines; an error is an object with code and message")
    parser.add_argument("--state", type=Path, default=STATE, help="of scripts/dev (default .local/)")
    options = parser.parse_args(arguments)
    if options.key is not None and options.params_file is not None:
        parser.error("--key names one execution: leave it out with --params-file")
    return options


def _params(text: str) -> Any:
    try:
        return _json(text)
    except InvalidParams as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidParams(f'this is no JSON ({error}): use an object such as {{"to": "ann@example.com"}}') from None


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        rule = "an ISO 8601 instant, such as 2027-01-01T08:00+01:00"
        raise argparse.ArgumentTypeError(f"{text!r} must be {rule}") from None


def _delay(text: str) -> datetime:
    found = _DELAY.fullmatch(text)
    if found is None or not text.isascii():
        raise argparse.ArgumentTypeError(f"{text!r} must be a number with s, m, h or d, such as 90s")
    return datetime.now(UTC) + timedelta(**{_UNITS[found[2]]: int(found[1])})


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # `scripts/enqueue … | head` ends it quietly
    sys.exit(main(sys.argv[1:]))
