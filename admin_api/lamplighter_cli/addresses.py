"""Where the API is: a URL a token may be sent to."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit

from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure

_EXAMPLE = "use the address without /api, such as https://jobs.example.com or http://127.0.0.1:8080"


def base_url(text: str) -> str:
    """This address without a slash at its end. Raises Failure for one that is none, or where a token could be read.

    Plain http leads to this machine only: anywhere else whoever is on the way reads the token (RFC 6750 §5.3).
    """
    parts = _split(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise Failure(ExitCode.USAGE, f"URL {text!r} is invalid: {_EXAMPLE}")
    if parts.username is not None or parts.password is not None:
        raise Failure(ExitCode.USAGE, f"the URL of {parts.hostname} has a name or password in it: leave it out, log in")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise Failure(
            ExitCode.USAGE, f"URL {text!r} is not encrypted, and a token would be readable on the way: use https"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def is_loopback(host: str) -> bool:
    """Whether this host is the machine itself."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text.strip())
        _ = parts.port  # raises for what is no number
    except ValueError:
        raise Failure(ExitCode.USAGE, f"URL {text!r} is invalid: {_EXAMPLE}") from None
    return parts
