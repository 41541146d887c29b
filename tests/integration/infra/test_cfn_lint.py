"""AWS would accept the templates: cfn-lint finds nothing in them."""

from __future__ import annotations

import pytest
from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]

from functions.definition import JobDefinition
from infra.deployment import Target
from infra.resources.api import api_template
from infra.resources.jobs import jobs_template
from infra.resources.shared import shared_template
from tests.unit.infra.deployments import deployment_of, packages

_JOBS = [
    JobDefinition(id="expired-refresh-token-cleanup", schedule="@hourly"),
    JobDefinition(id="nightly.export", permissions=({"Action": "s3:PutObject", "Resource": "arn:aws:s3:::exports/*"},)),
]
_TARGETS = [Target(), Target(python="3.11", architecture="x86_64")]


@pytest.mark.parametrize("target", _TARGETS, ids=["arm64", "x86_64"])
def test_cfn_lint_finds_nothing_in_any_template(target: Target) -> None:
    deployment = deployment_of(_JOBS, target=target)
    templates = [
        shared_template(deployment, packages()),
        api_template(deployment, packages()),
        jobs_template(deployment, packages(), _JOBS),
    ]

    assert [_findings(template.to_json()) for template in templates] == [[], [], []]


def test_cfn_lint_would_find_something() -> None:
    template = api_template(deployment_of([]), packages()).to_json()

    assert _findings(template.replace('"Timeout": 29', '"Timeout": 901'))


def _findings(template: str) -> list[str]:
    config = ManualArgs(regions=["us-east-1", "eu-central-1"], include_checks=["I"])
    return [f"{found.rule.id} {found.message}" for found in lint(template, config=config)]
