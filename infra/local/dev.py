"""`scripts/dev`: start everything on this machine, say where it is, and stop all of it on Ctrl-C."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from functions.errors import JobsError
from functions.scheduling.cron import Schedule
from infra.local.confinement import confine
from infra.local.given_database import drop_schema, given_database
from infra.local.stack import REGION, Running, Stack, read_jobs
from infra.local.state import State

_PROJECT = Path(__file__).resolve().parent.parent.parent
_PORT = 8765


def main() -> int:
    """Run until a signal comes; the exit code."""
    begun = monotonic()
    options = _parse()
    state = State(options.state or _PROJECT / ".local")
    try:
        state.lock()
        if options.reset:
            _reset(state)
    except JobsError as error:
        return _fail(error)
    _log_to(state.directory)
    stack = Stack(_PROJECT, state, port=options.port, package=options.package, report=_print_step)
    _on_signals(_interrupt)
    try:
        with _nothing_collected():
            running = stack.start()
        _welcome(running, state, monotonic() - begun)
        threading.Event().wait()
    except JobsError as error:
        return _fail(error)
    except KeyboardInterrupt:
        pass
    finally:
        _on_signals(signal.SIG_IGN)  # what stops is not to be stopped half-way
        ended = monotonic()
        stack.stop()
        print(f"stopped in {monotonic() - ended:.1f} s", flush=True)
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/dev",
        description="Start everything on this machine: PostgreSQL, AWS, the jobs, the clock and the admin API. "
        "Ctrl-C stops all of it; the next start keeps history and pauses.",
        epilog="DATABASE_URL, on this machine, is used instead of a PostgreSQL of our own when it is set. "
        "JOBS_PACKAGES, TRIGGER_BACKEND, RULES_LIMIT and LOG_LEVEL are passed on: see docs/settings.md.",
    )
    parser.add_argument(
        "--reset",
        action="store_true",
        help="start clean: forget pauses, history and all else; DATABASE_URL's schema lamplighter is dropped",
    )
    parser.add_argument(
        "--port", type=int, default=_PORT, help=f"of the admin API (default {_PORT}; the next free one if taken)"
    )
    parser.add_argument(
        "--package",
        action="store_true",
        help="run the packages as AWS would get them: wheels for Lambda's Linux, checked, and compiled modules",
    )
    parser.add_argument("--state", type=Path, help="where to keep state (default .local/ in the project)")
    options = parser.parse_args()
    if options.package and sys.platform != "linux":
        parser.error(f"--package runs Lambda's binaries, which need Linux; this is {sys.platform}")
    return options


def _reset(state: State) -> None:
    """Forget all state; the schema of a database that was given goes first, because that one can refuse."""
    confine(os.environ, region=REGION)  # before libpq could look for a server in PGHOST
    url = given_database()
    if url is not None:
        drop_schema(url)
        print("reset: the schema lamplighter in DATABASE_URL's database is gone", flush=True)
    state.reset()
    print("reset: our own database, pauses, history and the clock's memory are gone", flush=True)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """What a start imports and makes stays, and looking for garbage in it would take a fifth of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _on_signals(action: Any) -> None:
    """Ctrl-C, `kill` and a terminal that closes all mean the same."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, action)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _print_step(step: str, seconds: float, detail: str) -> None:
    first, *more = detail.splitlines() or [""]
    print("\n".join([f"  {step:<22}{seconds:6.2f} s   {first}", *(" " * 35 + line for line in more)]), flush=True)


def _welcome(running: Running, state: State, seconds: float) -> None:
    facts = shlex.quote(str(state.directory / "dev.json"))
    print(f"\nready in {seconds:.1f} s\n")
    print(f"  admin UI    {running.url}/admin/")
    print(f"  admin API   {running.url}/api/v1/admin/jobs")
    if running.admin_password is not None:
        print(f"  log in      as admin with the password {running.admin_password}")
        print(f"  or          with the bearer token in {facts}, for example:")
    else:
        print(f"  log in      with the bearer token in {facts}, for example:")
    print(
        f"              token=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[\"token\"])' {facts})"
    )
    print(f'              curl -H "Authorization: Bearer $token" {running.url}/api/v1/admin/jobs')
    print(f"  logs        {state.directory / 'logs'}\n\n  next occurrences")
    for at, job_id in _next_occurrences(read_jobs(running.url, running.token), count=3):
        print(f"              {at.astimezone():%Y-%m-%d %H:%M %Z}  {job_id}")
    print("\nCtrl-C stops everything\n", flush=True)


def _next_occurrences(jobs: list[dict[str, Any]], *, count: int) -> list[tuple[datetime, str]]:
    """The next occurrences over all jobs; what the API knows no time for (paused, a fresh rate) has none."""
    found: list[tuple[datetime, str]] = []
    for job in jobs:
        if job["nextExecution"]:
            first = datetime.fromisoformat(job["nextExecution"])
            later = Schedule.parse(job["cron"], job["timezone"]).upcoming(first, count - 1, anchor=first)
            found += [(at, job["id"]) for at in (first, *later)]
    return sorted(found)[:count]


def _log_to(directory: Path) -> None:
    """Warnings on the console, all of it in logs/dev.log."""
    (directory / "logs").mkdir(exist_ok=True)
    file = logging.FileHandler(directory / "logs" / "dev.log")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    console = logging.StreamHandler(sys.stderr)
    console.setLevel(logging.WARNING)
    console.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger = logging.getLogger("lamplighter")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(file)
    logger.addHandler(console)


def _fail(error: JobsError) -> int:
    print(f"scripts/dev: {error}", file=sys.stderr, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main())
