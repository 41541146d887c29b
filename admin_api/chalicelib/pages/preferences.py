"""How somebody wants to read: language, zone and theme, kept in cookies that say nothing else."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from chalice.app import Request

from chalicelib.pages.catalogue import LANGUAGES

THEMES = ("light", "dark")
_YEAR_S = 365 * 24 * 3600
_ACCEPTED = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([0-9.]+))?\s*")


def language(request: Request) -> str:
    """The chosen language, else the first the browser asks for that there is, else English."""
    chosen = _cookie(request, "language")
    if chosen in LANGUAGES:
        return str(chosen)
    return next((name for name in _accepted(request) if name in LANGUAGES), "en")


def zone(request: Request) -> ZoneInfo:
    """The viewer's time zone, which the script of our pages says; UTC as long as it has not."""
    name = _cookie(request, "zone") or "UTC"
    return ZoneInfo(name if name in _zones() else "UTC")


def theme(request: Request) -> str | None:
    """The chosen theme; None: the system's."""
    chosen = _cookie(request, "theme")
    return chosen if chosen in THEMES else None


def remember(name: str, value: str) -> str:
    """The Set-Cookie header that keeps a choice."""
    age = _YEAR_S if value else 0
    return f"{name}={value}; Max-Age={age}; Path=/; Secure; SameSite=Lax"


def _accepted(request: Request) -> list[str]:
    """RFC 9110 §12.5.4, by weight."""
    found = [_ACCEPTED.fullmatch(part) for part in str(request.headers.get("accept-language", "")).split(",")[:20]]
    weighed = [(float(each[2] or 1), each[1].lower()) for each in found if each is not None and _is_weight(each[2])]
    return [name for weight, name in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0]


def _is_weight(text: str | None) -> bool:
    return text is None or re.fullmatch(r"[01](\.[0-9]{0,3})?", text) is not None


def _cookie(request: Request, name: str) -> str | None:
    for pair in str(request.headers.get("cookie", "")).split(";"):
        key, _, value = pair.strip().partition("=")
        if key == name:
            return value
    return None


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
