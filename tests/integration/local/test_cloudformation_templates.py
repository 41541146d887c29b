"""CloudFormation on this machine reads a JSON template as JSON, and a YAML one as moto does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from moto.cloudformation.models import ChangeSet, Stack

from infra.local import cloudformation_templates  # noqa: F401 - importing it is what is tested


def test_a_stack_tells_json_from_yaml() -> None:
    # 1e3 is a number in JSON and a text in YAML 1.1: it says which of the two was read.
    assert Stack.parse_template('{"Number": 1e3}') == {"Number": 1000.0}
    assert Stack.parse_template("Number: 1e3\nQueue: !Ref Name") == {"Number": "1e3", "Queue": {"Ref": "Name"}}


def test_a_change_set_tells_json_from_yaml() -> None:
    assert _read_by_a_change_set('{"Number": 1e3}') == {"Number": 1000.0}
    assert _read_by_a_change_set("Number: 1e3") == {"Number": "1e3"}


def _read_by_a_change_set(template: str) -> Any:
    change_set: Any = SimpleNamespace(template=template)
    ChangeSet._parse_template(change_set)
    return change_set.template_dict
