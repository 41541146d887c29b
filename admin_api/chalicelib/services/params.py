"""A job's params by the JSON Schema a deploy stored with it: the API has no job's code, so it asks no dataclass."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from functions.db.jobs import JobRow
from functions.errors import InvalidParams
from functions.params import LARGEST_PARAMS_BYTES
from functions.redaction import is_secret
from functions.text import N_, Text, joined

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Schema = Mapping[str, Any]
_MOST_SHOWN = 5
_SHOWN_CHARACTERS = 100
_KINDS = {
    "string": Text("a text"), "integer": Text("a whole number"), "number": Text("a number"),
    "boolean": Text("true or false"), "object": Text("an object"), "array": Text("a list"), "null": "null",
}  # fmt: skip
_RULES = {
    "minimum": N_("use at least %(rule)s"), "maximum": N_("use at most %(rule)s"),
    "exclusiveMinimum": N_("use more than %(rule)s"), "exclusiveMaximum": N_("use less than %(rule)s"),
    "multipleOf": N_("use a multiple of %(rule)s"), "pattern": N_("it must match %(rule)s"),
    "minLength": N_("use at least %(rule)s characters"), "maxLength": N_("use at most %(rule)s characters"),
    "minItems": N_("use at least %(rule)s items"), "maxItems": N_("use at most %(rule)s items"),
    "minProperties": N_("use at least %(rule)s fields"), "maxProperties": N_("use at most %(rule)s fields"),
    "format": N_("use a valid %(rule)s"), "const": N_("use %(rule)s"),
}  # fmt: skip


def schema_of(job: JobRow) -> Schema | None:
    """The JSON Schema of the job's params; None for a job without."""
    schema: Schema | None = job.definition.get("params_schema")
    return schema


def check(job: JobRow, given: Mapping[str, Any] | None) -> None:
    """Raise InvalidParams, which names path and rule, unless these are params the job takes; None: none were given.

    What only the dataclass's own __post_init__ refuses ends the run instead. No message shows what may be a secret.
    """
    schema = schema_of(job)
    if schema is None:
        if given:
            raise InvalidParams(Text("job %(job)s takes no params: leave them out", job=repr(job.id)))
        return
    if given is None:
        missing = _top(schema).get("required", [])
        if missing:
            raise InvalidParams(
                Text(
                    "job %(job)s cannot run without params: no default for %(names)s",
                    job=repr(job.id),
                    names=", ".join(missing),
                )
            )
        return
    size = len(json.dumps(given, ensure_ascii=False).encode())
    if size > LARGEST_PARAMS_BYTES:
        raise _invalid(
            job,
            [
                Text(
                    "%(size)s bytes of JSON are more than %(most)s: store what is large elsewhere and give its id",
                    size=size,
                    most=LARGEST_PARAMS_BYTES,
                )
            ],
        )
    found = _misfits(schema, given)
    if found:
        raise _invalid(job, found[:_MOST_SHOWN])


def _invalid(job: JobRow, faults: Sequence[str]) -> InvalidParams:
    return InvalidParams(
        Text("params of job %(job)s are invalid: %(faults)s", job=repr(job.id), faults=joined("; ", faults))
    )


def misfits(job: JobRow, given: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with each of these params by its name, as `check` says it; not what is wrong with all of them."""
    schema = schema_of(job)
    if schema is None:
        return {}
    secret = frozenset(secret_names(schema))
    missing = [name for name in _top(schema).get("required", ()) if name not in given]
    found: dict[str, str] = {}
    for error in _errors(schema, given) or ():
        if error.absolute_path:
            found.setdefault(str(error.absolute_path[0]), _described(_deepest(error), secret))
    return {**found, **dict.fromkeys(missing, Text("it is missing, and has no default"))}


def secret_names(schema: Schema | None) -> tuple[str, ...]:
    """The fields that are a secret, or lead to one, by the `writeOnly` in the schema."""
    if schema is None:
        return ()
    fields: Mapping[str, Any] = _top(schema).get("properties", {})
    return tuple(name for name, field in fields.items() if _holds_secret(field, schema["$defs"], frozenset()))


def _top(schema: Schema) -> Schema:
    top: Schema = schema["$defs"][_name(schema["$ref"])] if "$ref" in schema else schema
    return top


def _name(ref: str) -> str:
    return ref.rpartition("/")[2]


def _holds_secret(node: object, defs: Mapping[str, Any], seen: frozenset[str]) -> bool:
    if isinstance(node, list):
        return any(_holds_secret(item, defs, seen) for item in node)
    if not isinstance(node, Mapping):
        return False
    ref = node.get("$ref")
    if isinstance(ref, str) and _name(ref) not in seen and _holds_secret(defs[_name(ref)], defs, seen | {_name(ref)}):
        return True
    return node.get("writeOnly") is True or any(_holds_secret(item, defs, seen) for item in node.values())


def _misfits(schema: Schema, value: Mapping[str, Any]) -> list[str]:
    secret = frozenset(secret_names(schema))
    errors = _errors(schema, value)
    if errors is None:
        return [Text("they are nested too deeply")]
    return list(dict.fromkeys(_described(_deepest(error), secret) for error in errors))


def _errors(schema: Schema, value: Mapping[str, Any]) -> list[ValidationError] | None:
    """In the order of their paths; None of what is nested too deeply to be looked at."""
    try:
        return sorted(_validator(schema).iter_errors(value), key=lambda error: [str(step) for step in error.path])
    except RecursionError:
        return None


def _validator(schema: Schema) -> Any:
    # Imported with the first params: it takes a tenth of a second, and most requests have none.
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.validators import extend

    def is_integer(_: object, instance: object) -> bool:
        return isinstance(instance, int) and not isinstance(instance, bool)  # 1.0 is none to the job

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer)
    formats = FormatChecker(formats=())
    for name, kind in _formats().items():
        formats.checks(name, raises=ValueError)(_as_job_reads(kind))
    strict = extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call]
    return strict(schema, format_checker=formats)


def _formats() -> Mapping[str, type]:
    from datetime import date, datetime, time, timedelta
    from decimal import Decimal
    from uuid import UUID

    return {"date-time": datetime, "date": date, "time": time, "duration": timedelta, "decimal": Decimal, "uuid": UUID}


def _as_job_reads(kind: type) -> Any:
    import msgspec  # what reads them in the job too

    def is_read(value: object) -> bool:
        if isinstance(value, str):
            msgspec.convert(value, kind)
        return True

    return is_read


def _deepest(error: ValidationError) -> ValidationError:
    """Of a union, the error in the part whose type fits, which was meant; else the union's own."""
    for inner in error.context:
        if inner.path or inner.validator not in ("type", "enum", "const"):
            return _deepest(inner)
    return error


def _described(error: ValidationError, secret: frozenset[str]) -> str:
    steps: list[str | int] = list(error.absolute_path)
    is_hidden = bool(steps) and (steps[0] in secret or any(is_secret(step) for step in steps if isinstance(step, str)))
    # Below a secret only what the schema names is shown: a key somebody chose may be one too.
    steps = [*_schema_steps(error)] if is_hidden else steps
    path = re.sub(r"^\.", "", "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps))
    path, value = path[:_SHOWN_CHARACTERS], error.instance
    is_shown = path and not is_hidden and not isinstance(value, dict | list)
    shown = f" ({repr(value)[:_SHOWN_CHARACTERS]})" if is_shown else ""
    rule = _rule(error, is_hidden=is_hidden)
    return joined(": ", (f"{path}{shown}", rule)) if path else rule


def _schema_steps(error: ValidationError) -> list[str]:
    steps = iter(error.absolute_schema_path)
    return [str(next(steps)) for step in steps if step == "properties"]


def _rule(error: ValidationError, *, is_hidden: bool) -> str:
    keyword, wanted, schema = str(error.validator), error.validator_value, cast("Schema", error.schema)
    if keyword == "required":
        return Text("%(names)s is missing", names=", ".join(name for name in wanted if name not in error.instance))
    if keyword == "additionalProperties":
        known = schema.get("properties", {})
        unknown = "***" if is_hidden else ", ".join(sorted(error.instance.keys() - known.keys()))[:_SHOWN_CHARACTERS]
        return Text(
            "there is no field %(names)s: there are %(known)s", names=unknown, known=", ".join(known) or Text("none")
        )
    if keyword in ("type", "anyOf", "enum"):
        return Text("use %(rule)s", rule=_any_of(list(_alternatives(schema))))
    written = wanted if isinstance(wanted, str) else json.dumps(wanted, ensure_ascii=False)
    rule = written[:_SHOWN_CHARACTERS]
    if keyword not in _RULES:
        return Text("its %(keyword)s must be %(rule)s", keyword=keyword, rule=rule)
    return Text(_RULES[keyword], rule=rule)


def _any_of(parts: Sequence[str]) -> str:
    said = parts[0]
    for part in parts[1:]:
        said = Text("%(first)s or %(second)s", first=said, second=part)
    return said


def _alternatives(schema: Schema) -> Iterator[str]:
    if "enum" in schema:
        named = ", ".join(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
        yield Text("one of %(names)s", names=named)
    elif "anyOf" in schema:
        for part in schema["anyOf"]:
            yield from _alternatives(part)
    elif "$ref" in schema:
        yield Text("a %(name)s", name=_name(schema["$ref"]))
    else:
        kinds = schema.get("type", "object")
        yield from (_KINDS.get(kind, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds))
