"""Any Python value as something PostgreSQL's text and jsonb can hold: a strange log field must not cost an outcome."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, overload

from psycopg.types.json import Jsonb

_DEPTH = 20


def as_jsonb(value: object) -> Jsonb:
    """The value as a jsonb parameter: what JSON cannot say becomes text, what PostgreSQL cannot store is replaced."""
    return Jsonb(_plain(value, _DEPTH))


@overload
def storable(text: str) -> str: ...
@overload
def storable(text: None) -> None: ...
def storable(text: str | None) -> str | None:
    """The text without what PostgreSQL refuses: NUL and lone surrogates become U+FFFD and '?'."""
    return None if text is None else text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _plain(value: object, depth: int) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if depth and isinstance(value, Mapping):
        return {storable(str(key)): _plain(item, depth - 1) for key, item in value.items()}
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [_plain(item, depth - 1) for item in value]
    return storable(_text(value))


def _text(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a field whose __str__ fails is still a line worth keeping
        return f"<{type(value).__name__}>"
