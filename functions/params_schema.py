"""The JSON Schema of a job's params, as PostgreSQL, the API and the UI know them, and what it says about values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, get_type_hints

from functions.params_type import dataclasses_in
from functions.redaction import secret_fields

_REF = "#/$defs/{name}"


@lru_cache(maxsize=1_000)
def schema(params_type: type) -> dict[str, Any]:
    """The JSON Schema (2020-12) of this dataclass: secrets are `writeOnly`, and fields it does not name are refused.

    Docstrings become descriptions; defaults stay, but for those of secrets. Raises TypeError for a field of a type
    that JSON has no form for. The same object each time: not to be changed.
    """
    import msgspec.json  # late: a deploy asks for it, a job that starts does not

    types = dataclasses_in(params_type)
    (top, *rest), defs = msgspec.json.schema_components(types, ref_template=_REF)
    for dataclass, ref in zip(types, (top, *rest), strict=True):
        _finish(defs[_name(ref)], dataclass)
    return {**top, "$defs": defs}


def unknown_fields(schema: Mapping[str, Any], value: object) -> list[str]:
    """The paths of what is in the value but not in the schema, such as `orders[0].nmae`."""
    return list(_unknown(schema, value, schema["$defs"], ""))


def _finish(node: dict[str, Any], dataclass: type) -> None:
    node["additionalProperties"] = False
    hints = get_type_hints(dataclass, include_extras=True)
    secret = secret_fields(dataclass)
    for name, field in node["properties"].items():
        if name in secret:
            field["writeOnly"] = True
        if name in secret or any(secret_fields(inner) for inner in dataclasses_in(hints[name])):
            field.pop("default", None)


def _unknown(node: Mapping[str, Any], value: object, defs: Mapping[str, Any], path: str) -> Iterator[str]:
    for part in _branches(node, defs):
        if isinstance(value, dict):
            for name, item in value.items():
                below = _below(part, name)
                if below is not None:
                    yield from _unknown(below, item, defs, f"{path}.{name}" if path else name)
                elif part.get("additionalProperties") is False:
                    yield f"{path}.{name}" if path else name
        elif isinstance(value, list):
            for number, item in enumerate(value):
                yield from _unknown(_item(part, number), item, defs, f"{path}[{number}]")


def _branches(node: Mapping[str, Any], defs: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The node without references and unions. Of a union at most one part describes objects, and one arrays."""
    if "$ref" in node:
        yield from _branches(defs[_name(node)], defs)
    elif "anyOf" in node:
        for part in node["anyOf"]:
            yield from _branches(part, defs)
    else:
        yield node


def _below(node: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    properties: Mapping[str, Any] = node.get("properties", {})
    rest: Mapping[str, Any] | bool | None = node.get("additionalProperties")
    return properties[name] if name in properties else rest if isinstance(rest, Mapping) else None


def _item(node: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    first = node.get("prefixItems", ())
    rest = node.get("items")
    return first[number] if number < len(first) else rest if isinstance(rest, Mapping) else {}


def _name(ref: Mapping[str, Any]) -> str:
    return str(ref["$ref"]).rpartition("/")[2]
