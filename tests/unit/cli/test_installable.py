"""`pip install .` gives the command line: what that needs is said once, and nothing of it goes into a package."""

from __future__ import annotations

import importlib
import tomllib

import lamplighter_cli
from infra import packaging
from tests.conftest import PROJECT

PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())


def test_what_an_installed_command_depends_on_is_the_group_that_is_tested() -> None:
    assert PYPROJECT["project"]["dependencies"] == PYPROJECT["dependency-groups"]["cli"]


def test_the_command_line_is_all_that_is_installed() -> None:
    assert PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == ["admin_api/lamplighter_cli"]
    module, _, name = PYPROJECT["project"]["scripts"]["lamplighter"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_the_command_has_the_version_of_the_product() -> None:
    assert PYPROJECT["project"]["version"] == lamplighter_cli.VERSION


def test_no_package_that_is_deployed_holds_the_command() -> None:
    for folder in (PROJECT / "functions", PROJECT / "admin_api" / "chalicelib"):
        assert not [name for name in packaging._sources(folder) if "lamplighter_cli" in name]
    assert "lamplighter_cli" not in (PROJECT / "infra" / "packaging.py").read_text()
