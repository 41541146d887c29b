"""A cold start: a fresh interpreter imports the handler and one job, against the bare imports it cannot avoid.

In CPU time, user and system, of the process: waiting for a busy machine is no part of it. Both sides stop with
`os._exit` as soon as everything is imported: Python's own end frees every object, which Lambda never waits for, and
which ours would be ahead in (docs/adr/0033). Each round starts ours and the floor one right after the other; the first
start of each is not counted and leaves the compiled modules behind.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable

from functions.job import Job
from functions.registry import collect
from tests.benchmarks.ratio import Comparison, Ratio, ratio_of
from tests.conftest import PROJECT

OURS = "from functions import handler; handler.registry.find({job_id!r})"
FLOOR = "import psycopg; from aws_lambda_powertools import Logger, Metrics"
STOP = "; import os; os._exit(0)"
TARGET = 1.05


def measure(rounds: int) -> Comparison:
    """The start of each job that comes with the product against the floor, each in an interpreter of its own."""
    return Comparison(
        benchmark="cold",
        ours=f"JOB_MODULE=… python -c 'from functions import handler; handler.registry.find(…){STOP}'",
        floor=f"python -c '{FLOOR}{STOP}'",
        target=TARGET,
        rounds=rounds,
        ratios=tuple(_ratio(job, rounds) for job in collect(["functions.jobs"])),
    )


def _ratio(job: Job, rounds: int) -> Ratio:
    ours = interpreter(OURS.format(job_id=job.definition.id), JOB_MODULE=job.definition.module)
    return paired(job.definition.id, ours, interpreter(FLOOR), rounds)


def paired(name: str, ours: Callable[[], object], floor: Callable[[], object], rounds: int) -> Ratio:
    """The CPU time of the process that ours starts against that of the floor's, after a start that is not counted."""
    ours(), floor()
    return ratio_of(name, [_pair(ours, floor, ours_first=number % 2 == 0) for number in range(rounds)])


def _pair(ours: Callable[[], object], floor: Callable[[], object], *, ours_first: bool) -> tuple[float, float]:
    if ours_first:
        return _cpu_s(ours), _cpu_s(floor)
    of_floor = _cpu_s(floor)
    return _cpu_s(ours), of_floor


def _cpu_s(run: Callable[[], object]) -> float:
    """The seconds of CPU that the process this starts and waits for has used."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def interpreter(code: str, **variables: str) -> Callable[[], object]:
    """Runs the code in a fresh interpreter that finds this project and stops right after it, and waits for that."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "PYTHONPATH": str(PROJECT), **variables}
    return lambda: subprocess.run([sys.executable, "-c", code + STOP], env=environment, cwd=PROJECT, check=True)
