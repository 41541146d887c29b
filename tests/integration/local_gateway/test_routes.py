"""Which resource API Gateway chooses."""

from __future__ import annotations

from itertools import permutations

import pytest

from infra.local.gateway_routes import Match, RouteTable, admin_api_routes
from tests.conftest import PROJECT
from tests.integration.local_gateway.conftest import ROUTES


@pytest.mark.parametrize(
    ("method", "path", "resource", "parameters"),
    [
        ("GET", "/", "/", {}),
        ("GET", "/jobs", "/jobs", {}),
        ("GET", "/jobs/", "/jobs", {}),
        ("GET", "/jobs/cleanup", "/jobs/{job_id}", {"job_id": "cleanup"}),
        ("POST", "/jobs/restore", "/jobs/restore", {}),
        ("GET", "/jobs/restore", "/jobs/{job_id}", {"job_id": "restore"}),
        ("POST", "/jobs/restore/pause", "/jobs/{job_id}/pause", {"job_id": "restore"}),
        ("GET", "/jobs/a%2Fb", "/jobs/{job_id}", {"job_id": "a%2Fb"}),
        ("PATCH", "/files/a/b", "/files/{proxy+}", {"proxy": "a/b"}),
    ],
)
def test_the_most_specific_resource_that_has_the_method_is_chosen(
    method: str, path: str, resource: str, parameters: dict[str, str]
) -> None:
    for order in permutations(ROUTES):
        assert RouteTable(order).match(method, path) == Match(resource=resource, parameters=parameters)


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/jobs"), ("GET", "/nothing"), ("GET", "/jobs/a/b"), ("GET", "/files"), ("GET", "/files/"), ("PUT", "/")],
)
def test_what_no_resource_declares_matches_nothing(method: str, path: str) -> None:
    assert RouteTable(ROUTES).match(method, path) is None


def test_a_catch_all_takes_the_methods_other_resources_do_not_have() -> None:
    table = RouteTable([*ROUTES, ("/{proxy+}", ["ANY"])])
    match = table.match("PUT", "/jobs/cleanup")
    assert match == Match(resource="/{proxy+}", parameters={"proxy": "jobs/cleanup"})


def test_the_admin_apis_routes_are_those_of_its_chalice_app() -> None:
    routes = dict(admin_api_routes(PROJECT))
    assert routes["/api/v1/admin/jobs/{job_id}/pause"] == ("POST",)
    assert "POST" in routes["/{proxy+}"]
