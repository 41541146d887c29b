"""Whether a browser's request comes from a page of ours: cookies go along with what other sites make it send."""

from __future__ import annotations

from urllib.parse import urlsplit

from chalice.app import Request

from chalicelib.refusals import CrossSite

# RFC 9110 §9.2.1.
_SAFE = ("GET", "HEAD", "OPTIONS")


def check(request: Request) -> None:
    """Raise CrossSite for a request that may change something unless it demonstrably comes from our own origin.

    OWASP "Cross-Site Request Forgery Prevention Cheat Sheet": Sec-Fetch-Site, which pages cannot set, and for browsers
    without it Origin against Host. One that says neither is not let in.
    """
    if request.method not in _SAFE and not _is_same_origin(request):
        raise CrossSite


def _is_same_origin(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return bool(site == "same-origin")
    origin, host = request.headers.get("origin"), request.headers.get("host")
    try:
        return bool(origin and host and urlsplit(str(origin)).netloc.lower() == str(host).lower())
    except ValueError:
        return False
