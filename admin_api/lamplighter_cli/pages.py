"""Lists longer than a page, asked for page by page until there are as many as wanted."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from lamplighter_cli.client import ADMIN, Client

_PAGE = 200


def collected(client: Client, path: str, query: dict[str, object], *, field: str, limit: int) -> dict[str, Any]:
    """The API's answer with the items of so many pages in this field; its nextCursor leads on from there."""
    items: list[Any] = []
    cursor: str | None = None
    answer: dict[str, Any] = {}
    while len(items) < limit:
        asked = {**query, "limit": min(_PAGE, limit - len(items)), "cursor": cursor}
        answer = client.json(ADMIN + path, asked)
        items += answer[field]
        cursor = answer["nextCursor"]
        if cursor is None:
            break
    return {**answer, field: items}


def linked(client: Client, path: str, query: dict[str, object], *, limit: int, page: int) -> tuple[list[Any], bool]:
    """The items of an array, whose next page the answer's Link header names (RFC 8288); and whether there are more.

    Only the cursor of the link is used: where requests go is not for an answer to say.
    """
    items: list[Any] = []
    cursor: str | None = None
    while len(items) < limit:
        response = client.get(ADMIN + path, {**query, "limit": min(page, limit - len(items)), "cursor": cursor})
        items += response.json()
        cursor = _next_cursor(response)
        if cursor is None:
            break
    return items, cursor is not None


def _next_cursor(response: requests.Response) -> str | None:
    following = response.links.get("next", {}).get("url")
    if following is None:
        return None
    found = parse_qs(urlsplit(following).query).get("cursor")
    return found[0] if found else None
