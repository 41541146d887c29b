"""The stylesheet, the script and the pictures of the pages."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from chalice.app import Blueprint, Response

from chalicelib.endpoint import open_endpoint
from chalicelib.refusals import RouteNotFound

assets = Blueprint(__name__)

FOLDER = Path(__file__).parent.parent

# Only these: a name never becomes a path.
_KINDS: Mapping[str, str] = {
    "lamplighter.css": "text/css; charset=utf-8",
    "lamplighter.js": "text/javascript; charset=utf-8",
    "icons.svg": "image/svg+xml",
    "lamp.svg": "image/svg+xml",
}


@open_endpoint(assets, "/static/{name}")
def show_asset(name: str) -> Response:
    """200 with the file; its address holds a digest of it, so it may be kept for a year."""
    if name not in _KINDS:
        raise RouteNotFound
    headers: dict[str, str | list[str]] = {
        "Content-Type": _KINDS[name],
        "Cache-Control": "public, max-age=31536000, immutable",
    }
    return Response((FOLDER / "static" / name).read_text(), headers=headers)


@cache
def digest(name: str) -> str:
    """Of a static file: in its address, so that a browser keeps it until it is another one."""
    return hashlib.sha256((FOLDER / "static" / name).read_bytes()).hexdigest()[:12]
