"""Jobs that really run, in function processes of their own; they wait at a gate until the test lets them go on."""

from __future__ import annotations

from pathlib import Path

# The variable that names the directory of the gates.
GATE = "GATES"
BACKUP, IMPORT = "nightly-backup", "import-prices"
# What somebody might write who wishes our readers ill.
EVIL = "<script>alert('log')</script><img src=x onerror=alert('log')>"
_JOB = """
import os, pathlib, time
from functions.job import job

def wait(ctx, name):
    gate = pathlib.Path(os.environ["GATES"]) / name
    while not gate.exists():
        ctx.raise_if_cancelled()
        time.sleep(0.02)

@job(id="{id}")
def the_job(ctx):
    {body}
"""
_BACKUP = """
    ctx.progress(1, 4, "tables")
    ctx.logger.info("reading the first table")
    wait(ctx, "half-way")
    ctx.progress(3, 4, "tables")
    ctx.logger.warning("the third table is slow")
    wait(ctx, "end")
    ctx.progress(4, 4, "tables")
    ctx.logger.info("done")
"""
_IMPORT = f"""
    ctx.logger.info({EVIL!r})
    raise ValueError({EVIL!r})
"""
RUNNING = {
    BACKUP: _JOB.format(id=BACKUP, body=_BACKUP.strip()),
    IMPORT: _JOB.format(id=IMPORT, body=_IMPORT.strip()),
}


class Gates:
    """What the jobs wait for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def open(self, *names: str) -> None:
        """Let them go on."""
        for name in names:
            (self._directory / name).touch()

    def close(self) -> None:
        """Have the next ones wait."""
        for gate in self._directory.iterdir():
            gate.unlink()
