"""Any Python value as something PostgreSQL's text and jsonb can hold: a strange log field must not cost an outcome."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, overload

from psycopg.types.json import Jsonb

_DEPTH = 20
_LARGEST_INT_BITS = 4_096  # as in functions/redaction.py


def as_jsonb(value: object) -> Jsonb:
    """The value as a jsonb parameter: what JSON cannot say becomes text, what PostgreSQL cannot store is replaced."""
    return Jsonb(plain(value))


def plain(value: object) -> Any:
    """The value as JSON values only, as `as_jsonb` sends it."""
    return _plain(value, _DEPTH)


@overload
def storable(text: str) -> str: ...
@overload
def storable(text: None) -> None: ...
def storable(text: str | None) -> str | None:
    """The text without what PostgreSQL refuses: NUL and lone surrogates become U+FFFD and '?'."""
    if text is None or (text.isascii() and "\x00" not in text):
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _plain(value: object, depth: int) -> Any:
    try:
        return _converted(value, depth)
    except Exception:  # noqa: BLE001 - a value that cannot even be read is still worth its line
        return f"<{type(value).__name__}>"


def _converted(value: object, depth: int) -> Any:
    if type(value) is str:  # what most are, and told from the rest at once
        return storable(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if value.bit_length() <= _LARGEST_INT_BITS else f"<int of {value.bit_length()} bits>"
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth and isinstance(value, Mapping):
        return {text_of(key): _plain(item, depth - 1) for key, item in value.items()}
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth - 1) for item in value]
    return text_of(value)


def text_of(value: object) -> str:
    """str(value) as PostgreSQL can store it; the type's name when even that fails."""
    try:
        return storable(str(value))
    except Exception:  # noqa: BLE001 - a field whose __str__ fails is still a line worth keeping
        return f"<{type(value).__name__}>"
