"""Whether a token is the issuer's: access tokens for the API (RFC 9068), ID tokens for a login (OpenID Connect Core).

Nothing in a token chooses how it is verified, but which of the issuer's own keys: `jwk`, `jku`, `x5u`, `x5c` in its
header are not read.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import jwt

from chalicelib.oidc.claims import Claims, Person, person
from chalicelib.oidc.issuer import Issuer
from chalicelib.oidc.jwks import ALGORITHMS
from chalicelib.refusals import IssuerUnavailable, NotAuthenticated
from functions.oidc_settings import Client, Oidc

_LEEWAY = timedelta(seconds=30)
_REQUIRED = ["exp", "iat", "sub", "iss"]
# API Gateway lets 10,240 bytes of headers through; an ID token comes in a body.
LONGEST_TOKEN = 8 * 1024
_LONGEST_KEY_ID = 200
# RFC 9068 §2.1; and `JWT`, which most issuers write.
_ACCESS_TYPES = ("at+jwt", "application/at+jwt")
_PLAIN_TYPES = (None, "jwt")
# What only ID tokens have (OpenID Connect Core 1.0 §2, §3.3.2.11).
_OF_ID_TOKENS = ("nonce", "at_hash", "c_hash")


def of_access_token(token: str, issuer: Issuer, *, now: datetime) -> Person:
    """Who this access token speaks for. Raises NotAuthenticated, whatever is wrong with it, and IssuerUnavailable."""
    return _guarded(lambda: _access_person(token, issuer, now))


def of_id_token(token: str, issuer: Issuer, client: Client, *, nonce: str, now: datetime) -> Person:
    """Who has logged in, in the login with this nonce. Raises as of_access_token does."""
    return _guarded(lambda: _id_person(token, issuer, client, nonce, now))


def _guarded(read: Callable[[], Person]) -> Person:
    try:
        return read()
    except IssuerUnavailable:
        raise
    except Exception as error:  # whatever a hostile token does to the parser, it is not let in
        raise NotAuthenticated from error


def _access_person(token: str, issuer: Issuer, now: datetime) -> Person:
    header, claims = _verified(token, issuer, now)
    _check_is_access_token(str(header.get("typ", "JWT")).lower(), claims, issuer.oidc)
    _check_audience(claims, issuer.oidc)
    return person(claims, issuer.oidc)


def _id_person(token: str, issuer: Issuer, client: Client, nonce: str, now: datetime) -> Person:
    header, claims = _verified(token, issuer, now)
    if str(header.get("typ", "JWT")).lower() not in _PLAIN_TYPES or claims.get("token_use", "id") != "id":
        raise ValueError("no ID token")
    if claims.get("typ", "ID") != "ID":
        raise ValueError("no ID token")
    audiences = _audiences(claims)
    # §3.1.3.7: for us, and for nobody else unless it says that it was made for us.
    if client.id not in audiences or claims.get("azp", client.id if audiences == [client.id] else None) != client.id:
        raise ValueError("an ID token of another client")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise ValueError("an ID token of another login")
    return person(claims, issuer.oidc)


def _verified(token: str, issuer: Issuer, now: datetime) -> tuple[Mapping[str, Any], Claims]:
    """Header and claims of a token that the issuer has signed, and that is valid now."""
    if len(token) > LONGEST_TOKEN:
        raise ValueError("too long")
    header = jwt.get_unverified_header(token)
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise ValueError("an algorithm that is not on the list")
    if not isinstance(key_id, str) or len(key_id) > _LONGEST_KEY_ID:
        raise ValueError("no key id")
    key = issuer.key(key_id, algorithm, now=now)
    if key is None:
        raise ValueError("a key the issuer does not have")
    claims = jwt.decode(
        token,
        key,
        algorithms=[algorithm],
        issuer=issuer.url,
        leeway=_LEEWAY,
        options={"require": _REQUIRED, "verify_aud": False},
    )
    return header, claims


def _check_is_access_token(header_type: str, claims: Claims, oidc: Oidc) -> None:
    """An ID token says who somebody is to a client, and is no ticket to an API: browsers and logs see it.

    Cognito says `token_use`, Keycloak `typ`, RFC 9068 the header's `typ`. Where nothing is said, what only ID tokens
    have gives it away, or that it is for the client that logs in here. A token bound to a key (`cnf`: RFC 9449, 8705)
    counts for who proves to have it, which we cannot check.
    """
    if header_type not in (*_ACCESS_TYPES, "jwt") or "cnf" in claims:
        raise ValueError("no access token")
    if claims.get("token_use", "access") != "access" or claims.get("typ", "Bearer") != "Bearer":
        raise ValueError("no access token")
    if header_type in _ACCESS_TYPES or "token_use" in claims or "typ" in claims:
        return
    is_for_login = oidc.client is not None and oidc.client.id in _audiences(claims)
    if is_for_login or any(name in claims for name in _OF_ID_TOKENS):
        raise ValueError("an ID token")


def _check_audience(claims: Claims, oidc: Oidc) -> None:
    """For us. Cognito's access tokens have no `aud`: there `client_id` says which app client it was made for."""
    is_cognitos = "aud" not in claims and claims.get("token_use") == "access"
    audiences = [claims.get("client_id")] if is_cognitos else _audiences(claims)
    if not oidc.audiences & set(audiences):
        raise ValueError("a token for somebody else")


def _audiences(claims: Claims) -> list[str]:
    stated = claims.get("aud", [])
    audiences = [stated] if isinstance(stated, str) else stated
    if not isinstance(audiences, list) or not all(isinstance(name, str) for name in audiences):
        raise ValueError("aud must be a text, or a list of texts")
    return audiences
