"""What people meet is documented: every setting, error code, endpoint, permission and job."""

from __future__ import annotations

import importlib
import pkgutil
import re
import textwrap
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

import chalicelib
import functions
import infra
from chalicelib import permissions, problems
from functions.definition import JobDefinition
from functions.errors import JobsError
from functions.job import Job
from functions.registry import collect
from infra.local.gateway_routes import admin_api_routes

PROJECT = Path(__file__).parent.parent.parent
DOCS = PROJECT / "docs"


def text(name: str) -> str:
    return (DOCS / name).read_text()


def error_codes() -> set[str]:
    for package in (functions, infra, chalicelib):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    return {error.code for error in _below(JobsError)} - {JobsError.code} | set(problems.STATUSES) | {"server_error"}


def _below(error: type[JobsError]) -> Iterator[type[JobsError]]:
    for child in error.__subclasses__():
        yield child
        yield from _below(child)


def test_every_error_code_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", text("errors.md"), re.MULTILINE))
    assert documented == error_codes()


def test_every_setting_is_documented_and_no_other() -> None:
    source = (PROJECT / "functions" / "settings.py").read_text()
    read = set(re.findall(r'"([A-Z][A-Z_]+)"', source)) - {"DEBUG", "INFO", "WARNING", "ERROR", "AWS_DEFAULT_REGION"}
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", text("settings.md"), re.MULTILINE)) == read


def test_every_endpoint_is_documented_with_its_method_and_no_other() -> None:
    documented = set(re.findall(r"^\| `([A-Z]+) (\S+)` \|", text("admin-api.md"), re.MULTILINE))
    routes = {(method, path) for path, methods in admin_api_routes(PROJECT) for method in methods}
    routes -= {("HEAD", path) for _, path in routes}  # wherever GET answers, and said so once
    assert documented == {(method, path) for method, path in routes if path not in ("/", "/{proxy+}")}


def test_every_permission_is_documented() -> None:
    for name in (permissions.JOBS_VIEW, permissions.JOBS_MANAGE):
        assert f"`{name}`" in text("admin-api.md")


def test_every_job_is_documented() -> None:
    for job in collect(["functions.jobs"]):
        assert f"`{job.definition.id}`" in text("jobs.md")


def test_every_option_of_a_job_is_documented() -> None:
    for option in {field.name for field in fields(JobDefinition)} - {"source"}:
        assert re.search(rf"`{option}`|\b{option}=", text("add-a-job.md")), option


@pytest.mark.parametrize("page", [PROJECT / "README.md", DOCS / "add-a-job.md"])
def test_the_job_a_page_shows_is_a_job(page: Path) -> None:
    (code,) = re.findall(r"^ *```python\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL)
    namespace: dict[str, object] = {"__name__": "shown"}
    exec(textwrap.dedent(code), namespace)
    (shown,) = [value for value in namespace.values() if isinstance(value, Job)]
    assert shown.definition.parsed_schedule is not None


def test_every_decision_is_listed() -> None:
    pages = {path.name for path in (DOCS / "adr").glob("0*.md")}
    assert set(re.findall(r"\((0\d+[\w.-]+\.md)\)", text("adr/README.md"))) == pages


@pytest.mark.parametrize("page", [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))])
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target
