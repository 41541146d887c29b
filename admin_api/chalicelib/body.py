"""A request's JSON body (RFC 8259): one object with the fields an endpoint knows, read without guessing."""

from __future__ import annotations

import json
import math
from typing import Any

from chalice.app import Request

from chalicelib.refusals import BodyTooLarge, ContentTypeUnsupported, NotValid
from functions.params import LARGEST_PARAMS_BYTES

# Params are the largest of what is sent; the rest is names and times.
LARGEST_BYTES = LARGEST_PARAMS_BYTES + 10_000
# Far from where Python's own recursion ends: what is read here can be written again.
_DEEPEST = 100


def read(request: Request, *known: str) -> dict[str, Any]:
    """The fields of this request's body, none but the known ones; no body at all is an empty object.

    Raises ContentTypeUnsupported, BodyTooLarge, and NotValid for what is not JSON as RFC 8259 has it, is ambiguous (a
    name twice), or cannot be stored. No message shows a value: it may be a secret.
    """
    content = _content(request)
    if not content.strip():
        return {}
    kind = str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ContentTypeUnsupported(kind)
    if len(content) > LARGEST_BYTES:
        raise BodyTooLarge(len(content), LARGEST_BYTES)
    fields = _parsed(content)
    if not isinstance(fields, dict):
        raise NotValid("the body is no JSON object: send {…}")
    unknown = sorted(fields.keys() - set(known))
    if unknown:
        names = ", ".join(known)
        raise NotValid(f"the body has a field {unknown[0][:100]!r}, which nothing reads: there are {names}")
    return fields


def _content(request: Request) -> bytes:
    try:
        content = request.raw_body
    except ValueError as error:
        raise NotValid("the body cannot be decoded: send UTF-8") from error
    return content if isinstance(content, bytes) else content.encode()


def _parsed(content: bytes) -> Any:
    try:
        value = json.loads(
            content.decode(), object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite
        )
        _check_storable(value)
    except RecursionError:
        raise NotValid(f"the body is nested too deeply: use at most {_DEEPEST} levels") from None
    except json.JSONDecodeError as error:
        # Not the error itself, which holds all of the body.
        said = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise NotValid(f"the body is no JSON: {said}") from None
    except UnicodeDecodeError:
        raise NotValid("the body is no JSON: use UTF-8") from None
    except ValueError:
        raise NotValid("the body has a number of more digits than can be read: send it as a text") from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise NotValid("the body has an object with a name twice: say each once")
    return fields


def _no_constant(name: str) -> Any:
    raise NotValid(f"the body has {name}, which is no JSON: use null or a text")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise NotValid("the body has a number too large to be read: send it as a text")
    return number


def _check_storable(value: object, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, dict):
        for name, item in value.items():
            _check_storable(name)
            _check_storable(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check_storable(item, depth + 1)
    elif isinstance(value, str) and ("\x00" in value or any("\ud800" <= each <= "\udfff" for each in value)):
        raise NotValid("the body has a text with NUL or half a surrogate pair, which PostgreSQL cannot store")
