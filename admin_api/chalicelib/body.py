"""A request's JSON body (RFC 8259): one object with the fields an endpoint knows, each read as what it must be."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from chalice.app import Request

from chalicelib.refusals import BodyTooLarge, ContentTypeUnsupported, NotValid
from functions.params import LARGEST_PARAMS_BYTES

# Params are the largest of what is sent; the rest is names and times.
LARGEST_BYTES = LARGEST_PARAMS_BYTES + 10_000
# Far from where Python's own recursion ends: what is read here can be written again.
_DEEPEST = 100
_LONGEST_DELAY_S = 366 * 24 * 3600


class Body:
    """The fields that were given; null is as good as not given. Each getter raises NotValid for another type."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields

    def text(self, name: str) -> str | None:
        """A text."""
        text: str | None = self._typed(name, str, "a text")
        return text

    def mapping(self, name: str) -> dict[str, Any] | None:
        """A JSON object."""
        value: dict[str, Any] | None = self._typed(name, dict, "an object")
        return value

    def instant(self, name: str) -> datetime | None:
        """An aware instant."""
        text = self.text(name)
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            rule = "use ISO 8601 with an offset, as 2026-12-24T18:00:00+01:00"
            raise NotValid(f"{name}={text[:100]!r} is invalid: {rule}")
        return at

    def duration(self, name: str) -> timedelta | None:
        """A number of seconds, not negative."""
        value = self._fields.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LONGEST_DELAY_S:
            raise NotValid(f"{name} is invalid: use a number of seconds from 0 to {_LONGEST_DELAY_S}")
        return timedelta(seconds=value)

    def _typed(self, name: str, kind: type, said: str) -> Any:
        value = self._fields.get(name)
        if value is not None and not isinstance(value, kind):
            raise NotValid(f"{name} is invalid: use {said}")
        return value


def read(request: Request, *known: str) -> Body:
    """The body of this request, with no other fields than the known ones; none at all is an empty object.

    Raises ContentTypeUnsupported, BodyTooLarge, and NotValid for what is not JSON as RFC 8259 has it, is ambiguous (a
    name twice), or cannot be stored. No message shows a value: it may be a secret.
    """
    content = _content(request)
    if not content.strip():
        return Body({})
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
    return Body(fields)


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
