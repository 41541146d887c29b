"""The issuer as this process knows it: its endpoints and keys, kept for a while and fetched again when needed.

OpenID Connect Discovery 1.0 §4.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from chalicelib.oidc import wire
from chalicelib.oidc.jwks import Keys, usable
from chalicelib.permissions import DESCRIPTIONS
from chalicelib.refusals import IssuerUnavailable, OidcNotConfigured
from functions.errors import SettingsError
from functions.oidc_settings import Oidc, is_secure
from functions.settings import Settings

# Keys are looked at again so often, which is how a withdrawn one stops working,
FRESH_FOR = timedelta(hours=1)
# and while the issuer is away they keep working so long.
KEPT_FOR = timedelta(hours=24)
# Whatever tokens say, the issuer is asked so often at most: a made-up key id must not be a way to make us hammer it.
ASKED_EVERY = timedelta(seconds=15)
_DISCOVERY = "/.well-known/openid-configuration"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Known:
    """What the issuer said about itself. names_itself: its callbacks have `iss` (RFC 9207)."""

    authorization_endpoint: str
    token_endpoint: str
    token_auth_methods: tuple[str, ...]
    names_itself: bool
    keys: Keys = field(repr=False)
    fetched_at: datetime


class Issuer:
    """One issuer, asked as seldom as can be. One thread uses it: a Lambda instance answers one request at a time."""

    def __init__(self, oidc: Oidc) -> None:
        self.oidc = oidc
        self._known: Known | None = None
        self._asked_at: datetime | None = None
        self._is_away = False

    @property
    def url(self) -> str:
        """Its identifier: `iss` of all it says."""
        return self.oidc.issuer

    def known(self, *, now: datetime) -> Known:
        """Its endpoints. Raises IssuerUnavailable when it cannot be asked and what we knew is too old."""
        known = self._kept(now)
        if known is None or now - known.fetched_at > FRESH_FOR:
            known = self._asked(now)
        if known is None:
            raise IssuerUnavailable(f"{self.url} could not be asked")
        return known

    def key(self, key_id: str, algorithm: str, *, now: datetime) -> Any:
        """Its public key of this id, for this algorithm; None when it has none such. Raises IssuerUnavailable."""
        found = self.known(now=now).keys.get((key_id, algorithm))
        if found is None:  # perhaps a new one
            known = self._asked(now)
            found = known.keys.get((key_id, algorithm)) if known is not None else None
        if found is None and self._is_away:
            raise IssuerUnavailable(f"{self.url} could not be asked about a key we do not know")
        return found

    def _kept(self, now: datetime) -> Known | None:
        return self._known if self._known is not None and now - self._known.fetched_at <= KEPT_FOR else None

    def _asked(self, now: datetime) -> Known | None:
        """What it says now, or said last where it was asked just now or is away."""
        if self._asked_at is None or not timedelta() <= now - self._asked_at < ASKED_EVERY:
            self._asked_at = now
            try:
                self._known, self._is_away = _ask(self.url, now), False
            except IssuerUnavailable as error:
                self._is_away = True
                _log.warning("the OIDC issuer is away: %s", error.reason)
        return self._kept(now)


@cache
def of(settings: Settings) -> Issuer:
    """The deployment's issuer. Raises OidcNotConfigured when it has none, and SettingsError."""
    oidc = settings.oidc
    if oidc is None:
        raise OidcNotConfigured
    for value, grant in (oidc.grants or {}).items():
        unknown = sorted(set() if isinstance(grant, str) else grant - DESCRIPTIONS.keys())
        if unknown:
            raise SettingsError(
                f"OIDC_PERMISSIONS_MAP is invalid: {value!r} leads to {unknown[0]!r}, which is no permission; use some "
                f"of {', '.join(DESCRIPTIONS)}"
            )
    return Issuer(oidc)


def _ask(issuer: str, now: datetime) -> Known:
    document = wire.get(issuer.rstrip("/") + _DISCOVERY)
    if document.get("issuer") != issuer:  # §4.3: exactly, or one issuer could speak for another
        said = str(document.get("issuer"))[:200]
        raise IssuerUnavailable(f"its discovery document is of {said!r}: set OIDC_ISSUER to that, if it is meant")
    methods = document.get("token_endpoint_auth_methods_supported")
    return Known(
        authorization_endpoint=_endpoint(document, "authorization_endpoint"),
        token_endpoint=_endpoint(document, "token_endpoint"),
        # §3: a client's secret goes into the header where nothing is said.
        token_auth_methods=tuple(map(str, methods)) if isinstance(methods, list) else ("client_secret_basic",),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
        keys=usable(wire.get(_endpoint(document, "jwks_uri"))),
        fetched_at=now,
    )


def _endpoint(document: Mapping[str, Any], name: str) -> str:
    url = document.get(name)
    if not (isinstance(url, str) and url.isascii() and url.isprintable() and " " not in url and is_secure(url)):
        raise IssuerUnavailable(f"its discovery document has no {name} that is an https:// URL")
    return url
