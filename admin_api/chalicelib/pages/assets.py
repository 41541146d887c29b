"""The stylesheet, the script and the pictures of the pages."""

from __future__ import annotations

from collections.abc import Mapping

from chalice.app import Blueprint, Response

from chalicelib.endpoint import open_endpoint
from chalicelib.pages.rendering import FOLDER
from chalicelib.refusals import RouteNotFound

assets = Blueprint(__name__)

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
