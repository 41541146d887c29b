"""The app over this test's own database, with AWS beside it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.config import default_user_config

from functions.db import jobs
from functions.db.connection import Connection, connect
from functions.definition import JobDefinition
from functions.scheduling.reconcile import reconcile
from functions.settings import settings
from infra.local.gateway_routes import RouteTable, admin_api_routes
from tests.conftest import PROJECT, cloned

sys.path.insert(0, str(PROJECT / "admin_api"))

from tests.integration.admin_api import reports
from tests.integration.admin_api.api import BASE, KEY, Api
from tests.integration.admin_api.aws import REGION, Aws

DEFINITIONS = [
    JobDefinition(id="cleanup", schedule="@hourly", description="Removes what expired"),
    JobDefinition(id="a.b_c-1", schedule="rate(5 minutes)"),
    JobDefinition(id="by-hand", schedule=None),
    JobDefinition(id="removed", schedule="@daily"),
    JobDefinition(id="restore", schedule="@daily"),
]


@pytest.fixture(scope="package")  # not session: moto is patched meanwhile, and other packages patch it too
def aws_server() -> Iterator[Aws]:
    with pytest.MonkeyPatch.context() as patched:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE"):
            patched.delenv(name, raising=False)
        patched.setenv("AWS_ACCESS_KEY_ID", "test")
        patched.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patched.setitem(default_user_config["lambda"], "use_docker", False)
        aws = Aws()
        patched.setattr(LambdaSimpleBackend, "invoke", _recording(aws))
        patched.setenv("AWS_ENDPOINT_URL", aws.url)
        yield aws
        aws.stop()


def _recording(aws: Aws) -> Any:
    def invoke(backend: Any, name: str, qualifier: Any, body: str, headers: Any, response_headers: Any) -> bytes:
        backend.get_function(name, qualifier)  # unlike moto's own: an unknown function is an error
        aws.record(name, headers, body)
        return b""

    return invoke


@pytest.fixture
def aws(aws_server: Aws, request: pytest.FixtureRequest) -> Aws:
    """AWS with nothing in it; where a test asks for `deployed`, with that."""
    if "deployed" in request.fixturenames:
        aws_server.restore()
    else:
        aws_server.reset()
    return aws_server


@pytest.fixture
def database_url(request: pytest.FixtureRequest, server_url: str, template_database: str) -> Iterator[str]:
    """The URL of a database of this test's own: empty; where a test asks for `deployed`, with that."""
    is_deployed = "deployed" in request.fixturenames
    template = request.getfixturevalue("deployed_template") if is_deployed else template_database
    with cloned(server_url, template) as url:
        yield url


@pytest.fixture(scope="package")
def deployed_template(server_url: str, template_database: str, aws_server: Aws) -> Iterator[str]:
    """The name of a database with the jobs of `deployed`, which is in AWS as well (Aws.keep)."""
    with cloned(server_url, template_database) as url, pytest.MonkeyPatch.context() as patched:
        _use(patched)
        patched.setenv("DATABASE_URL", url)
        settings.cache_clear()
        aws_server.reset()
        with connect(url) as opened:
            jobs.store_definitions(opened, DEFINITIONS)
            reconcile(opened, settings())
        routes = RouteTable(admin_api_routes(PROJECT))
        from app import app
        from chalicelib.database import warm

        assert Api(app, routes)("DELETE", f"{BASE}/jobs/removed", actor="deployer").status == 204
        warm().close()  # nobody may be on a database that is cloned
        settings.cache_clear()
        aws_server.keep()
        yield url.rpartition("/")[2]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """The app with neither PostgreSQL nor AWS: what it answers here, it answers by itself."""
    _use(monkeypatch)
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/nothing")
    settings.cache_clear()
    routes = RouteTable(admin_api_routes(PROJECT))
    from app import app

    yield Api(app, routes)
    settings.cache_clear()


@pytest.fixture
def api(offline: Api, database_url: str, aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Api:
    """The app, over an empty database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    settings.cache_clear()
    return offline


@pytest.fixture
def deployed(api: Api, connection: Connection) -> Connection:
    """Five jobs, in PostgreSQL and in AWS; the one called `removed` has been removed."""
    return connection


@pytest.fixture
def reporting(api: Api, connection: Connection, aws: Aws) -> Connection:
    """Jobs with params, in PostgreSQL and in AWS (reports.py)."""
    reports.deploy(connection, aws)
    return connection


def _use(patched: pytest.MonkeyPatch) -> None:
    patched.setenv("AUTH_SIGNING_KEY", KEY)
    patched.setenv("AWS_REGION", REGION)
    patched.delenv("STAGE", raising=False)
