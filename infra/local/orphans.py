"""Function processes that a killed supervisor left behind: recorded as they start, killed at the next start."""

from __future__ import annotations

import json
import logging
import os
import platform
import shutil
import signal
import subprocess
from pathlib import Path

logger = logging.getLogger("lamplighter.local")

_RECORD = "process.json"


def record(instance_dir: Path, pid: int) -> None:
    """Notes which process lives in this directory and who supervises it."""
    processes = {"instance": _identity(pid), "supervisor": _identity(os.getpid())}
    (instance_dir / _RECORD).write_text(json.dumps(processes))


def sweep(instances_dir: Path) -> int:
    """Kills every recorded process group whose supervisor is gone and removes its directory; returns how many.

    A process is ours only when its start time is the recorded one as well: process ids are used again.
    """
    killed = 0
    for instance_dir in sorted(instances_dir.glob("*/")):
        processes = _read(instance_dir)
        if processes is None or not _runs(processes["supervisor"]):
            killed += processes is not None and _kill(processes["instance"])
            shutil.rmtree(instance_dir, ignore_errors=True)
    return killed


def kill_group(pid: int) -> None:
    """SIGKILL to the process and to everything it started in its group; nothing when they are gone."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # PermissionError: macOS says so when only zombies are left in the group.
        return


def _read(instance_dir: Path) -> dict[str, str] | None:
    try:
        processes: dict[str, str] = json.loads((instance_dir / _RECORD).read_text())
    except (OSError, ValueError):
        return None
    return processes


def _kill(identity: str) -> bool:
    if not _runs(identity):
        return False
    pid = int(identity.partition(" ")[0])
    logger.warning("killing function process %d: its supervisor was killed and left it behind", pid)
    kill_group(pid)
    return True


def _runs(identity: str) -> bool:
    pid, _, started = identity.partition(" ")
    return bool(started) and _started(int(pid)) == started


def _identity(pid: int) -> str:
    """The process id with the moment the process started, the same for as long as that process exists."""
    return f"{pid} {_started(pid)}"


def _started(pid: int) -> str:
    return _started_on_linux(pid) if platform.system() == "Linux" else _started_elsewhere(pid)


def _started_on_linux(pid: int) -> str:
    try:
        # Counted behind the command's closing parenthesis: the command may contain anything.
        state, *fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return "" if state in "ZX" else f"{boot} {fields[18]}"


def _started_elsewhere(pid: int) -> str:
    shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return shown.stdout.strip()
