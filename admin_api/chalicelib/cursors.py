"""Cursors: where the next page of a list begins, as text a client sends back and never reads."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from chalicelib.refusals import NotValid
from functions.text import Text

T = TypeVar("T")


def encode(*values: object) -> str:
    """The cursor of these values: texts, numbers, None, and what str() makes a text of; an instant as ISO 8601."""
    said = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    packed = json.dumps(said, default=str, separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def decode(cursor: str, place: Callable[..., T]) -> T:
    """place(*values) of the values in this cursor.

    Raises NotValid for what is no cursor of ours, which is also what `place` refuses with a ValueError or TypeError: a
    cursor comes from outside like everything else.
    """
    try:
        values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
        if not isinstance(values, list):
            raise TypeError("a cursor holds a list")
        return place(*values)
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise NotValid(
            Text("cursor=%(cursor)s is invalid: use the nextCursor of the page before", cursor=repr(cursor[:100]))
        ) from None


def aware(value: Any) -> datetime:
    """The instant of a cursor. Raises ValueError for what is none, TypeError for what is no text."""
    at = datetime.fromisoformat(value)
    if at.tzinfo is None:
        raise ValueError("an instant has an offset")
    return at


def text(value: Any) -> str:
    """The text of a cursor. Raises TypeError for what is none, ValueError for what PostgreSQL cannot compare with."""
    if not isinstance(value, str):
        raise TypeError("not a text")
    if "\x00" in value or any("\ud800" <= each <= "\udfff" for each in value):
        raise ValueError("NUL or half a surrogate pair")
    return value
