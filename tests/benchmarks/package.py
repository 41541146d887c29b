"""A cold start from the package that Lambda gets, against the same package without its compiled modules.

Both are unpacked as Lambda unpacks them, and nothing is written there. In CPU time of the process, as `cold` measures.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from functions.settings import from_environment
from infra.archive import Archive
from infra.deployment import Deployment, Target
from infra.packaging import build_packages
from tests.benchmarks.cold import OURS, paired
from tests.benchmarks.ratio import Comparison, Ratio
from tests.conftest import PROJECT

TARGET = 0.67
_MODULE, _JOB = "functions.jobs.retention", "retention"


def measure(rounds: int) -> Comparison:
    """The start of a job and of the admin API, each in an interpreter of its own that finds its package alone."""
    packages = build_packages(_deployment())
    with tempfile.TemporaryDirectory(prefix="lamplighter-bench-") as folder:
        ratios = (
            _ratio("a job", packages.functions, OURS.format(job_id=_JOB), Path(folder), rounds),
            _ratio("the admin API", packages.api, "import app", Path(folder), rounds),
        )
    return Comparison(
        benchmark="package",
        ours="a start from the package",
        floor="one from the same package without compiled modules",
        target=TARGET,
        rounds=rounds,
        ratios=ratios,
    )


def _deployment() -> Deployment:
    """Lambda's own platform, for the Python and processor we run on."""
    return Deployment(
        settings=from_environment({}),
        jobs=(),
        project=PROJECT,
        cache=PROJECT / ".local" / "cache",
        target=replace(Target.host(), native=False),
    )


def _ratio(name: str, package: Archive, code: str, folder: Path, rounds: int) -> Ratio:
    whole, stripped = folder / f"{package.name} whole", folder / f"{package.name} stripped"
    for directory in (whole, stripped):
        with zipfile.ZipFile(package.path) as opened:
            opened.extractall(directory)
    for cache in list(stripped.rglob("__pycache__")):
        shutil.rmtree(cache)
    return paired(name, _start(code, whole), _start(code, stripped), rounds)


def _start(code: str, directory: Path) -> Callable[[], object]:
    # -S and -P: nothing but the package can be imported. -B: nothing is written, as in Lambda.
    command = [sys.executable, "-P", "-S", "-s", "-B", "-c", code]
    environment = {"PYTHONPATH": str(directory), "JOB_MODULE": _MODULE}
    return lambda: subprocess.run(command, env=environment, cwd=directory, check=True)
