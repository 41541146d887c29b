"""The OIDC issuer whose tokens the admin API takes, read with the other settings (functions/settings.py)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from functions.errors import SettingsError
from functions.settings import secret_id

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_URL = re.compile(r"[!-~]{1,500}")
_NAME = re.compile(r"[!-~]{1,200}")
_PERMISSION = re.compile(r"\*|[a-z]+\.[a-z]+")
# As lamplighter.role has it.
_ROLE = re.compile(r"[a-z0-9._-]{1,50}")
# RFC 6749 §3.3.
_SCOPES = re.compile(r"[!#-\[\]-~]+( [!#-\[\]-~]+)*")
# Lambda has 4 KB for the whole environment.
_LONGEST_MAP = 2_000


@dataclass(frozen=True, kw_only=True)
class Client:
    """What the issuer knows us as, for logins in a browser. `secret_id`: the secret of Secrets Manager that has ours.

    Neither that nor a secret: a public client, which PKCE alone protects.
    """

    id: str
    secret: str | None = field(repr=False)
    secret_id: str | None
    redirect_uri: str
    scopes: str


@dataclass(frozen=True, kw_only=True)
class Oidc:
    """One issuer. audiences: what its access tokens are for; empty: it gives none that we take. client: see there.

    grants: per value of the permissions claim either a role of ours or permissions; None: the values are permissions.
    """

    issuer: str
    audiences: frozenset[str]
    client: Client | None
    permissions_claim: str
    grants: Mapping[str, str | frozenset[str]] | None


def oidc_from(environ: Mapping[str, str]) -> Oidc | None:
    """The issuer, None when OIDC_ISSUER is not set: only local users and our own tokens. Raises SettingsError."""
    issuer = environ.get("OIDC_ISSUER")
    if not issuer:
        return None
    audiences, client = _audiences(environ), _client(environ)
    if not audiences and client is None:
        raise SettingsError(
            "OIDC_ISSUER is set and nothing it is for: set OIDC_AUDIENCE to take its access tokens, OIDC_CLIENT_ID and "
            "OIDC_REDIRECT_URI to log in with a browser, or all three"
        )
    return Oidc(
        issuer=_url("OIDC_ISSUER", issuer),
        audiences=audiences,
        client=client,
        permissions_claim=_matching(environ, "OIDC_PERMISSIONS_CLAIM", _NAME, default="permissions"),
        grants=_grants(environ.get("OIDC_PERMISSIONS_MAP")),
    )


def is_secure(url: str) -> bool:
    """Whether this URL is https to somewhere, or http to this machine; neither names nor passwords may be in it."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    is_here = parts.hostname in _LOOPBACK
    has_transport = parts.scheme == "https" or (parts.scheme == "http" and is_here)
    return bool(has_transport and parts.hostname and "@" not in parts.netloc)


def _audiences(environ: Mapping[str, str]) -> frozenset[str]:
    values = [value.strip() for value in environ.get("OIDC_AUDIENCE", "").split(",")]
    for value in filter(None, values):
        if not _NAME.fullmatch(value):
            raise SettingsError(f"OIDC_AUDIENCE={value!r} is invalid: use what tokens have in `aud`, with commas")
    return frozenset(filter(None, values))


def _client(environ: Mapping[str, str]) -> Client | None:
    if not environ.get("OIDC_CLIENT_ID") and not environ.get("OIDC_REDIRECT_URI"):
        return None
    for name in ("OIDC_CLIENT_ID", "OIDC_REDIRECT_URI"):
        if not environ.get(name):
            raise SettingsError(f"{name} is not set: OIDC_CLIENT_ID and OIDC_REDIRECT_URI belong together, set both")
    scopes = _matching(environ, "OIDC_SCOPES", _SCOPES, default="openid email profile")
    if "openid" not in scopes.split():
        raise SettingsError(f"OIDC_SCOPES={scopes!r} is invalid: add `openid`, without which there is no ID token")
    return Client(
        id=_matching(environ, "OIDC_CLIENT_ID", _NAME),
        secret=environ.get("OIDC_CLIENT_SECRET") or None,
        secret_id=secret_id(environ, "OIDC_SECRET_ID", "OIDC_CLIENT_SECRET"),
        redirect_uri=_url("OIDC_REDIRECT_URI", environ["OIDC_REDIRECT_URI"]),
        scopes=scopes,
    )


def _url(name: str, value: str) -> str:
    if not (_URL.fullmatch(value) and is_secure(value)) or "?" in value or "#" in value:
        raise SettingsError(
            f"{name}={value[:200]!r} is invalid: use an https:// URL without query and fragment "
            "(http:// only leads to 127.0.0.1)"
        )
    return value


def _matching(environ: Mapping[str, str], name: str, rule: re.Pattern[str], *, default: str = "") -> str:
    value = environ.get(name) or default
    if not rule.fullmatch(value):
        raise SettingsError(f"{name}={value[:200]!r} is invalid: use printable characters without blanks")
    return value


def _grants(text: str | None) -> Mapping[str, str | frozenset[str]] | None:
    if not text:
        return None
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or not given or len(text) > _LONGEST_MAP:
        raise SettingsError(
            f"OIDC_PERMISSIONS_MAP is no JSON object of at most {_LONGEST_MAP:,} characters: use "
            '{"value of the claim": "role", "another": ["jobs.view"]}'
        )
    return {value: _grant(value, grant) for value, grant in given.items()}


def _grant(value: str, grant: object) -> str | frozenset[str]:
    if isinstance(grant, str) and _ROLE.fullmatch(grant):
        return grant
    if isinstance(grant, list) and all(isinstance(name, str) and _PERMISSION.fullmatch(name) for name in grant):
        return frozenset(grant)
    raise SettingsError(
        f"OIDC_PERMISSIONS_MAP is invalid: {value[:100]!r} leads to {grant!r}; use the name of a role, or a list of "
        "permissions such as jobs.view"
    )
