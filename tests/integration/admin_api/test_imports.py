"""What the API's process loads: looking at jobs must stay quick, and job code has no place here."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from chalicelib import cookies
from chalicelib.services import sessions
from functions.db.audit import Author
from functions.db.connection import Connection
from infra.local.gateway_routes import Match
from tests.conftest import PROJECT
from tests.integration import people
from tests.integration.admin_api.api import BASE, KEY, token
from tests.integration.admin_api.events import rest_event

SCRIPT = """
import json, sys
from app import app
answer = app(json.loads(sys.argv[1]), None)
print(json.dumps([answer["statusCode"], sorted(sys.modules)]))
"""
NEVER = {"functions.handler", "functions.runner", "functions.registry", "functions.job", "functions.jobs"}
NOT_FOR_LOOKING = {"boto3", "botocore", "aws_lambda_powertools", "yoyo", "croniter", "jinja2", "jsonschema", "argon2"}
NOT_FOR_LOOKING |= {"chalicelib.oidc", "functions.oidc_settings"}


def _loaded(database_url: str, headers: dict[str, str]) -> set[str]:
    """The modules of a process that has answered one GET with these headers."""
    match = Match(resource=f"{BASE}/jobs", parameters={})
    event = rest_event("GET", match.resource, match, headers=headers)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(PROJECT / "admin_api"), str(PROJECT)]),
        "DATABASE_URL": database_url,
        "AUTH_SIGNING_KEY": KEY,
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, json.dumps(event)], env=environment, capture_output=True, text=True, check=True
    )
    status, modules = json.loads(done.stdout)
    assert status == 200
    return set(modules)


def test_a_get_loads_neither_boto3_nor_any_job_code(database_url: str, connection: Connection) -> None:
    loaded = _loaded(database_url, {"Authorization": f"Bearer {token('*')}"})
    assert (NEVER | NOT_FOR_LOOKING) & loaded == set()


def test_a_browsers_get_loads_nothing_that_reads_tokens(database_url: str, connection: Connection) -> None:
    ann = people.user(connection, "ann", "viewer")
    _, cookie = sessions.open_with_cookie(connection, ann, Author(actor="ann"), source_ip="192.0.2.1")
    loaded = _loaded(database_url, {"Cookie": f"{cookies.NAME}={cookie}"})
    assert (NEVER | NOT_FOR_LOOKING | {"jwt", "cryptography"}) & loaded == set()
