"""What people meet is documented: every setting, error code, endpoint, permission and job."""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import textwrap
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import chalicelib
import functions
import infra
from chalicelib import permissions, problems
from functions.definition import JobDefinition
from functions.errors import InvalidParams, JobsError
from functions.job import Job, JobContext
from functions.logs import captured, job_logger
from functions.params import from_json, to_json
from functions.registry import collect
from infra import gateway_problems
from infra.local.gateway_routes import admin_api_routes

PROJECT = Path(__file__).parent.parent.parent
DOCS = PROJECT / "docs"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def text(name: str) -> str:
    return (DOCS / name).read_text()


def error_codes() -> set[str]:
    for package in (functions, infra, chalicelib):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    return (
        {error.code for error in _below(JobsError)} - {JobsError.code}
        | set(problems.STATUSES)
        | gateway_problems.CODES
        | {"server_error"}
    )


def _below(error: type[JobsError]) -> Iterator[type[JobsError]]:
    for child in error.__subclasses__():
        yield child
        yield from _below(child)


def test_every_error_code_is_documented_and_no_other() -> None:
    documented = set(re.findall(r"^\| `(\w+)` \|", text("errors.md"), re.MULTILINE))
    assert documented == error_codes()


def test_every_setting_is_documented_and_no_other() -> None:
    sources = [
        (PROJECT / "functions" / name).read_text() for name in ("settings.py", "smtp_settings.py", "oidc_settings.py")
    ]
    others = {"DEBUG", "INFO", "WARNING", "ERROR", "AWS_DEFAULT_REGION"}
    read = set(re.findall(r'"([A-Z][A-Z_]+[A-Z])"', "".join(sources))) - others
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", text("settings.md"), re.MULTILINE)) == read


def test_every_endpoint_is_documented_with_its_method_and_no_other() -> None:
    documented = set(re.findall(r"^\| `([A-Z]+) (\S+)` \|", text("admin-api.md"), re.MULTILINE))
    routes = {(method, path) for path, methods in admin_api_routes(PROJECT) for method in methods}
    routes -= {("HEAD", path) for _, path in routes}  # wherever GET answers, and said so once
    ours = {(method, path) for method, path in routes if path not in ("/", "/{proxy+}") and not is_page(path)}
    assert documented == ours


def test_every_page_with_an_address_of_its_own_is_documented_and_no_other() -> None:
    pages = {path for path, methods in admin_api_routes(PROJECT) if "GET" in methods and is_page(path)}
    rows = [line for line in text("ui.md").splitlines() if line.startswith("| `/admin")]
    documented = {path.rstrip("/") for path in re.findall(r"`(/admin[^`]*)`", "".join(rows)) if "{" not in path}
    assert documented == {path for path in pages if "{" not in path}


def is_page(path: str) -> bool:
    return path == "/admin" or path.startswith("/admin/")


def test_every_permission_is_documented() -> None:
    for name in permissions.DESCRIPTIONS:
        assert f"`{name}`" in text("admin-api.md")
        implied_by = ", ".join(f"`{holder}`" for holder, implied in permissions.IMPLIES.items() if name in implied)
        assert re.search(rf"^\| `{re.escape(name)}` \| .* \| {implied_by} ?\|$", text("users.md"), re.MULTILINE)


def test_every_job_is_documented() -> None:
    for job in collect(["functions.jobs"]):
        assert f"`{job.definition.id}`" in text("jobs.md")


def test_every_option_of_a_job_is_documented() -> None:
    for option in set(JobDefinition._fields) - {"source"}:
        assert re.search(rf"`{option}`|\b{option}=", text("add-a-job.md")), option


@pytest.mark.parametrize("page", [PROJECT / "README.md", DOCS / "add-a-job.md"])
def test_the_job_a_page_shows_first_is_a_job_with_a_schedule(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown_jobs(page, monkeypatch)[0].definition.parsed_schedule is not None


def test_the_params_the_page_shows_are_checked_and_given_to_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    (shown,) = [job for job in shown_jobs(DOCS / "add-a-job.md", monkeypatch) if job.params is not None]
    assert shown.params is not None
    stored = to_json("a", shown.params, {"until": "2026-11-23", "webhook_key": "hunter2"})
    ctx = JobContext[Any](
        execution_id=uuid.uuid4(), job_id="a", attempt=1, scheduled_at=NOON, now=NOON, deadline=NOON,
        logger=job_logger("a", "INFO"), connect=refuse_to_connect, params=from_json("a", shown.params, stored),
    )  # fmt: skip
    with captured() as lines:
        assert shown(ctx) == {"until": date(2026, 11, 23), "days": 7}
    assert lines[0].fields == {"params": {"until": "2026-11-23", "days": 7, "to": "sales", "webhook_key": "***"}}
    with pytest.raises(InvalidParams, match="days=367: use 1 to 366"):
        to_json("a", shown.params, {"until": "2026-11-23", "days": 367})


def shown_jobs(page: Path, monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The job of each example of Python on this page, which runs as a module of its own."""
    jobs = []
    for code in re.findall(r"^ *```python\n(.*?)^ *```", page.read_text(), re.MULTILINE | re.DOTALL):
        module = ModuleType("shown")
        monkeypatch.setitem(sys.modules, "shown", module)
        exec(textwrap.dedent(code), vars(module))
        jobs += [value for value in vars(module).values() if isinstance(value, Job)]
    return jobs


def refuse_to_connect() -> Any:
    raise AssertionError("the example needs no database")


def test_every_decision_is_listed() -> None:
    pages = {path.name for path in (DOCS / "adr").glob("0*.md")}
    assert set(re.findall(r"\((0\d+[\w.-]+\.md)\)", text("adr/README.md"))) == pages


@pytest.mark.parametrize("page", [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))])
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target
