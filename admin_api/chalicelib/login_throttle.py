"""How quickly passwords may be guessed: by account and by source address, counted in PostgreSQL for all instances."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from chalicelib.refusals import TooManyLogins
from functions.db import login_attempts
from functions.db.connection import Connection
from functions.db.login_attempts import Counted

# A person mistypes a few times; an office behind one address has many persons.
_FREE_BY_ACCOUNT, _FREE_BY_ADDRESS = 5, 20


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What one login counts for."""

    account: Counted
    address: Counted


def attempt(name: str, address: str, *, is_known_here: bool) -> Attempt:
    """What a login as this name from this address counts for.

    Where its owner has logged in before, an account has a count of its own: strangers elsewhere, however long they go
    on, never keep its owner out (OWASP "Slow Down Online Guessing Attacks with Device Cookies", with addresses).
    """
    # What is typed as a name has any characters, so the first word alone says which kind it is.
    account = f"known {address}\n{name}" if is_known_here else f"account {name}"
    return Attempt(
        account=Counted(key=_hashed(account), free=_FREE_BY_ACCOUNT),
        address=Counted(key=_hashed(f"address {address}"), free=_FREE_BY_ADDRESS),
    )


def count(connection: Connection, attempt: Attempt) -> None:
    """Count it as failed, before its password is looked at. Raises TooManyLogins when it comes too early."""
    wait = login_attempts.count(connection, attempt.account, attempt.address)
    if wait is not None:
        raise TooManyLogins(wait)


def take_back(connection: Connection, attempt: Attempt) -> None:
    """It was right after all."""
    login_attempts.succeeded(connection, account=attempt.account, address=attempt.address)


def network(source_ip: str) -> str:
    """What counts as one address: an IPv4 address, or the /64 that one IPv6 customer has (RFC 6177)."""
    import ipaddress  # late: logins only

    try:
        parsed = ipaddress.ip_address(source_ip)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def _hashed(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
