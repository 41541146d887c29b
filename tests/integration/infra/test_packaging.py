"""The two zips hold what their functions need and nothing else, whoever builds them."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from functions.settings import from_environment
from infra.archive import Archive
from infra.deployment import Deployment, Target
from infra.packaging import NotPackageable, build_packages
from tests.integration.infra.projects import make_project

_ROOT = Path(__file__).parents[3]
# Lambda takes a zip of 50 MB and 250 MB unpacked; ours are far below, and a test says so before AWS does. The API's has
# cryptography beside what jobs need: the keys of an OIDC issuer.
_LARGEST_FUNCTIONS, _LARGEST_API = 8_000_000, 13_000_000


def _deployment(project: Path, cache: Path, *, jobs_packages: str = "functions.jobs") -> Deployment:
    settings = from_environment({"STAGE": "dev", "JOBS_PACKAGES": jobs_packages})
    return Deployment(settings=settings, jobs=(), project=project, cache=cache, target=Target.host())


def _names(package: Archive) -> set[str]:
    with zipfile.ZipFile(package.path) as opened:
        return set(opened.namelist())


def test_two_checkouts_give_the_same_bytes(tmp_path: Path) -> None:
    one = build_packages(_deployment(make_project(tmp_path / "one"), tmp_path / "cache one"))
    two = build_packages(_deployment(make_project(tmp_path / "number two"), tmp_path / "cache two"))

    assert one.functions.path.read_bytes() == two.functions.path.read_bytes()
    assert one.api.path.read_bytes() == two.api.path.read_bytes()


def test_the_functions_package_holds_the_sources_and_nothing_else(tmp_path: Path) -> None:
    packages = build_packages(_deployment(make_project(tmp_path / "project"), tmp_path / "cache"))

    assert _names(packages.functions) == {
        "functions/__init__.py",
        "functions/handler.py",
        "functions/jobs/__init__.py",
        "functions/jobs/cleanup.py",
        "functions/db/migrations/0001_jobs.sql",
    }


def test_the_api_package_adds_the_api_and_chalices_runtime(tmp_path: Path) -> None:
    packages = build_packages(_deployment(make_project(tmp_path / "project"), tmp_path / "cache"))

    assert _names(packages.api) - _names(packages.functions) == {
        "app.py",
        "chalice/__init__.py",
        "chalice/app.py",
        "chalicelib/__init__.py",
        "chalicelib/templates/jobs.html",
    }
    assert _names(packages.functions) < _names(packages.api)


def test_a_changed_job_changes_both_keys(tmp_path: Path) -> None:
    deployment = _deployment(make_project(tmp_path / "project"), tmp_path / "cache")
    before = build_packages(deployment)
    (deployment.project / "functions/jobs/cleanup.py").write_text("CLEANED = 'all'\n")
    after = build_packages(deployment)

    assert before.functions.key != after.functions.key
    assert before.api.key != after.api.key


def test_a_changed_page_changes_the_apis_key_only(tmp_path: Path) -> None:
    deployment = _deployment(make_project(tmp_path / "project"), tmp_path / "cache")
    before = build_packages(deployment)
    (deployment.project / "admin_api/chalicelib/templates/jobs.html").write_text("<h1>All jobs</h1>\n")
    after = build_packages(deployment)

    assert before.functions.key == after.functions.key
    assert before.api.key != after.api.key


@pytest.mark.parametrize("packages", ["team_jobs", "functions.jobs,team_jobs.nightly", "functions_of_ours"])
def test_jobs_outside_functions_are_refused(tmp_path: Path, packages: str) -> None:
    deployment = _deployment(make_project(tmp_path / "project"), tmp_path / "cache", jobs_packages=packages)

    with pytest.raises(NotPackageable, match=r"does not yet support jobs outside functions/"):
        build_packages(deployment)


@pytest.mark.parametrize("missing", ["admin_api/app.py", "functions/requirements.txt"])
def test_a_missing_source_is_named(tmp_path: Path, missing: str) -> None:
    deployment = _deployment(make_project(tmp_path / "project"), tmp_path / "cache")
    (deployment.project / missing).unlink()

    with pytest.raises(NotPackageable, match=f"{missing} is missing"):
        build_packages(deployment)


def test_our_own_dependencies_fit_import_and_bring_no_boto3(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    for part in ("functions", "admin_api"):
        requirements = (_ROOT / part / "requirements.txt").read_text()
        (project / part / "requirements.txt").write_text(requirements)
    packages = build_packages(_deployment(project, tmp_path / "cache"))

    assert packages.functions.size <= _LARGEST_FUNCTIONS
    assert packages.api.size <= _LARGEST_API
    assert not {name.split("/")[0] for name in _names(packages.api)} & {"boto3", "botocore", "bin"}
    _import_from(packages.functions, "psycopg, yoyo, aws_lambda_powertools", tmp_path / "functions unzipped")
    _import_from(packages.api, "jwt, chalice, psycopg", tmp_path / "api unzipped")


def _import_from(package: Archive, modules: str, folder: Path) -> None:
    with zipfile.ZipFile(package.path) as opened:
        opened.extractall(folder)
    # -I -S: no site-packages of this machine, so that only what the package holds can be imported.
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); import {modules}"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_lambda_target_ships_no_binary_of_this_machine(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    (project / "functions/requirements.txt").write_text((_ROOT / "functions/requirements.txt").read_text())
    deployment = dataclasses.replace(_deployment(project, tmp_path / "cache"), target=Target())
    binaries = {name for name in _names(build_packages(deployment).functions) if ".cpython-" in name}

    assert binaries
    assert all(name.endswith(".cpython-313-aarch64-linux-gnu.so") for name in binaries)
