"""/openapi.json: what this API is, for programs."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from chalice.app import Blueprint, Chalice, Response

from chalicelib import outgoing
from chalicelib.endpoint import open_endpoint
from chalicelib.version import VERSION

description = Blueprint(__name__)


@open_endpoint(description, "/openapi.json", answers={200: dict[str, Any]})
def show_openapi() -> Response:
    """200 with the OpenAPI 3.1 document of this API."""
    return outgoing.as_json(_document(description.current_app))


@cache
def _document(app: Chalice) -> msgspec.Raw:
    # Late, and once: most instances are never asked.
    from chalicelib import openapi

    return msgspec.Raw(msgspec.json.encode(openapi.document(app, version=VERSION)))
