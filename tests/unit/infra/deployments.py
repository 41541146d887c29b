"""A deployment and packages to make templates from, without building anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from functions.definition import JobDefinition
from functions.settings import from_environment
from infra.archive import Archive
from infra.deployment import Deployment, Target
from infra.options import options_from
from infra.packaging import Packages
from tests.conftest import PROJECT

ENVIRONMENT = {
    "STAGE": "dev",
    "AWS_REGION": "eu-central-1",
    "ACCOUNT_ID": "123456789012",
    "DATABASE_URL": "postgresql://jobs:hunter2@db.example:5432/jobs",
    "AUTH_SIGNING_KEY": "a-signing-key-of-more-than-32-characters",
}
NOWHERE = Path("nowhere")


def deployment_of(
    jobs: Sequence[JobDefinition],
    *,
    target: Target | None = None,
    environ: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    endpoint_url: str | None = None,
) -> Deployment:
    return Deployment(
        settings=from_environment({**ENVIRONMENT, **(environ or {})}),
        jobs=tuple(jobs),
        project=PROJECT,
        cache=NOWHERE,
        target=target or Target(),
        options=options_from(options or {}),
        endpoint_url=endpoint_url,
    )


def packages(*, functions_sha256: str = "f" * 64) -> Packages:
    return Packages(
        functions=Archive("functions", NOWHERE, functions_sha256, 1),
        api=Archive("api", NOWHERE, "a" * 64, 1),
    )
