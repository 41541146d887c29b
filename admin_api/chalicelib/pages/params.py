"""A job's params as a form: fields made from the JSON Schema its deploy stored, and what was typed into them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from zoneinfo import ZoneInfo

from chalicelib.pages.local_time import instant
from chalicelib.refusals import NotValid
from functions.redaction import is_secret
from functions.text import Text

Schema = Mapping[str, Any]
Kind = Literal["text", "secret", "whole", "number", "flag", "choice", "date", "instant", "lines", "json"]

# Before the name of each of them in the form: a param may be called as one of our own fields is.
PREFIX = "p."
_SCALARS: Mapping[str, Kind] = {"string": "text", "integer": "whole", "number": "number", "boolean": "flag"}
_FORMATS: Mapping[str, Kind] = {"date": "date", "date-time": "instant"}
_LIMITS = {"minimum": "min", "maximum": "max", "minLength": "minlength", "maxLength": "maxlength"}
_WRONG: Mapping[str, str] = {
    "whole": Text("Use a whole number."), "number": Text("Use a number."), "flag": Text("Choose yes or no."),
    "choice": Text("Choose one of these."), "instant": Text("Use a date and a time."),
    "json": Text("This is no JSON: use quotes for texts, as in [1, \"two\", {\"three\": true}]."),
    "lines": Text("One of these lines is not of the right kind."),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Field:
    """One param. choices and default as JSON says them; limits are attributes of its <input>; schema is for `json`."""

    name: str
    kind: Kind
    is_required: bool
    description: str = ""
    default: str | None = None
    format: str = ""
    choices: Sequence[str] = ()
    limits: Mapping[str, Any] = field(default_factory=dict)
    schema: str = ""
    item: Field | None = None


def fields_of(schema: Schema | None) -> list[Field]:
    """The fields of a form for these params, what is required first; none for a job without."""
    if schema is None:
        return []
    defs = schema.get("$defs", {})
    top = _resolved(schema, defs)
    required = top.get("required", ())
    fields = [_field(name, node, defs, name in required) for name, node in top.get("properties", {}).items()]
    return sorted(fields, key=lambda each: (not each.is_required, each.name))  # jsonb has kept no order


def title_of(schema: Schema | None) -> str:
    """What the params are, as their dataclass says."""
    return "" if schema is None else str(_resolved(schema, schema.get("$defs", {})).get("description", ""))


def read(fields: Sequence[Field], sent: Mapping[str, str], zone: ZoneInfo) -> tuple[dict[str, Any], dict[str, str]]:
    """The params typed into these fields, and by name what is wrong with those that cannot be read.

    sent: by the fields' names. One left empty is not given: the job then takes its default.
    """
    params, wrong = {}, {}
    for each in fields:
        text = sent.get(each.name, "")
        if text == "" or (each.kind != "text" and not text.strip()):
            continue
        try:
            params[each.name] = _value(each, text, zone)
        except (ValueError, RecursionError, NotValid):
            wrong[each.name] = _WRONG[each.kind]
    return params, wrong


def _value(of: Field, text: str, zone: ZoneInfo) -> Any:
    if of.kind == "whole":
        return int(text.strip())
    if of.kind == "number":
        return _finite(text)
    if of.kind == "flag":
        return {"true": True, "false": False}[_one_of(text, ("true", "false"))]
    if of.kind == "choice":
        return json.loads(_one_of(text, of.choices))
    if of.kind == "instant":
        at = instant(text, zone)
        return None if at is None else at.isoformat()
    if of.kind == "lines" and of.item is not None:
        return [_value(of.item, line.strip(), zone) for line in text.splitlines() if line.strip()]
    return _json(text) if of.kind == "json" else text


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _json(text: str) -> Any:
    def refuse(name: str) -> Any:
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse, parse_float=_finite)


def _one_of(text: str, known: Sequence[str]) -> str:
    if text not in known:
        raise ValueError(text)
    return text


def _field(name: str, written: Schema, defs: Mapping[str, Any], is_required: bool) -> Field:
    node = _resolved(written, defs)
    kind = _kind(name, node, written, defs)
    default = written.get("default")
    item = _item(name, node, defs) if kind == "lines" else None
    return Field(
        name=name,
        kind=kind,
        is_required=is_required,
        description=str(written.get("description", "") or (node.get("description", "") if kind != "json" else "")),
        default=None if default is None or kind == "secret" else _said(default),
        format=str(node.get("format", "")),
        choices=[json.dumps(value, ensure_ascii=False) for value in _choices(node)] if kind == "choice" else (),
        limits={_LIMITS[rule]: node[rule] for rule in _LIMITS if rule in node},
        schema=json.dumps(_expanded(node, defs), ensure_ascii=False, indent=2) if kind == "json" else "",
        item=item,
    )


def _kind(name: str, node: Schema, written: Schema, defs: Mapping[str, Any]) -> Kind:
    is_text = node.get("type") == "string" and "enum" not in node
    if is_text and (written.get("writeOnly") or node.get("writeOnly") or is_secret(name)):
        return "secret"
    if _choices(node):
        return "choice"
    if is_text:
        return _FORMATS.get(str(node.get("format")), "text")
    if node.get("type") == "array" and _item(name, node, defs) is not None:
        return "lines"
    return _SCALARS.get(str(node.get("type")), "json")


def _item(name: str, node: Schema, defs: Mapping[str, Any]) -> Field | None:
    """The field of one line, where every item is a scalar of one kind."""
    items = node.get("items")
    if "prefixItems" in node or not isinstance(items, Mapping):
        return None
    found = _resolved(items, defs)
    kind = _SCALARS.get(str(found.get("type")))
    if kind is None or found.get("writeOnly") or is_secret(name) or items.get("writeOnly"):
        return None
    return Field(name=name, kind=kind, is_required=True)


def _choices(node: Schema) -> Sequence[Any]:
    return [node["const"]] if "const" in node else node.get("enum", ())


def _resolved(node: Schema, defs: Mapping[str, Any]) -> Schema:
    """What a reference leads to; of `T or null` T, since an empty field is not given at all."""
    for _ in range(20):
        if "$ref" in node:
            node = defs[node["$ref"].rpartition("/")[2]]
            continue
        parts = [part for part in node.get("anyOf", ()) if part.get("type") != "null"]
        if len(parts) != 1:
            break
        node = parts[0]
    return node


def _expanded(node: Schema, defs: Mapping[str, Any]) -> Schema:
    """With the definitions it refers to, so that it can be read by itself."""
    text = json.dumps(node)
    used = {name: each for name, each in defs.items() if f'/{name}"' in text}
    return {**node, "$defs": used} if used else node


def _said(default: Any) -> str:
    return default if isinstance(default, str) else json.dumps(default, ensure_ascii=False)
