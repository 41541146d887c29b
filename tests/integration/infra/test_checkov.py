"""checkov finds nothing in the templates but what tests/checkov/accepted.toml accepts, each with a reason."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from infra.deployment import Deployment
from infra.templates import all_templates, write_templates
from tests.conftest import PROJECT
from tests.unit.infra.deployments import packages
from tests.unit.infra.variants import everything, variants

_PYTHON = PROJECT / ".venv-checkov" / "bin" / "python"
_FOLDER = PROJECT / "tests" / "checkov"
_MISSING = "checkov is not installed: run scripts/setup --checkov"
_PLAIN, _EVERYTHING = "minimal", "everything"
Finding = tuple[str, str]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if not _PYTHON.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(_MISSING)
    folder = tmp_path_factory.mktemp("dist")
    _write(folder / _PLAIN, variants()[_PLAIN])
    _write(folder / _EVERYTHING, everything())
    command = [str(_PYTHON), str(_FOLDER / "scan.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _write(folder: Path, deployment: Deployment) -> None:
    templates = all_templates(deployment, packages())
    # Chalice's routes: no check reads them, and reading past them takes checkov twenty seconds.
    rest_api = templates["lamplighter-dev-api"].resources["RestApi"]
    rest_api.Body = {**rest_api.Body, "paths": {}}
    write_templates(folder, templates)


@pytest.fixture(scope="module")
def accepted() -> dict[str, Any]:
    return tomllib.loads((_FOLDER / "accepted.toml").read_text())


def test_all_of_it_was_read(report: dict[str, Any]) -> None:
    assert report["unread"] == []
    assert report["checked"] > 200


def test_nothing_is_found_that_is_not_accepted_and_nothing_accepted_that_is_not_found(
    report: dict[str, Any], accepted: dict[str, Any]
) -> None:
    assert _found(report, _PLAIN) == {(check, entry["resource"]) for check, entry in accepted.items()}


def test_with_every_option_on_only_what_no_option_changes_is_found(
    report: dict[str, Any], accepted: dict[str, Any]
) -> None:
    lasting = {(check, entry["resource"]) for check, entry in accepted.items() if not entry.get("until_asked")}
    assert _found(report, _EVERYTHING) == lasting


def test_every_acceptance_has_a_reason(accepted: dict[str, Any]) -> None:
    assert [check for check, entry in accepted.items() if len(entry["reason"]) < 50] == []


def _found(report: dict[str, Any], variant: str) -> set[Finding]:
    of_variant = [each for each in report["found"] if each["file"].startswith(f"{variant}/")]
    return {(each["check"], each["resource"].rpartition(".")[0]) for each in of_variant}
