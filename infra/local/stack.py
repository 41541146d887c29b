"""Everything on this machine at once: PostgreSQL, AWS, the deployment, the admin API and the clock, up and down."""

from __future__ import annotations

import importlib
import json
import os
import threading
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import boto3

from functions import naming, registry
from functions.db.connection import connect
from functions.settings import Settings, from_environment
from infra.local.administrator import ensure_administrator
from infra.local.clock import Clock
from infra.local.confinement import confine
from infra.local.gateway import Gateway, lambda_invoke
from infra.local.gateway_routes import admin_api_routes
from infra.local.given_database import given_database
from infra.local.loopback import require_loopback
from infra.local.postgres import Postgres
from infra.local.seed import seed_refresh_tokens
from infra.local.state import State

# Step, seconds, lines of detail.
Report = Callable[[str, float, str], None]

REGION = "us-east-1"
_DEMO_JOBS = "functions.demo_jobs"
_TOKEN_LIFETIME = timedelta(days=30)
# What a developer may set; everything else of the environment stays outside.
_PASSED_ON = (
    "JOBS_PACKAGES", "JOBS_ENABLED", "JOBS_CONCURRENCY", "TRIGGER_BACKEND", "RULES_LIMIT", "LOG_LEVEL",
    "CORS_ALLOWED_ORIGINS", "RETENTION_DAYS", "LOG_FLUSH_S", "LOG_MAX_LINES", "LOG_MAX_LINE_BYTES", "LOG_MAX_BYTES",
    "AUTH_PREVIOUS_SIGNING_KEYS", "SMTP_HOST", "SMTP_PORT", "SMTP_TLS", "SMTP_USERNAME", "SMTP_PASSWORD", "SMTP_FROM",
    "SMTP_SECRET_ID", "OIDC_SECRET_ID",
    "OIDC_ISSUER", "OIDC_AUDIENCE", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "OIDC_REDIRECT_URI", "OIDC_SCOPES",
    "OIDC_PERMISSIONS_CLAIM", "OIDC_PERMISSIONS_MAP",
)  # fmt: skip


@dataclass(frozen=True)
class Running:
    """Where everything answers, as dev.json has it."""

    url: str
    token: str
    database_url: str
    aws_endpoint_url: str
    region: str
    # None: somebody gave the user `admin` another one, or deleted it.
    admin_password: str | None


class Stack:
    """The one-machine edition of one checkout. start(), then stop(), which is safe at any moment of a start.

    With `package` it runs what AWS would get, built for Lambda's own Linux: this machine must be one.
    """

    def __init__(self, project: Path, state: State, *, port: int, package: bool, report: Report) -> None:
        self._project = project
        self._state = state
        self._port = port
        self._package = package
        self._report = report
        self._up = ExitStack()

    def start(self) -> Running:
        """Bring everything up. Raises a JobsError that says which part and what to do; call stop() then as well."""
        confine(os.environ, region=REGION)
        self._up.callback(self._state.unpublish)
        moto_imports = threading.Thread(target=importlib.import_module, args=("infra.local.moto_server",))
        moto_imports.start()
        database_url = self._start_postgres()
        moto_imports.join()
        endpoint_url = self._start_aws()
        settings = self._settings(database_url)
        url, token = self._start_gateway(settings, endpoint_url), _sign(settings)
        with ThreadPoolExecutor(1) as pool:  # whose end waits for the answer
            # The API's function starts with its first request: here it does so while the rules are made.
            self._deploy(settings, endpoint_url, api_is_up=lambda: pool.submit(read_jobs, url, token))
        password = self._seed(database_url)
        self._wait_for_api(url, token)
        self._start_clock(settings, endpoint_url)
        running = Running(url, token, database_url, endpoint_url, settings.region, password)
        self._state.publish(vars(running))
        return running

    def stop(self) -> None:
        """Take everything down, in the reverse order."""
        self._up.close()

    def _start_postgres(self) -> str:
        begun, given = monotonic(), given_database()
        if given:
            connect(given).close()
            self._report("PostgreSQL", monotonic() - begun, "DATABASE_URL")
            return given
        postgres = Postgres(self._state.postgres)
        self._up.callback(postgres.stop)
        url = postgres.start()
        self._report("PostgreSQL", monotonic() - begun, postgres.version)
        return url

    def _start_aws(self) -> str:
        begun = monotonic()
        from infra.local.executor import Executor
        from infra.local.moto_server import MotoServer

        python = self._project / ".venv-lambda" / "bin" / "python"
        executor = Executor(python=python, state_dir=self._state.directory)
        self._up.callback(executor.close)
        server = MotoServer(executor=executor, state_dir=self._state.directory)
        self._up.callback(server.stop)
        endpoint_url = server.start()
        self._report("AWS on this machine", monotonic() - begun, endpoint_url)
        return endpoint_url

    def _settings(self, database_url: str) -> Settings:
        from infra.local.moto_server import ACCOUNT_ID

        settings = from_environment(
            {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
            | {
                "STAGE": "local",
                "ACCOUNT_ID": ACCOUNT_ID,
                "AWS_REGION": REGION,
                "DATABASE_URL": database_url,
                "AUTH_SIGNING_KEY": self._state.signing_key(),
            }
        )
        return settings._replace(jobs_packages=tuple(dict.fromkeys([*settings.jobs_packages, _DEMO_JOBS])))

    def _deploy(self, settings: Settings, endpoint_url: str, *, api_is_up: Callable[[], object]) -> None:
        from infra.deploy import deploy
        from infra.deployment import Deployment, Target

        require_loopback(endpoint_url, what="the AWS endpoint")
        deployment = Deployment(
            settings=settings,
            jobs=tuple(job.definition for job in registry.collect(settings.jobs_packages)),
            project=self._project,
            cache=self._project / ".local" / "cache",
            target=replace(Target.host(), native=not self._package),
            endpoint_url=endpoint_url,
        )

        def progress(stack: str, status: str) -> None:
            if stack == naming.api_function(settings.stage) and status == "CREATE_COMPLETE":
                api_is_up()

        session = boto3.Session(region_name=settings.region)
        deploy(deployment, session=session, report=self._report, progress=progress)

    def _seed(self, database_url: str) -> str | None:
        begun = monotonic()
        with connect(database_url) as connection:
            added = seed_refresh_tokens(connection, now=datetime.now(UTC))
            password = ensure_administrator(connection, self._state)
        self._report("seed", monotonic() - begun, f"{added} refresh tokens" if added else "kept what is there")
        return password

    def _start_gateway(self, settings: Settings, endpoint_url: str) -> str:
        gateway = Gateway(
            routes=admin_api_routes(self._project),
            invoke=lambda_invoke(
                endpoint_url=endpoint_url,
                region=settings.region,
                function_name=naming.api_function(settings.stage),
            ),
            port=self._port,
        )
        self._up.callback(gateway.stop)
        return gateway.start()

    def _wait_for_api(self, url: str, token: str) -> None:
        begun = monotonic()
        jobs = read_jobs(url, token)
        self._report("admin API", monotonic() - begun, f"{url}, {len(jobs)} jobs")

    def _start_clock(self, settings: Settings, endpoint_url: str) -> None:
        begun = monotonic()
        session = boto3.Session(region_name=settings.region)
        functions = session.client("lambda", endpoint_url=endpoint_url)

        def invoke(arn: str, payload: bytes) -> None:
            functions.invoke(FunctionName=arn, InvocationType="Event", Payload=payload)

        clock = Clock(
            events=session.client("events", endpoint_url=endpoint_url),
            scheduler=session.client("scheduler", endpoint_url=endpoint_url),
            invoke=invoke,
            account=settings.account_id,
            region=settings.region,
            memory=self._state.directory / "clock.json",
        )
        self._up.callback(clock.stop)
        clock.start()
        self._report("clock", monotonic() - begun, "fires on the minute")


def read_jobs(url: str, token: str) -> list[dict[str, Any]]:
    """The admin API's list of jobs, asked as anybody else would."""
    request = urllib.request.Request(f"{url}/api/v1/admin/jobs", headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - our own gateway's URL
        jobs: list[dict[str, Any]] = json.load(response)
    return jobs


def _sign(settings: Settings) -> str:
    from chalicelib.tokens import Identity, sign

    everything = Identity(actor="developer", permissions=frozenset({"*"}))
    return sign(settings.auth_signing_key, everything, now=datetime.now(UTC), lifetime=_TOKEN_LIFETIME)
