"""Whether an address leads to this machine and nowhere else."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from functions.errors import JobsError

_NEXT_STEP = "scripts/dev only works on this machine; use 127.0.0.1"
# What may be repeated in a message: a URL that is not read as it was meant can have its password where a host is.
_HOST = re.compile(r"[A-Za-z0-9_.:\[\]/-]*")


class NotLoopback(JobsError):
    """An address of the one-machine edition that is not on this machine."""

    code = "local_not_loopback"


def require_loopback(url: str, *, what: str) -> None:
    """Raise NotLoopback unless this is an HTTP URL whose host is this machine; a name before the host is refused."""
    try:
        parts = urlsplit(url)
        named = [_without_port(parts.netloc)]
    except ValueError:
        raise _unreadable(what, "http://127.0.0.1:port") from None
    if parts.scheme not in ("http", "https") or not named[0]:
        raise _unreadable(what, "http://127.0.0.1:port")
    _refuse_elsewhere(named, what=what)


def require_loopback_database(url: str, *, what: str) -> None:
    """Raise NotLoopback unless every server this PostgreSQL URL can lead to is on this machine.

    It is read as libpq does ("Connection URIs": several hosts, more of them in the query, a service that names them
    elsewhere), and as urllib does, because yoyo applies the migrations to what urllib makes of it.
    """
    example = "postgresql://user:password@127.0.0.1:5432/database"
    try:
        parts = urlsplit(url)
        read = conninfo_to_dict(url)
    except (ValueError, ProgrammingError):  # its text quotes the URL, password and all
        raise _unreadable(what, example) from None
    if parts.scheme not in ("postgresql", "postgres"):
        raise _unreadable(what, example)
    if read.get("service"):
        raise NotLoopback(f"{what} names a service, which can lead anywhere: {_NEXT_STEP}")
    query = parse_qs(parts.query)
    lists = [str(read.get("host") or ""), str(read.get("hostaddr") or "")]
    lists += [*query.get("host", []), *query.get("hostaddr", [])]
    named = [_without_port(host) for host in parts.netloc.rpartition("@")[2].split(",")]
    _refuse_elsewhere([*named, *(host for hosts in lists for host in hosts.split(","))], what=what)


def _refuse_elsewhere(hosts: Iterable[str], *, what: str) -> None:
    elsewhere = list(dict.fromkeys(host for host in hosts if not _is_here(host)))
    if elsewhere:
        safe = all(_HOST.fullmatch(host) for host in elsewhere)
        leads = f"leads to {', '.join(elsewhere)}" if safe else "has a host that cannot be read, or not in one way only"
        raise NotLoopback(f"{what} {leads}: {_NEXT_STEP}")


def _unreadable(what: str, example: str) -> NotLoopback:
    return NotLoopback(f"{what} is no URL that can be read: use one such as {example}")


def _without_port(host: str) -> str:
    """The host of `host`, `host:port` or `[host]:port`; unchanged when it is none of these."""
    found = re.fullmatch(r"\[([^\[\]]*)\](?::\d*)?|([^:]*)(?::\d*)?", host)
    return host if found is None else found[1] or found[2] or ""


def _is_here(host: str) -> bool:
    """Nothing is libpq's default, a socket here; so is a path."""
    return host in ("", "localhost") or host.startswith("/") or _is_loopback(host)


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
