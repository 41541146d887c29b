"""The stylesheet, the script and the picture of the pages; their icons are in the pages themselves."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from chalice.app import Blueprint, Response

from chalicelib.endpoint import open_endpoint
from chalicelib.refusals import RouteNotFound

assets = Blueprint(__name__)

FOLDER = Path(__file__).parent.parent

# Comments that are lines of their own, and what stands before a line.
_OURS = re.compile(r"^[ \t]*(?://.*\n|/\*.*\*/\n|\n)|^[ \t]+", re.MULTILINE)

# Only these: a name never becomes a path.
_KINDS: Mapping[str, str] = {
    "lamplighter.css": "text/css; charset=utf-8",
    "lamplighter.js": "text/javascript; charset=utf-8",
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
    return Response(served(name), headers=headers)


@cache
def served(name: str) -> str:
    """The file without the comments and the indentation that only we read; what is on a line stays on one."""
    return _OURS.sub("", (FOLDER / "static" / name).read_text())


@cache
def digest(name: str) -> str:
    """Of a static file: in its address, so that a browser keeps it until it is another one."""
    return hashlib.sha256(served(name).encode()).hexdigest()[:12]
