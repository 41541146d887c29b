"""AWS would accept the templates: cfn-lint finds nothing in them, whatever a stage has asked for."""

from __future__ import annotations

import json
import os

import pytest
from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]
from troposphere import Template

from infra.templates import all_templates, template_text
from tests.unit.infra.deployments import deployment_of, packages
from tests.unit.infra.variants import everything, thousand_jobs, variants

_LINT_ALL = "LINT_ALL_STACKS"
_LINTED: set[str] = set()


@pytest.mark.parametrize("variant", variants())
def test_cfn_lint_finds_nothing_in_any_template(variant: str) -> None:
    templates = all_templates(variants()[variant], packages())
    _read_routes_once(templates["lamplighter-dev-api"])
    # Two variants often share a template, and once is enough.
    texts = {name: text for name, template in templates.items() if (text := template_text(template)) not in _LINTED}
    _LINTED.update(texts.values())

    assert [(name, found) for name, text in texts.items() for found in _findings(text)] == []


def _read_routes_once(api: Template) -> None:
    """The same document stands in every variant's template, and is most of what there is to lint."""
    rest_api = api.resources.get("RestApi")
    if rest_api is not None and (document := json.dumps(rest_api.Body)) in _LINTED:
        rest_api.Body = {**rest_api.Body, "paths": {}}
    elif rest_api is not None:
        _LINTED.add(document)


def test_cfn_lint_finds_nothing_in_the_stacks_of_a_thousand_jobs_with_every_option() -> None:
    """The first, which is full, and the last; all of them take minutes, and LINT_ALL_STACKS=1 to ask for."""
    templates = all_templates(everything(jobs=thousand_jobs()), packages())
    names = [name for name in templates if "-jobs-" in name]
    some = names if os.environ.get(_LINT_ALL) else [names[0], names[-1]]

    assert len(names) == 21
    assert [(name, found) for name in some for found in _findings(template_text(templates[name]))] == []


def test_cfn_lint_would_find_something() -> None:
    deployment = deployment_of([], endpoint_url="http://127.0.0.1:4566")
    text = template_text(all_templates(deployment, packages())["lamplighter-dev-api"])

    assert _findings(text.replace('"Timeout": 29', '"Timeout": 901'))


def _findings(template: str) -> list[str]:
    config = ManualArgs(regions=["us-east-1", "eu-central-1"], include_checks=["I"])
    return [f"{found.rule.id} {found.message}" for found in lint(template, config=config)]
