"""What a request may say, as types: an endpoint names the Input of its query and of its body, and gets one or refuses.

msgspec reads them strictly; the same types are the schemas in openapi.py, so what is promised is what is checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Annotated, Any, TypeVar

import msgspec
from chalice.app import MultiDict, Request
from msgspec import Meta

from chalicelib import body
from chalicelib.refusals import NotValid
from functions.text import Text, joined

T = TypeVar("T", bound="Input")
Fields = Mapping[str, Mapping[str, Any]]  # the JSON Schema of each field by its name on the wire
_SHOWN = 100
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_BOOLEANS = {"true": True, "false": False}
_PATH = re.compile(r".* at `(?:key in )?\$\.?(?P<path>.*)`", re.DOTALL)
_FORMATS = {
    "date-time": Text("ISO 8601 with an offset, as 2026-12-24T18:00:00+01:00 (a '+' is %2B in a query)"),
    "uuid": Text("a UUID"),
}


class Input(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What a client sends: camelCase outside, and nothing that no field reads. null is as good as not given."""


AwareInstant = Annotated[datetime, Meta(tz=True)]
Limit = Annotated[int, Meta(ge=1, le=200, description="how many at most")]
Cursor = Annotated[str, Meta(min_length=1, max_length=500, description="`nextCursor` of the page before")]
Search = Annotated[str, Meta(max_length=200)]
JobId = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[a-z0-9._-]+$")]


def read_query(request: Request, shape: type[T]) -> T:
    """The query parameters of this request as this shape. Raises NotValid, which names parameter, value and rule.

    A list is one parameter with commas, or several of that name. A parameter nothing reads is refused, not ignored: a
    filter with a typo would otherwise be no filter.
    """
    sent = request.query_params or MultiDict(None)
    return read_texts({name: [str(value) for value in sent.getlist(name)] for name in sent}, shape)


def read_texts(sent: Mapping[str, list[str]], shape: type[T]) -> T:
    """Texts by name as this shape: a query's parameters or a form's fields. Raises as read_query does."""
    fields = _fields(shape)
    for name in sent:
        if name not in fields:
            raise NotValid(
                Text(
                    "there is no parameter %(name)s here: there are %(names)s",
                    name=repr(name[:_SHOWN]),
                    names=", ".join(fields),
                )
            )
    given = {name: _parameter(name, values, fields[name]) for name, values in sent.items()}
    return _convert(given, shape, fields, shows_values="password" not in fields)


def read_body(request: Request, shape: type[T]) -> T:
    """The JSON body of this request as this shape; none at all is an empty object.

    Raises as body.read does, and NotValid, which names field and rule, never the value: it may be a secret.
    """
    fields = _fields(shape)
    given = {name: value for name, value in body.read(request, *fields).items() if value is not None}
    return _convert(given, shape, fields, shows_values=False)


def _parameter(name: str, values: list[str], field: Mapping[str, Any]) -> Any:
    if any("\x00" in value or not is_utf8(value) for value in values):
        raise NotValid(
            Text("%(name)s is invalid: it has a NUL or half a surrogate pair, which PostgreSQL cannot store", name=name)
        )
    if field.get("type") == "array":
        return [part for value in values if value for part in value.split(",")]
    if len(values) > 1:
        raise NotValid(Text("%(name)s is there %(count)s times: say it once", name=name, count=len(values)))
    (value,) = values
    if field.get("type") == "integer" and _WHOLE.fullmatch(value):
        return int(value)
    if field.get("type") == "number" and _DECIMAL.fullmatch(value):
        return float(value)
    return _BOOLEANS.get(value, value) if field.get("type") == "boolean" else value


def is_utf8(text: str) -> bool:
    """Whether this can be sent on: JSON in an event can hold half a surrogate pair, UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _convert(given: dict[str, Any], shape: type[T], fields: Fields, *, shows_values: bool) -> T:
    try:
        return msgspec.convert(given, shape, strict=True)
    except msgspec.ValidationError as error:
        raise NotValid(_said(str(error), given, fields, shows_values=shows_values)) from None


def _said(message: str, given: Mapping[str, Any], fields: Fields, *, shows_values: bool) -> str:
    found = _PATH.fullmatch(message)
    path = found["path"] if found is not None else ""
    name = re.split(r"[.\[]", path)[0]
    if name not in fields:
        missing = re.search(r"missing required field `(.*?)`", message)
        if missing is not None and missing[1] in fields:
            return Text("%(name)s is missing: use %(rule)s", name=missing[1], rule=_rule(fields[missing[1]]))
        return Text("the request is invalid: %(message)s", message=message)
    shown = (path if "." in path else name) + (f"={_shown(given[name])}" if shows_values else "")
    return Text("%(field)s is invalid: use %(rule)s", field=shown, rule=_rule(fields[name]))


def _shown(value: object) -> str:
    text = ",".join(value) if isinstance(value, list) else str(value)
    return repr(text[:_SHOWN])


def _rule(field: Mapping[str, Any]) -> str:
    """A JSON Schema in words."""
    if "enum" in field:
        return Text("one of %(names)s", names=", ".join(map(str, field["enum"])))
    if field.get("type") == "array":
        items = field["items"]
        if "enum" not in items:
            return Text("a list")
        return Text("some of %(names)s, with commas", names=", ".join(items["enum"]))
    if field.get("format") in _FORMATS:
        return _FORMATS[field["format"]]
    return joined(" ", filter(None, (_kind(field), _bounds(field))))


def _kind(field: Mapping[str, Any]) -> str:
    kinds = {
        "integer": Text("a whole number"), "number": Text("a number"), "boolean": Text("true or false"),
        "object": Text("an object"),
    }  # fmt: skip
    if "pattern" in field:
        return Text("a text that matches %(pattern)s", pattern=field["pattern"])
    return kinds.get(str(field.get("type")), Text("a text"))


def _bounds(field: Mapping[str, Any]) -> str:
    least, most = field.get("minimum", field.get("minLength")), field.get("maximum", field.get("maxLength"))
    if field.get("type") == "string":
        return _lengths(least, most)
    if least is not None and most is not None:
        return Text("of %(least)s to %(most)s", least=least, most=most)
    if most is not None:
        return Text("of at most %(most)s", most=most)
    return "" if least is None else Text("of at least %(least)s", least=least)


def _lengths(least: int | None, most: int | None) -> str:
    if least is not None and most is not None:
        return Text("of %(least)s to %(most)s characters", least=least, most=most)
    if most is not None:
        return Text("of at most %(most)s characters", most=most)
    return "" if least is None else Text("of at least %(least)s characters", least=least)


@cache
def _fields(shape: type[Input]) -> Fields:
    """The JSON Schema of each field by its name on the wire, without the null an optional one may be."""
    (_,), components = msgspec.json.schema_components([shape], ref_template="{name}")
    properties = components[shape.__name__]["properties"]
    return {name: _not_null(field, components) for name, field in properties.items()}


def _not_null(field: Mapping[str, Any], components: Mapping[str, Any]) -> Mapping[str, Any]:
    kinds = [kind for kind in field.get("anyOf", [field]) if kind.get("type") != "null"]
    found: Mapping[str, Any] = kinds[0] if len(kinds) == 1 else {"type": "string"}
    return components[found["$ref"]] if "$ref" in found else found
