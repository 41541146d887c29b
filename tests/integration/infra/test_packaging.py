"""The two zips hold what their functions need and nothing else, whoever builds them, for this machine or for Lambda."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from functions.settings import from_environment
from infra.archive import Archive
from infra.compiled import NotCompilable
from infra.deployment import Deployment, Target
from infra.imports import MissingDependency
from infra.jobs_packages import NotPackageable
from infra.package_size import SMALL
from infra.packaging import build_packages
from tests.integration.infra.projects import make_project, write

_ROOT = Path(__file__).parents[3]
# That of scripts/dev: `--package`, in the acceptance tests, finds there what was built here.
_CACHE = _ROOT / ".local" / "cache"
# The API's has cryptography beside what jobs need: the keys of an OIDC issuer.
_LARGEST_API = 17_000_000
# Lambda's own platform for the Python we run: what is made for it can be run here, on Linux.
_HERE = Target.host()
_LAMBDA = dataclasses.replace(_HERE, native=False)


def _deployment(
    project: Path, cache: Path, *, jobs_packages: str = "functions.jobs", target: Target = _HERE
) -> Deployment:
    settings = from_environment({"STAGE": "dev", "JOBS_PACKAGES": jobs_packages})
    return Deployment(settings=settings, jobs=(), project=project, cache=cache, target=target)


def _names(package: Archive) -> set[str]:
    with zipfile.ZipFile(package.path) as opened:
        return set(opened.namelist())


@pytest.mark.parametrize("target", [_HERE, _LAMBDA], ids=["this machine", "lambda"])
def test_two_checkouts_give_the_same_bytes(tmp_path: Path, target: Target) -> None:
    one = build_packages(_deployment(make_project(tmp_path / "one"), tmp_path / "cache one", target=target))
    two = build_packages(_deployment(make_project(tmp_path / "number two"), tmp_path / "cache two", target=target))

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


def test_jobs_in_a_package_of_their_own_are_shipped_to_jobs_under_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"__init__.py": "", "models.py": "", "nightly/__init__.py": "", "nightly/bill.py": "import team_jobs\n"}
    for name, text in {**files, "tests/test_bill.py": "", "__pycache__/x.cpython-311.pyc": ""}.items():
        write(tmp_path / "site/team_jobs" / name, text)
    monkeypatch.syspath_prepend(tmp_path / "site")
    deployment = _deployment(
        make_project(tmp_path / "project"), tmp_path / "cache", jobs_packages="functions.jobs,team_jobs.nightly"
    )
    packages = build_packages(deployment)

    assert {name for name in _names(packages.functions) if "team" in name} == {f"team_jobs/{name}" for name in files}
    assert not [name for name in _names(packages.api) if "team" in name]
    assert "team_jobs" not in sys.modules


@pytest.mark.parametrize("missing", ["admin_api/app.py", "functions/requirements.txt"])
def test_a_missing_source_is_named(tmp_path: Path, missing: str) -> None:
    deployment = _deployment(make_project(tmp_path / "project"), tmp_path / "cache")
    (deployment.project / missing).unlink()

    with pytest.raises(NotPackageable, match=f"{missing} is missing"):
        build_packages(deployment)


def _python_tag() -> str:
    return f"cpython-{_LAMBDA.python.replace('.', '')}"


def test_lambdas_package_holds_each_module_compiled_beside_its_source_and_not_held_against_it(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    package = build_packages(_deployment(project, tmp_path / "cache", target=_LAMBDA)).functions
    compiled = f"functions/jobs/__pycache__/cleanup.{_python_tag()}.pyc"

    assert {compiled, "functions/jobs/cleanup.py"} <= _names(package)
    _unpack(package, tmp_path / "unpacked")
    # Were it held against its source, this would be read instead.
    (tmp_path / "unpacked/functions/jobs/cleanup.py").write_text("CLEANED = 'from the source'\n")
    _python("from functions.jobs import cleanup; assert cleanup.CLEANED is True", tmp_path / "unpacked")


def test_without_a_python_to_compile_with_there_are_sources_only_and_it_is_said_what_that_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    target = Target(python="3.99", architecture="arm64")
    packages = build_packages(_deployment(make_project(tmp_path / "project"), tmp_path / "cache", target=target))

    assert not [name for name in _names(packages.api) if name.endswith(".pyc")]
    (note,) = packages.notes
    assert "no compiled modules: there is no Python 3.99 here" in note
    assert "install python3.99" in note


def test_a_module_that_the_target_cannot_read_is_refused(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    (project / "functions/jobs/cleanup.py").write_text("print 'cleaned'\n")

    with pytest.raises(NotCompilable, match=r"not valid Python .*\n(.*\n)*.*cleanup\.py"):
        build_packages(_deployment(project, tmp_path / "cache", target=_LAMBDA))


def test_an_import_that_nothing_in_the_package_provides_is_named_before_anything_is_deployed(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    source = "import json\nimport boto3\nimport functions.handler\n\nfrom requests.sessions import Session\n"
    (project / "functions/jobs/cleanup.py").write_text(source)

    with pytest.raises(MissingDependency) as refused:
        build_packages(_deployment(project, tmp_path / "cache"))
    _, missing, advice = str(refused.value).splitlines()
    assert missing == "  requests is not in it: imported by functions/jobs/cleanup.py line 5"
    assert "group `functions` in pyproject.toml" in advice


def test_our_own_packages_for_lambda_are_small_and_hold_nothing_foreign_no_boto3_and_no_tests() -> None:
    packages = build_packages(_deployment(_ROOT, _CACHE, target=Target()))

    assert packages.functions.size <= SMALL["functions"]
    names = _names(packages.api)
    assert "msgspec/_core.cpython-313-aarch64-linux-gnu.so" in names
    assert not {name.split("/")[0] for name in names} & {"boto3", "botocore", "bin"}
    assert not [name for name in names if "/tests/" in name or re.search(r"/test_[^/]*\.py$", name)]


def test_a_job_and_the_api_start_from_their_packages_alone_without_compiling_anything(tmp_path: Path) -> None:
    packages = build_packages(_deployment(_ROOT, _CACHE, target=_LAMBDA))
    _unpack(packages.functions, tmp_path / "functions")
    _unpack(packages.api, tmp_path / "api")

    job = "from functions import handler; handler.registry.find('retention')"
    assert _imported_from_sources(job, tmp_path / "functions") == []
    assert _imported_from_sources("import app", tmp_path / "api") == []
    _python("import functions.db.migrate, yoyo", tmp_path / "functions")
    assert packages.functions.size <= SMALL["functions"]
    assert packages.api.size <= _LARGEST_API


def _imported_from_sources(code: str, folder: Path) -> list[str]:
    """Modules of the package that are imported and have no compiled form in it."""
    listing = (
        "import json, os, sys; print(json.dumps([name for name, module in sys.modules.items()"
        " if (getattr(module, '__file__', None) or '').startswith(os.getcwd())"
        " and not module.__file__.endswith('.so') and not os.path.exists(module.__cached__)]))"
    )
    found: list[str] = json.loads(_python(f"{code}; {listing}", folder, JOB_MODULE="functions.jobs.retention"))
    return found


def _unpack(package: Archive, folder: Path) -> None:
    with zipfile.ZipFile(package.path) as opened:
        opened.extractall(folder)


def _python(code: str, folder: Path, **variables: str) -> str:
    # -S: no site-packages of this machine, so that only what the package holds can be imported. -B: as in Lambda,
    # where nothing can be written.
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); {code}"
    command = [sys.executable, "-P", "-S", "-s", "-B", "-c", program]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
