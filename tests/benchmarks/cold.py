"""A cold start: a fresh interpreter imports the handler and every job, against the bare imports it cannot avoid."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from tests.benchmarks.ratio import Case, Comparison
from tests.benchmarks.ratio import measure as measure_ratios
from tests.conftest import PROJECT

OURS = "import functions.handler; from functions import registry; registry.all_jobs()"
FLOOR = "import psycopg; from aws_lambda_powertools import Logger, Metrics"
TARGET = 1.05


def measure(rounds: int) -> Comparison:
    """Ours against the floor, each in an interpreter of its own."""
    case = Case(name="import", ours=interpreter(OURS), floor=interpreter(FLOOR), calls=1)
    return Comparison(
        benchmark="cold",
        ours="python -c 'import functions.handler; registry.all_jobs()'",
        floor="python -c 'import psycopg; from aws_lambda_powertools import Logger, Metrics'",
        target=TARGET,
        rounds=rounds,
        ratios=measure_ratios([case], rounds=rounds),
    )


def interpreter(code: str) -> Callable[[], object]:
    """Runs the code in a fresh interpreter that finds this project, and waits for its end."""
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "PYTHONPATH": str(PROJECT)}
    return lambda: subprocess.run([sys.executable, "-c", code], env=environment, cwd=PROJECT, check=True)
