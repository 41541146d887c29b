"""Whether an address leads to this machine and nowhere else."""

from __future__ import annotations

import ipaddress
from urllib.parse import parse_qs, urlsplit

from functions.errors import JobsError


class NotLoopback(JobsError):
    """An address of the one-machine edition that is not on this machine."""

    code = "local_not_loopback"


def require_loopback(url: str, *, what: str) -> None:
    """Raise NotLoopback unless every host this URL can lead to is this machine.

    A PostgreSQL URL may name several hosts, more of them in its query, or a service that names them elsewhere (libpq,
    "Connection URIs").
    """
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    named = [*parts.netloc.rpartition("@")[2].split(","), *query.get("host", []), *query.get("hostaddr", [])]
    elsewhere = [host for host in named if not _is_here(host)] + query.get("service", [])
    if elsewhere or not parts.scheme:
        leads = f"leads to {', '.join(elsewhere)}" if elsewhere else f"is {url!r}, which is no URL"
        raise NotLoopback(f"{what} {leads}: scripts/dev only works on this machine; use 127.0.0.1")


def _is_here(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    return name in ("", "localhost") or host.startswith("/") or _is_loopback(name)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
