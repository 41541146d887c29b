"""Logging in with a browser: authorization code with PKCE (RFC 6749 §4.1, RFC 7636), for an ID token."""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote, urlencode

from chalicelib.oidc import client_secret, verification, wire
from chalicelib.oidc.attempt import Attempt
from chalicelib.oidc.claims import Person
from chalicelib.oidc.issuer import Issuer, Known
from chalicelib.oidc.wire import Answer
from chalicelib.refusals import NotAuthenticated, OidcLoginFailed, OidcNotConfigured
from functions.oidc_settings import Client

# RFC 6749 §4.1.2.1: what an error may be; only its own word is shown, never its description.
_ERROR = re.compile(r"[a-z_]{1,50}")
_LONGEST_CODE = 4_000
# RFC 6749 §5.2: it does not know who we are, and so has not looked at the code.
_SECRET_REFUSED = "invalid_client"  # noqa: S105 - what an issuer answers


@dataclass(frozen=True, kw_only=True)
class Callback:
    """What the issuer sent the browser back with; None where it did not say it."""

    state: str | None = None
    code: str | None = field(default=None, repr=False)
    error: str | None = None
    issuer: str | None = None


def client(issuer: Issuer) -> Client:
    """What the issuer knows us as. Raises OidcNotConfigured where only its access tokens are taken."""
    if issuer.oidc.client is None:
        raise OidcNotConfigured
    return issuer.oidc.client


def address(issuer: Issuer, attempt: Attempt, *, now: datetime) -> str:
    """Where the browser goes to log in. Raises OidcNotConfigured, IssuerUnavailable."""
    us, endpoint = client(issuer), issuer.known(now=now).authorization_endpoint
    asked = {
        "response_type": "code",
        "client_id": us.id,
        "redirect_uri": us.redirect_uri,
        "scope": us.scopes,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def complete(issuer: Issuer, attempt: Attempt, callback: Callback, *, now: datetime) -> Person:
    """Who has logged in. Raises OidcLoginFailed, OidcNotConfigured, IssuerUnavailable, SecretUnavailable."""
    us, known = client(issuer), issuer.known(now=now)
    code = _checked_code(issuer.url, known, attempt, callback)
    token = _token(_exchanged(us, known, _form(us, code, attempt), now=now))
    try:
        return verification.of_id_token(token, issuer, us, nonce=attempt.nonce, now=now)
    except NotAuthenticated as error:
        raise OidcLoginFailed("the issuer's ID token does not fit this login: log in again") from error


def _checked_code(url: str, known: Known, attempt: Attempt, callback: Callback) -> str:
    """The code, if this callback is the issuer's answer to this attempt."""
    if not hmac.compare_digest((callback.state or "").encode(), attempt.state.encode()):
        raise OidcLoginFailed("this is not the answer to the login this browser began last: log in again")
    # RFC 9207 §2.4: an answer that another issuer has given must not be taken to this one.
    if callback.issuer != url and (callback.issuer is not None or known.names_itself):
        raise OidcLoginFailed("this is not the answer of the issuer the login began at: log in again")
    if callback.error is not None:
        said = callback.error if _ERROR.fullmatch(callback.error) else "an error"
        raise OidcLoginFailed(f"the issuer answered {said!r}: log in again, or ask who runs it")
    if not callback.code or len(callback.code) > _LONGEST_CODE:
        raise OidcLoginFailed("the issuer answered without a code: log in again")
    return callback.code


def _form(us: Client, code: str, attempt: Attempt) -> Mapping[str, str]:
    """What is asked for (RFC 6749 §4.1.3)."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": us.redirect_uri,
        "code_verifier": attempt.verifier,
    }


def _exchanged(us: Client, known: Known, form: Mapping[str, str], *, now: datetime) -> Answer:
    """What the issuer says to it; asked once more where it refuses our secret and that has been rotated."""
    secret = client_secret.of(us, now=now)
    answer = _posted(us, known, form, secret)
    if answer.body.get("error") == _SECRET_REFUSED:
        rotated = client_secret.another(us, than=secret, now=now)
        answer = answer if rotated is None else _posted(us, known, form, rotated)
    return answer


def _posted(us: Client, known: Known, form: Mapping[str, str], secret: str | None) -> Answer:
    credentials, headers = _credentials(us, known, secret)
    return wire.post(known.token_endpoint, {**form, **credentials}, headers)


def _token(answer: Answer) -> str:
    """The ID token in it."""
    token = answer.body.get("id_token")
    if answer.status != 200 or not isinstance(token, str):
        said = str(answer.body.get("error"))
        raise OidcLoginFailed(
            f"the issuer did not take the code ({answer.status}, {said if _ERROR.fullmatch(said) else 'no reason'}): "
            "log in again; if that does not help, compare OIDC_CLIENT_ID, its secret and OIDC_REDIRECT_URI"
        )
    return token


def _credentials(us: Client, known: Known, secret: str | None) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """How we say who we are: form fields, and headers (RFC 6749 §2.3.1)."""
    if secret is None:
        return {"client_id": us.id}, {}
    if "client_secret_basic" not in known.token_auth_methods and "client_secret_post" in known.token_auth_methods:
        return {"client_id": us.id, "client_secret": secret}, {}
    pair = f"{quote(us.id, safe='')}:{quote(secret, safe='')}"
    return {}, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
