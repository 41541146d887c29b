"""`scripts/new-job` writes a file that is a job, once, and says no in time."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from functions.job import Job
from infra import new_job
from tests.conftest import PROJECT

Make = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The empty functions/jobs of a project."""
    path = tmp_path / "functions/jobs"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def make(folder: Path) -> Make:
    """Calls it for that project; the exit code."""
    return lambda *arguments: new_job.main([*arguments, "--project", str(folder.parents[1])])


def job_in(path: Path) -> Job:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("Job", getattr(module, path.stem))


def test_the_file_is_a_job_with_what_was_asked_for_that_fails_until_it_is_written(
    make: Make, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        make("my-report", "--schedule", "0 7 * * MON-FRI", "--timezone", "Europe/Prague", "--description", "Says.") == 0
    )
    job = job_in(folder / "my_report.py")
    made = job.definition
    assert (made.id, made.schedule, made.timezone, made.description) == (
        "my-report", "0 7 * * MON-FRI", "Europe/Prague", "Says.",
    )  # fmt: skip
    with pytest.raises(NotImplementedError):
        job(cast("Any", None))
    printed = capsys.readouterr().out
    assert "created functions/jobs/my_report.py" in printed
    assert "at 7:00, Monday to Friday" in printed


def test_the_file_is_as_lint_and_format_want_it(make: Make, folder: Path) -> None:
    assert make("by-hand") == 0
    assert make("hourly", "--schedule", "@hourly", "--description", 'Says "it" of C:\\new.') == 0
    config = ["--config", str(PROJECT / "pyproject.toml"), "--no-cache", str(folder)]
    for check in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *check, *config], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
    assert job_in(folder / "hourly.py").definition.description == 'Says "it" of C:\\new.'
    assert job_in(folder / "by_hand.py").definition.schedule is None


@pytest.mark.parametrize(("job_id", "stem"), [("7-zip", "job_7_zip"), ("class", "job_class"), ("a.b_c-d", "a_b_c_d")])
def test_an_id_that_is_no_python_name_gets_one(make: Make, folder: Path, job_id: str, stem: str) -> None:
    assert make(job_id) == 0
    assert job_in(folder / f"{stem}.py").definition.id == job_id


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Report"], "use a-z, 0-9"),
        (["a", "--schedule", "61 * * * *"], "minutes '61' must be 0-59"),
        (["a", "--timezone", "Mars/Base"], "'Mars/Base' is unknown"),
        (["a", "--description", "two\nlines"], "use one line"),
        (["retention"], "is there already, in functions.jobs.retention"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    make: Make, folder: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert make(*arguments) == 2
    assert said in capsys.readouterr().err
    assert not list(folder.iterdir())


def test_a_file_that_is_there_stays_as_it_is(make: Make, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mine.py").write_text("mine")
    assert make("mine") == 2
    assert (folder / "mine.py").read_text() == "mine"
    assert "left as it is" in capsys.readouterr().err
