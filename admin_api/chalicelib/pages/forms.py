"""What a form sends (application/x-www-form-urlencoded), read as strictly as JSON is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import parse_qsl

from chalice.app import Request

from chalicelib.inputs import Input, read_texts
from chalicelib.refusals import BodyTooLarge, ContentTypeUnsupported, NotValid
from functions.params import LARGEST_PARAMS_BYTES
from functions.text import Text

T = TypeVar("T", bound=Input)
_LARGEST_BYTES = LARGEST_PARAMS_BYTES * 3  # percent-encoded
_MOST_FIELDS = 300


def read_form(request: Request, shape: type[T]) -> T:
    """The fields as this shape; an empty field is as good as not given. Raises as read_body does."""
    return read_texts(read_fields(request), shape)


def typed(request: Request) -> Mapping[str, str]:
    """What was typed, to be shown again, several of one name with commas; nothing where it cannot be read."""
    try:
        return {name: ",".join(values) for name, values in read_fields(request).items() if "password" not in name}
    except NotValid:
        return {}


def read_fields(request: Request) -> dict[str, list[str]]:
    """The fields by name, none of them empty, for a form whose names are not known before. Raises as read_body does."""
    raw = request.raw_body
    content = raw if isinstance(raw, bytes) else raw.encode()
    kind = str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()
    if content and kind != "application/x-www-form-urlencoded":
        raise ContentTypeUnsupported(kind)
    if len(content) > _LARGEST_BYTES:
        raise BodyTooLarge(len(content), _LARGEST_BYTES)
    try:
        pairs = parse_qsl(
            content.decode(), keep_blank_values=False, errors="strict", max_num_fields=_MOST_FIELDS, encoding="utf-8"
        )
    except ValueError:
        raise NotValid(Text("the form cannot be read: send UTF-8 from the page it belongs to")) from None
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return fields
