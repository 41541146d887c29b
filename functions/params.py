"""A job's params: a plain dataclass of the job's own, validated strictly on its way into PostgreSQL and out again.

msgspec does it, and is imported only where there are params to look at: a job without them never pays for it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, asdict, fields
from functools import lru_cache
from typing import Any, get_type_hints

from functions.errors import InvalidJob, InvalidParams
from functions.params_schema import schema, unknown_fields
from functions.params_type import dataclasses_in, required_fields
from functions.redaction import REDACTED, secret_fields

__all__ = [
    "LARGEST_PARAMS_BYTES", "check_defaults", "from_json", "schema", "secret_names", "to_json", "typed",
]  # fmt: skip

# They are read with every claim and shown on a page: more than this belongs into S3 or a table, its id into params.
LARGEST_PARAMS_BYTES = 256_000
_SHOWN_CHARACTERS = 100
# Shorter texts stand in any message by chance.
_SHORTEST_SECRET = 3
_MESSAGE = re.compile(r"(?P<rule>.*?)(?: - at (?:`key` in )?`\$\.?(?P<path>.*)`)?", re.DOTALL)
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+|\.\.\.)\]")


class _Misfit(Exception):
    """What does not fit: the path of it, "" for the whole, and the rule."""

    def __init__(self, path: str, rule: str) -> None:
        super().__init__(rule)
        self.path = path
        self.rule = rule


def to_json(job_id: str, params_type: type, params: object) -> dict[str, Any]:
    """The params as JSON values, defaults filled in; params: an instance, a mapping, or None for all defaults.

    Raises InvalidParams for what does not fit the dataclass, its types or its own __post_init__, for what JSON or
    PostgreSQL cannot carry, and beyond LARGEST_PARAMS_BYTES.
    """
    given: dict[str, Any] = {}
    try:
        given = _as_given(params_type, params)
        value = _builtins(_instance(params_type, given))
        _instance(params_type, value)  # its defaults too, and what its __post_init__ made of it: this is what is read
        _check_storable(value, "")
        _check_size(value)
    except _Misfit as misfit:
        # from None, here and below: what msgspec or __post_init__ said may hold a secret, and stacks are kept.
        raise _invalid(job_id, params_type, given, misfit) from None
    return value


def from_json(job_id: str, params_type: type, value: Mapping[str, Any]) -> Any:
    """The instance these JSON values describe. Raises InvalidParams when they do not fit (any more)."""
    try:
        return _instance(params_type, dict(value))
    except _Misfit as misfit:
        raise _invalid(job_id, params_type, value, misfit) from None


def typed(job_id: str, params_type: type | None, stored: Mapping[str, Any] | None) -> Any:
    """What ctx.params is: of what was stored with an execution, which most have nothing of. Raises InvalidParams."""
    if params_type is None:
        if stored is None:
            return None
        rule = "this execution was given params, but the job takes none (any more): enqueue it again without"
        raise InvalidParams(f"params of job {job_id!r} are invalid: {rule}")
    if stored is None and not required_fields(params_type):
        return _defaults(job_id, params_type)
    return from_json(job_id, params_type, stored or {})


@lru_cache(maxsize=1_000)
def secret_names(params_type: type) -> tuple[str, ...]:
    """The fields that are a secret, or hold a dataclass with one, in the dataclass's order."""
    hints = get_type_hints(params_type, include_extras=True)
    secret = secret_fields(params_type)
    return tuple(
        field.name
        for field in fields(params_type)
        if field.name in secret or any(secret_fields(inner) for inner in dataclasses_in(hints[field.name]))
    )


def check_defaults(job_id: str, params_type: type) -> None:
    """Raise InvalidJob when the defaults do not fit the types, or a type has no form in JSON; what a deploy asks."""
    try:
        schema(params_type)
        if not required_fields(params_type):
            to_json(job_id, params_type, None)
    except (InvalidParams, TypeError) as error:
        raise InvalidJob(f"job {job_id!r}: params={params_type!r} is invalid: {error}") from error


def _defaults(job_id: str, params_type: type) -> Any:
    """The defaults as they stand: a deploy has checked them, so an occurrence of a schedule costs no msgspec."""
    try:
        return params_type()
    except Exception as error:  # noqa: BLE001 - its __post_init__ may raise anything
        misfit = _Misfit("", f"its defaults do not fit: {type(error).__qualname__}: {error}")
        raise _invalid(job_id, params_type, {}, misfit) from None


def _as_given(params_type: type, params: object) -> dict[str, Any]:
    if params is None:
        return {}
    if isinstance(params, params_type):
        return _builtins(params)
    if isinstance(params, Mapping):
        return _builtins(dict(params))
    raise _Misfit("", f"use a {params_type.__qualname__} or a mapping of its fields, not {type(params).__qualname__}")


def _builtins(value: Any) -> dict[str, Any]:
    import msgspec

    try:
        # asdict: of a dataclass msgspec leaves out the defaults that only its class holds.
        whole = value if isinstance(value, dict) else asdict(value)
        # Through JSON, so that a tuple is the list it comes back as.
        builtins: dict[str, Any] = json.loads(json.dumps(msgspec.to_builtins(whole, str_keys=True)))
    except Exception as error:  # noqa: BLE001 - also a circle, or a number of more than 4,300 digits
        raise _Misfit("", str(error)) from None
    return builtins


def _instance(params_type: type, value: dict[str, Any]) -> object:
    import msgspec

    unknown = unknown_fields(schema(params_type), value)
    if unknown:
        known = ", ".join(field.name for field in fields(params_type))
        raise _Misfit("", f"there is no field {', '.join(unknown)}: {params_type.__qualname__} has {known}")
    try:
        instance: object = msgspec.convert(value, params_type, strict=True, str_keys=True)
    except msgspec.ValidationError as error:
        found = _MESSAGE.fullmatch(str(error))
        assert found is not None
        raise _Misfit(found["path"] or "", found["rule"]) from None
    except Exception as error:  # noqa: BLE001 - its __post_init__ may raise anything
        raise _Misfit("", f"{type(error).__qualname__}: {error}") from None
    return instance


def _check_storable(value: object, path: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            below = f"{path}.{key}" if path else key
            _check_text(key, below)
            _check_storable(item, below)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            _check_storable(item, f"{path}[{number}]")
    elif isinstance(value, float) and not math.isfinite(value):
        raise _Misfit(path, "JSON has no such number; use None or a text")
    elif isinstance(value, str):
        _check_text(value, path)


def _check_text(text: str, path: str) -> None:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise _Misfit(path, "PostgreSQL cannot store NUL and lone surrogates in a text")


def _check_size(value: dict[str, Any]) -> None:
    size = len(json.dumps(value, ensure_ascii=False).encode())
    if size > LARGEST_PARAMS_BYTES:
        step = "store what is large elsewhere and give its id"
        raise _Misfit("", f"{size} bytes of JSON are more than {LARGEST_PARAMS_BYTES}: {step}")


def _invalid(job_id: str, params_type: type, given: Mapping[str, Any], misfit: _Misfit) -> InvalidParams:
    secret = secret_names(params_type)
    where = f" at {misfit.path}" if misfit.path else ""
    value = _value_at(given, misfit.path)
    rule = misfit.rule
    if misfit.path and re.split(r"[.\[]", misfit.path)[0] in secret:
        value = MISSING if value is MISSING else REDACTED
    for text in sorted(_texts([given.get(name) for name in secret]), key=len, reverse=True):
        rule = rule.replace(text, REDACTED)
    shown = "" if value is MISSING else f" ({repr(value)[:_SHOWN_CHARACTERS]})"
    step = f"see {params_type.__qualname__} in {params_type.__module__} for what it takes"
    return InvalidParams(f"params of job {job_id!r} are invalid{where}{shown}: {rule}; {step}")


def _value_at(value: object, path: str) -> object:
    """The scalar at this path; MISSING for anything else, which is too long to show or may hold a secret."""
    for name, number in _STEP.findall(path):
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list) and number.isdecimal() and int(number) < len(value):
            value = value[int(number)]
        else:
            return MISSING
    return MISSING if isinstance(value, dict | list) else value


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)
    elif value is not None and not isinstance(value, bool) and len(str(value)) >= _SHORTEST_SECRET:
        # Also as repr() writes it, which has no line's end and other quotes.
        for text in {str(value), str(value).strip()}:
            yield from {text, repr(text)[1:-1]} if len(text) >= _SHORTEST_SECRET else ()
