"""No function process outlives its supervisor for long, and nothing else is ever killed for one."""

from __future__ import annotations

import json
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import orphans
from infra.local.executor import Executor
from tests.integration.local.account import WAITS_AT_GATE, Gate

SUPERVISOR = """
import json, sys
from pathlib import Path
from infra.local.executor import Executor
from tests.integration.local.account import function_in
python, state_dir, event, source = sys.argv[1:]
function = function_in(Path(state_dir), source)
Executor(python=Path(python), state_dir=Path(state_dir)).invoke(lambda: function, event.encode())
"""

SURVIVES = """
import ctypes
ctypes.CDLL(None).prctl(1, 0)
""" + WAITS_AT_GATE.replace("gate.recv(1)", "gate.recv(1); gate.sendall(b'alive'); gate.recv(1)")

pytestmark = pytest.mark.skipif(platform.system() != "Linux", reason="the parent-death signal is Linux's")


@pytest.fixture
def supervisor(tmp_path: Path, runtime_python: Path, gate: Gate, source: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with an executor whose function, of this source, waits at the gate."""
    arguments = [str(runtime_python), str(tmp_path), json.dumps(gate.event), source]
    with subprocess.Popen([sys.executable, "-c", SUPERVISOR, *arguments], cwd=Path(__file__).parents[3]) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("source", [WAITS_AT_GATE])
def test_a_function_process_dies_with_its_supervisor(supervisor: subprocess.Popen[bytes], gate: Gate) -> None:
    _, connection = gate.arrival()
    supervisor.kill()
    assert connection.recv(1) == b""


@pytest.mark.parametrize("source", [SURVIVES])
def test_a_process_that_survived_its_supervisor_is_swept_at_the_next_start(
    supervisor: subprocess.Popen[bytes], gate: Gate, tmp_path: Path, runtime_python: Path
) -> None:
    _, connection = gate.arrival()
    supervisor.kill()
    supervisor.wait()
    connection.sendall(b"x")
    assert connection.recv(5) == b"alive", "this test needs a process that survived"
    with Executor(python=runtime_python, state_dir=tmp_path):
        assert connection.recv(1) == b""
        assert list((tmp_path / "instances").iterdir()) == []


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    """A process in a group of its own."""
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as process:
        yield process
        process.kill()


def test_a_process_that_got_a_recorded_id_later_is_left_alone(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    recorded = tmp_path / "instance"
    recorded.mkdir()
    orphans.record(recorded, stranger.pid)
    processes = json.loads((recorded / "process.json").read_text())
    earlier = {"instance": processes["instance"] + "0", "supervisor": processes["supervisor"] + "0"}
    (recorded / "process.json").write_text(json.dumps(earlier))
    assert orphans.sweep(tmp_path) == 0
    assert stranger.poll() is None
    assert not recorded.exists()


def test_the_instances_of_a_living_supervisor_are_left_alone(tmp_path: Path, stranger: subprocess.Popen[bytes]) -> None:
    recorded = tmp_path / "instance"
    recorded.mkdir()
    orphans.record(recorded, stranger.pid)
    assert orphans.sweep(tmp_path) == 0
    assert stranger.poll() is None
    assert recorded.exists()


def test_a_recorded_process_of_a_dead_supervisor_is_killed(tmp_path: Path, stranger: subprocess.Popen[bytes]) -> None:
    recorded = tmp_path / "instance"
    recorded.mkdir()
    orphans.record(recorded, stranger.pid)
    processes = json.loads((recorded / "process.json").read_text())
    (recorded / "process.json").write_text(json.dumps({**processes, "supervisor": f"{os.getpid()} long ago"}))
    assert orphans.sweep(tmp_path) == 1
    assert stranger.wait() == -signal.SIGKILL
