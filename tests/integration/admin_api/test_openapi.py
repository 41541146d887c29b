"""/openapi.json: complete, and of one piece."""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any

import pytest

from app import app
from chalicelib import problems
from chalicelib.endpoint import Endpoint
from chalicelib.version import VERSION
from tests.conftest import PROJECT
from tests.integration.admin_api.api import Api


@pytest.fixture
def document(offline: Api) -> Any:
    return offline("GET", "/openapi.json", headers={}).json


def test_every_route_and_method_is_in_it_and_no_other(document: Any) -> None:
    pages = {path for path in app.routes if path.startswith("/admin")}
    routes = {(method, path) for path in app.routes.keys() - pages for method in app.routes[path]}
    served = {(method, path) for method, path in routes if method != "HEAD" and path not in ("/", "/{proxy+}")}
    assert {(method.upper(), path) for path, each in document["paths"].items() for method in each} == served


def test_every_reference_leads_somewhere_and_every_schema_is_referred_to(document: Any) -> None:
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert referred - document["components"]["schemas"].keys() == set()


def test_every_operation_has_a_name_of_its_own_a_summary_and_declared_answers(document: Any) -> None:
    operations = [operation for each in document["paths"].values() for operation in each.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    for operation in operations:
        assert operation["summary"]
        assert any(status.startswith(("2", "302")) for status in operation["responses"]), operation["operationId"]


def test_every_refusal_a_route_declares_is_one_there_is() -> None:
    for methods in app.routes.values():
        for entry in methods.values():
            view = entry.view_function
            assert isinstance(view, Endpoint)
            assert set(view.contract.refusals) <= problems.STATUSES.keys()


def test_its_version_is_the_projects(document: Any) -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert document["info"]["version"] == VERSION == project["version"]
