"""Jobs packages outside the project: found without importing them, refused where they could not work in Lambda."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from infra.jobs_packages import NotPackageable, installed_sources


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that Python finds packages in."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def write(site: Path, *names: str) -> None:
    for name in names:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("raise SystemExit('imported')\n")


def test_the_whole_package_comes_once_however_many_of_its_parts_are_named(site: Path) -> None:
    write(site, "team_one/__init__.py", "team_one/jobs/__init__.py", "team_one/data/prices.csv", "team_one/.env")
    assert installed_sources(["team_one.jobs", "team_one"], shipped=()) == {
        f"team_one/{name}": site / "team_one" / name for name in ("__init__.py", "jobs/__init__.py", "data/prices.csv")
    }


def test_what_is_in_the_package_already_is_not_looked_for(site: Path) -> None:
    assert installed_sources(["functions.jobs", "team_wheel"], shipped={"functions", "team_wheel"}) == {}


def test_one_that_is_not_installed_is_told_how_to_be(site: Path) -> None:
    with pytest.raises(NotPackageable, match=r"'team_gone\.jobs', but there is no team_gone here: install it"):
        installed_sources(["team_gone.jobs"], shipped=())


@pytest.mark.parametrize(
    ("name", "files", "reason"),
    [
        ("team_space", ["team_space/jobs/__init__.py"], "team_space is a namespace package: give its directory an"),
        ("team_module", ["team_module.py"], "team_module is a single module: make it a directory with an"),
        ("team_fast", ["team_fast/__init__.py", "team_fast/_speed.abi3.so"], r"_speed\.abi3\.so is compiled .* wheel"),
        ("json.tool", [], "json is Python's own"),
    ],
)
def test_one_that_could_not_work_in_lambda_is_refused(site: Path, name: str, files: list[str], reason: str) -> None:
    write(site, *files)
    with pytest.raises(NotPackageable, match=f"JOBS_PACKAGES names '{name}'.*{reason}"):
        installed_sources([name], shipped=())


def test_one_inside_a_zip_is_refused(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(site / "team.zip", "w") as opened:
        opened.writestr("team_zipped/__init__.py", "")
    monkeypatch.syspath_prepend(site / "team.zip")
    with pytest.raises(NotPackageable, match=r"team_zipped is inside .*team\.zip: install it unpacked"):
        installed_sources(["team_zipped"], shipped=())
