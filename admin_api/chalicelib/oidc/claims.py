"""What a verified token's claims mean here: who it is, in words for the audit, and what they are granted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.permissions import DESCRIPTIONS, EVERYTHING
from functions.oidc_settings import Oidc

Claims = Mapping[str, Any]

# No local user's name begins so (0014_oidc.sql), so nobody of the issuer's can pass for one in the audit.
PREFIX = "oidc:"
_LONGEST_NAME = 100
_LONGEST_SUBJECT = 255  # OpenID Connect Core 1.0 §2
# Neither blanks nor brackets: what stands in the brackets behind it is the subject and nothing else.
_LABEL = re.compile(r"[^\s()]{1,200}")
_SUBJECT = re.compile(r"[A-Za-z0-9._|:@/+=~-]{1,64}")


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whoever the issuer vouches for: `subject` is who it is, `name` what we call them, and what they are granted."""

    subject: str
    name: str
    roles: frozenset[str]
    permissions: frozenset[str]


def person(claims: Claims, oidc: Oidc) -> Person:
    """Who these claims are about. Raises ValueError for claims that are not what they must be."""
    subject = claims["sub"]
    if not (isinstance(subject, str) and subject.isprintable() and 0 < len(subject) <= _LONGEST_SUBJECT):
        raise ValueError(f"sub must be 1 to {_LONGEST_SUBJECT} printable characters")
    roles, permissions = _granted(_values(claims, oidc.permissions_claim), oidc)
    return Person(subject=subject, name=_name(claims, subject), roles=roles, permissions=permissions)


def _name(claims: Claims, subject: str) -> str:
    """`oidc:ada@example.com (subject)`, or without the first part. Only the subject is the issuer's own word for sure.

    OpenID Connect Core 1.0 §5.7: an e-mail address or a preferred name may be somebody else's tomorrow, and many
    issuers let people choose both.
    """
    identifier = subject if _SUBJECT.fullmatch(subject) else hashlib.sha256(subject.encode()).hexdigest()[:32]
    label = claims.get("email") if claims.get("email_verified") in (True, "true") else claims.get("preferred_username")
    if not isinstance(label, str) or label == subject or not (label.isprintable() and _LABEL.fullmatch(label)):
        return f"{PREFIX}{identifier}"
    return f"{PREFIX}{label[: _LONGEST_NAME - len(PREFIX) - len(identifier) - 3]} ({identifier})"


def _granted(values: Iterable[str], oidc: Oidc) -> tuple[frozenset[str], frozenset[str]]:
    """Roles and permissions. Without a map the values are permissions themselves, but never `*`: that must be said."""
    if oidc.grants is None:
        return frozenset(), frozenset(values) & DESCRIPTIONS.keys() - {EVERYTHING}
    grants = [oidc.grants[value] for value in values if value in oidc.grants]
    roles = frozenset(grant for grant in grants if isinstance(grant, str))
    return roles, frozenset[str]().union(*(grant for grant in grants if not isinstance(grant, str)))


def _values(claims: Claims, path: str) -> list[str]:
    """What a claim holds: a list of texts, or a text with blanks between (`scope`, RFC 8693 §4.2); nothing if absent.

    A dot leads into an object, as in `realm_access.roles`, unless a claim has that very name.
    """
    found: Any = claims
    for part in [path] if path in claims else path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if found is None:
        return []
    values = found.split() if isinstance(found, str) else found
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"{path} must be a list of texts, or a text")
    return values
