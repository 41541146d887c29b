"""The admin API over HTTP, and a job whose function runs in a process of its own: what tests of both begin with."""

from __future__ import annotations

import json
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from app import app
from chalicelib import tokens
from functions import invoker
from functions.naming import job_name
from functions.scheduling import one_shot
from functions.settings import settings
from infra.local.gateway import Gateway
from infra.local.gateway_routes import admin_api_routes
from tests.conftest import PROJECT
from tests.integration.local.account import REGION, Account, package
from tests.integration.waiting import until

_KEY = "the signing key of a test over HTTP, long enough"
_PATIENCE_S = 30
_CACHED = (settings, invoker._client, one_shot._client)
# The package holds no dependencies: they are found where this test finds them.
_BEGINNING = f"""
import sys
sys.path += {[str(PROJECT), sysconfig.get_path("purelib")]!r}
from functions import registry
from functions.handler import handle as handler
"""
_END = """
registry.all_jobs = lambda: (the_job,)
"""


class Client:
    """A person with a token at the admin API's URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        identity = tokens.Identity(actor="ada", permissions=frozenset({"*"}))
        signed = tokens.sign(_KEY, identity, now=datetime.now(UTC), lifetime=timedelta(minutes=5))
        self._headers = {"Authorization": f"Bearer {signed}"}

    def post(self, path: str, **fields: Any) -> requests.Response:
        """The answer, whatever it is; without fields there is no body."""
        return requests.post(self._url + path, json=fields or None, headers=self._headers, timeout=_PATIENCE_S)

    def get(self, path: str) -> requests.Response:
        """The answer, which must be a success."""
        answer = requests.get(self._url + path, headers=self._headers, timeout=_PATIENCE_S)
        assert answer.status_code == 200, answer.text
        return answer

    def until(self, path: str, status: str) -> dict[str, Any]:
        """What is there once it has this status."""
        shown: dict[str, Any] = {}

        def has_it() -> bool:
            shown.update(self.get(path).json())
            return bool(shown["status"] == status)

        until(has_it, f"{path} to be {status}")
        return shown


@contextmanager
def admin_api(account: Account, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    """The admin API of this process behind its gateway, on this database and in this account."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "STAGE", "JOBS_ENABLED"):
        monkeypatch.delenv(name, raising=False)
    environment = {
        "AWS_ENDPOINT_URL": account.endpoint_url, "AWS_REGION": REGION, "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test", "DATABASE_URL": database_url, "AUTH_SIGNING_KEY": _KEY,
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    _forget()
    gateway = Gateway(routes=admin_api_routes(PROJECT), invoke=_invoke)
    try:
        yield Client(gateway.start())
    finally:
        gateway.stop()
        _forget()


@contextmanager
def job_function(account: Account, database_url: str, *, job_id: str, source: str, **variables: str) -> Iterator[None]:
    """The function of one job, which the source calls `the_job`, with these environment variables."""
    name = job_name("local", job_id)
    account.lambda_.create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=account.role,
        Handler="app.handler",
        Timeout=_PATIENCE_S,
        Code={"ZipFile": package(_BEGINNING + source + _END)},
        Environment={"Variables": {"DATABASE_URL": database_url, **variables}},
    )
    try:
        yield
    finally:
        account.lambda_.delete_function(FunctionName=name)


def _invoke(event: bytes) -> bytes:
    return json.dumps(app(json.loads(event), None)).encode()


def _forget() -> None:
    for cached in _CACHED:
        cached.cache_clear()
