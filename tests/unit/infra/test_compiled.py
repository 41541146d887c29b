"""Modules are compiled by a Python of the target's version, wherever there is one that really runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from infra.compiled import NotCompilable, find_compiler

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def stand_in(directory: Path, python: str, program: str) -> None:
    directory.mkdir(parents=True)
    file = directory / f"python{python}"
    file.write_text(f"#!/bin/sh\n{program}\n")
    file.chmod(0o755)


def test_this_interpreter_compiles_for_its_own_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    found = find_compiler(HERE)
    assert found is not None
    assert found.executable == sys.executable
    assert found.version.startswith(f"{HERE}.{sys.version_info.micro}")


def test_the_first_of_the_path_that_runs_and_is_that_version_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path / "shim", "3.99", "echo 'no such version' >&2; exit 127")
    stand_in(tmp_path / "other", "3.99", """echo '["cpython", 3, 98, 1, "final", 0]'""")
    stand_in(tmp_path / "pypy", "3.99", """echo '["pypy", 3, 99, 1, "final", 0]'""")
    stand_in(tmp_path / "good", "3.99", """echo '["cpython", 3, 99, 1, "final", 0]'""")
    monkeypatch.setenv("PATH", ":".join(str(tmp_path / name) for name in ("shim", "other", "none", "pypy", "good")))
    found = find_compiler("3.99")
    assert found is not None
    assert (found.executable, found.version) == (str(tmp_path / "good" / "python3.99"), "3.99.1.final.0")


def test_without_one_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert find_compiler("3.99") is None


def test_a_module_that_is_not_valid_is_left_out_or_refused_and_named(tmp_path: Path) -> None:
    (tmp_path / "good.py").write_text("GOOD = {'a', 'b', 'c'}\n")
    (tmp_path / "bad.py").write_text("print 'two'\n")
    (tmp_path / "out").mkdir()
    files = {f"package/{name}": tmp_path / name for name in ("good.py", "bad.py")} | {"package/data.csv": tmp_path}
    compiler = find_compiler(HERE)
    assert compiler is not None

    made = compiler.compile(files, tmp_path / "out", strict=False)
    assert list(made) == [f"package/__pycache__/good.cpython-{HERE.replace('.', '')}.pyc"]
    with pytest.raises(NotCompilable, match=r"(?s)1 modules are not valid Python .*package/bad\.py"):
        compiler.compile(files, tmp_path / "out", strict=True)
