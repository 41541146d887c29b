"""The product as its pages' reader meets it: over HTTP, on PostgreSQL, in an AWS whose functions are processes."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from app import app
from chalicelib import passwords
from chalicelib.cookies import NAME as COOKIE
from chalicelib.services import sessions
from functions import invoker, naming
from functions.db import jobs, users
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.definition import JobDefinition
from functions.scheduling import one_shot, reachable
from functions.scheduling.reconcile import reconcile
from functions.settings import settings
from infra.local.executor import Executor
from infra.local.gateway import Gateway
from infra.local.gateway_routes import admin_api_routes
from infra.local.moto_server import MotoServer
from tests.conftest import PROJECT
from tests.integration.local.account import REGION, Account
from tests.integration.local.admin_api import job_function

PASSWORD = "correct horse battery staple"
# Who may do what; the same password for all.
PEOPLE = {"ada": "admin", "oto": "operator", "vera": "viewer"}
_AUTHOR = Author(actor="seed", request_id="seed")
_CACHED = (settings, invoker._client, one_shot._client, reachable._client)
_NOTHING = "http://127.0.0.1:1"
# Roles come with the schema; what was migrated is about the schema.
_TABLES = """
SELECT string_agg(format('lamplighter.%I', c.relname), ', ')
FROM pg_class c
WHERE c.relnamespace = 'lamplighter'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND c.relname NOT IN ('role', 'role_permission') AND c.relname NOT LIKE '%yoyo%'
"""


class Site:
    """From `start` to `stop`. The API runs in this process, so that a test can take PostgreSQL or AWS away from it."""

    def __init__(self, database_url: str, state: Path) -> None:
        self._database_url = database_url
        self._state = state
        self._up = ExitStack()
        # An instance of a Lambda function has one event at a time.
        self._one_at_a_time = threading.Lock()
        self._sessions: dict[str, dict[str, Any]] = {}
        # How often: what was put into it before is gone.
        self.emptied = 0
        self.url = ""
        # The same API as API Gateway shows it without a custom domain: below its stage.
        self.staged_url = ""

    def start(self) -> None:
        """Serve, with nothing in it."""
        soon = timedelta(milliseconds=50)
        python = PROJECT / ".venv-lambda" / "bin" / "python"
        executor = self._up.enter_context(Executor(python=python, state_dir=self._state, retry_delays=(soon, soon)))
        server = self._up.enter_context(MotoServer(executor=executor, state_dir=self._state))
        endpoint_url = server.start()
        self._set_environment(endpoint_url)
        self._account = Account(endpoint_url)
        self._account.client("scheduler").create_schedule_group(Name=naming.deployment("local"))
        self.url = self._serve("")
        self.staged_url = self._serve("/local")
        self.connection = self._up.enter_context(connect(self._database_url))

    def stop(self) -> None:
        """Stop all of it."""
        self._up.close()
        _forget()

    def run_job(self, job_id: str, source: str, **variables: str) -> None:
        """Give a job a function that runs in a process of its own; the source calls it `the_job`."""
        self._up.enter_context(
            job_function(
                self._account, self._database_url, job_id=job_id, source=source, LOG_FLUSH_S="0.1", **variables
            )
        )

    def empty(self) -> Connection:
        """Forget everything but the roles, and have the people again."""
        opened = self.connection
        self._sessions.clear()
        self.emptied += 1
        (tables,) = opened.execute(_TABLES).fetchone() or ("",)
        with opened.transaction():
            opened.execute("ALTER TABLE lamplighter.audit DISABLE TRIGGER append_only")
            opened.execute(f"TRUNCATE {tables} CASCADE".encode())
            for name, role in PEOPLE.items():
                users.add(opened, _AUTHOR, name=name, password_hash=_hashed(), role_names=[role])
            opened.execute("TRUNCATE lamplighter.audit")
            opened.execute("ALTER TABLE lamplighter.audit ENABLE TRIGGER append_only")
        return opened

    def deploy(self, definitions: Iterable[JobDefinition]) -> None:
        """These jobs, in PostgreSQL and in AWS."""
        jobs.store_definitions(self.connection, definitions)
        reconcile(self.connection, settings())

    def session(self, name: str) -> dict[str, Any]:
        """The cookie of somebody who has logged in, as Playwright takes it."""
        if name not in self._sessions:
            self._sessions[name] = self._log_in(name)
        return dict(self._sessions[name])

    def _log_in(self, name: str) -> dict[str, Any]:
        user = users.find(self.connection, name)
        author = Author(actor=name, request_id="login")
        _, value = sessions.open_with_cookie(self.connection, user.id, author, source_ip="127.0.0.1")
        return {
            "name": COOKIE,
            "value": value,
            "url": "https://127.0.0.1",
            "secure": True,
            "httpOnly": True,
            "sameSite": "Lax",
        }

    @contextmanager
    def without_postgres(self) -> Iterator[None]:
        """Inside, PostgreSQL refuses every connection of the API."""
        with self._environment(DATABASE_URL="postgresql://u:secret@127.0.0.1:1/nothing"):
            yield

    @contextmanager
    def without_aws(self) -> Iterator[None]:
        """Inside, AWS refuses every connection of the API."""
        with self._environment(AWS_ENDPOINT_URL=_NOTHING):
            yield

    @contextmanager
    def with_issuer(self, url: str, *, client_id: str, client_secret: str) -> Iterator[None]:
        """Inside, people can log in at this OIDC issuer, too."""
        with self._environment(
            OIDC_ISSUER=url, OIDC_CLIENT_ID=client_id, OIDC_CLIENT_SECRET=client_secret,
            OIDC_REDIRECT_URI=f"{self.url}/api/v1/auth/oidc/callback",
        ):  # fmt: skip
            yield

    @contextmanager
    def _environment(self, **variables: str) -> Iterator[None]:
        before = {name: os.environ.get(name) for name in variables}
        self._change(variables)
        try:
            yield
        finally:
            self._change(before)

    def _change(self, variables: Mapping[str, str | None]) -> None:
        with self._one_at_a_time:
            for name, value in variables.items():
                os.environ.pop(name, None) if value is None else os.environ.update({name: value})
            _forget()

    def _set_environment(self, endpoint_url: str) -> None:
        kept = dict(os.environ)
        self._up.callback(os.environ.update, kept)
        self._up.callback(os.environ.clear)  # what is put up last goes first
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "STAGE", "JOBS_ENABLED"):
            os.environ.pop(name, None)
        os.environ.update(
            AWS_ENDPOINT_URL=endpoint_url, AWS_REGION=REGION, AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test",
            DATABASE_URL=self._database_url, AUTH_SIGNING_KEY="the signing key of a test in a browser, long enough",
        )  # fmt: skip
        _forget()

    def _serve(self, stage: str) -> str:
        routes = [(f"{stage}{path}", methods) for path, methods in admin_api_routes(PROJECT)]

        def invoke(event: bytes) -> bytes:
            with self._one_at_a_time:
                return json.dumps(app(_below(stage, json.loads(event)), None)).encode()

        gateway = Gateway(routes=routes, invoke=invoke)
        self._up.callback(gateway.stop)
        return gateway.start() + stage


def _below(stage: str, event: dict[str, Any]) -> dict[str, Any]:
    """API Gateway's event of a request below its stage: only requestContext.path has the stage in front."""
    event["path"] = event["path"].removeprefix(stage)
    event["resource"] = event["requestContext"]["resourcePath"] = event["resource"].removeprefix(stage)
    return event


@cache
def _hashed() -> str:
    return passwords.hash(PASSWORD)


def _forget() -> None:
    for cached in _CACHED:
        cached.cache_clear()
