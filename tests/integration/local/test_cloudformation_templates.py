"""CloudFormation on this machine reads a JSON template as JSON, and a YAML one as moto does."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import pytest

from infra.local.cloudformation_services import import_cloudformation


@pytest.fixture
def models() -> Any:
    """moto's CloudFormation, imported as MotoServer does."""
    import_cloudformation()
    importlib.import_module("infra.local.cloudformation_templates")
    return importlib.import_module("moto.cloudformation.models")


def test_a_stack_tells_json_from_yaml(models: Any) -> None:
    # 1e3 is a number in JSON and a text in YAML 1.1: it says which of the two was read.
    assert models.Stack.parse_template('{"Number": 1e3}') == {"Number": 1000.0}
    assert models.Stack.parse_template("Number: 1e3\nQueue: !Ref Name") == {"Number": "1e3", "Queue": {"Ref": "Name"}}


def test_a_change_set_tells_json_from_yaml(models: Any) -> None:
    assert _read_by_a_change_set(models, '{"Number": 1e3}') == {"Number": 1000.0}
    assert _read_by_a_change_set(models, "Number: 1e3") == {"Number": "1e3"}


def _read_by_a_change_set(models: Any, template: str) -> Any:
    change_set = SimpleNamespace(template=template)
    models.ChangeSet._parse_template(change_set)
    return change_set.template_dict
