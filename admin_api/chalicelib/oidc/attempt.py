"""One login at the issuer, from start to callback: kept by the browser that began it, in a cookie we have signed.

Only `secret` is random. What goes over other wires (`state`, `nonce`, the PKCE verifier) is derived from it with the
deployment's key, so the cookie gives none of them away and PostgreSQL holds nothing for logins nobody ends.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from chalicelib.refusals import OidcLoginFailed
from chalicelib.tokens import SigningKeys

# Long enough for a password, a second factor and a phone that has to be found.
LIFETIME = timedelta(minutes=10)
_LONGEST_COOKIE = 1_500


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One login; `key` is the deployment's, `return_to` where the browser goes after it."""

    secret: str = field(repr=False)
    key: str = field(repr=False)
    return_to: str
    expires_at: datetime

    @property
    def state(self) -> str:
        """What comes back with the callback (RFC 6749 §10.12): only this browser has the cookie it follows from."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """What the ID token must repeat (OpenID Connect Core 1.0 §15.5.2)."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """PKCE's code verifier: 43 characters (RFC 7636 §4.1)."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """Its S256 challenge (RFC 7636 §4.2)."""
        return _text(hashlib.sha256(self.verifier.encode()).digest())

    @property
    def hash(self) -> bytes:
        """What names it once it has been used."""
        return hashlib.sha256(self.secret.encode()).digest()

    def sealed(self) -> str:
        """The cookie's value."""
        said = f"{self.secret}.{int(self.expires_at.timestamp())}.{_text(self.return_to.encode())}"
        return f"{said}.{_seal(self.key, said)}"

    def _derived(self, purpose: str) -> str:
        return _text(_mac(self.key, f"{purpose} {self.secret}"))


def begin(key: str, *, return_to: str, now: datetime) -> Attempt:
    """A new one."""
    return Attempt(secret=secrets.token_urlsafe(32), key=key, return_to=return_to, expires_at=now + LIFETIME)


def sealing_key(cookie: str | None, keys: SigningKeys) -> str | None:
    """The key of ours that has sealed this cookie, None when none has."""
    said, _, seal = (cookie or "").rpartition(".")
    if not said or len(said) > _LONGEST_COOKIE:
        return None
    return next((key for key in keys.all if hmac.compare_digest(seal.encode(), _seal(key, said).encode())), None)


def unsealed(cookie: str | None, keys: SigningKeys, *, now: datetime) -> Attempt:
    """The attempt in this cookie. Raises OidcLoginFailed when there is none of ours in it, or none any more."""
    key = sealing_key(cookie, keys)
    if cookie is None or key is None:
        raise OidcLoginFailed("this browser has not begun a login here, or has begun another since: log in again")
    secret, expires, return_to, _ = cookie.split(".")
    expires_at = datetime.fromtimestamp(int(expires), UTC)
    if expires_at <= now:
        raise OidcLoginFailed(f"this login took more than {LIFETIME.seconds // 60} minutes: log in again")
    return Attempt(secret=secret, key=key, return_to=_bytes(return_to).decode(), expires_at=expires_at)


def _seal(key: str, said: str) -> str:
    return _text(_mac(key, f"cookie {said}"))


def _mac(key: str, said: str) -> bytes:
    # No token can be made of it: what a JWT's signature covers has no blank (RFC 7515 §5.1).
    return hmac.digest(key.encode(), f"lamplighter oidc login: {said}".encode(), "sha256")


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
