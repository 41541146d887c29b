"""Passwords, hashed with argon2id. What it imports is imported with the first login: most requests need none of it."""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

# What is hashed is bounded, or a login could be made to cost anything. NIST SP 800-63B §3.1.1.2 asks for 64 at least.
LONGEST = 1_024
# OWASP "Password Storage Cheat Sheet", Argon2id: 19 MiB, 2 iterations, 1 thread.
_MEMORY_KIB, _ITERATIONS, _THREADS = 19_456, 2, 1
# The hash of nothing anybody knows, with these parameters: where there is no user, the same work is done on it.
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$1SWe4sFUlrRbjf8WkKYuTw$ZSsl1wvF+t74kDtuq7EXZ0W6u/5SD4uVuI5yVIRa6WU"


def hash(password: str) -> str:
    """The text to store: parameters, salt and hash. Raises ValueError for a password of more than 1,024 characters."""
    if len(password) > LONGEST:
        raise ValueError(f"the password has {len(password)} characters: use at most {LONGEST}")
    return _hasher().hash(_one_form(password))


def verify(stored: str | None, password: str) -> bool:
    """Whether the stored hash is this password's. None, where there is no user or no password, takes as long: False."""
    from argon2.exceptions import InvalidHashError, VerificationError

    given = _one_form(password) if len(password) <= LONGEST else ""
    try:
        matches = _hasher().verify(stored or _NOBODYS, given)
    except (VerificationError, InvalidHashError):
        return False
    return matches and stored is not None and len(password) <= LONGEST


def needs_rehash(stored: str) -> bool:
    """Whether this hash was made with other parameters than today's: hash the password again when it is there."""
    return _hasher().check_needs_rehash(stored)


def _one_form(password: str) -> str:
    # Keyboards differ in how they compose é; NIST SP 800-63B §3.1.1.2 asks for one form before hashing.
    return unicodedata.normalize("NFKC", password)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=_ITERATIONS, memory_cost=_MEMORY_KIB, parallelism=_THREADS)


# What nobody misreads aloud or by hand; 16 of them are 73 bits.
_CLEAR = "abcdefghijkmnpqrstuvwxyz"


def made() -> str:
    """A password nobody chose, in four groups: to be shown once, and changed by whoever gets it."""
    letters = [secrets.choice(_CLEAR) for _ in range(16)]
    return "-".join("".join(letters[first : first + 4]) for first in range(0, 16, 4))
