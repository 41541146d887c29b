"""An OIDC issuer on 127.0.0.1 with real keys: it can rotate them, be away, be slow, and lie."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENCE = "lamplighter-api"
CLIENT_ID = "lamplighter-web"
CLIENT_SECRET = "a secret: with %, & and +"
REDIRECT_URI = "https://jobs.example.com/api/v1/auth/oidc/callback"
DISCOVERY = "/.well-known/openid-configuration"
_KEYS = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}


def private_key(kind: str, name: str = "") -> Any:
    """A key of this kind (RSA, weak, EC, OKP), the same for the same name: making one takes a while."""
    return _made(kind, name)


@cache
def _made(kind: str, name: str) -> Any:
    if kind in ("RSA", "weak"):
        return rsa.generate_private_key(public_exponent=65537, key_size=1024 if kind == "weak" else 2048)
    return ec.generate_private_key(ec.SECP256R1()) if kind == "EC" else ed25519.Ed25519PrivateKey.generate()


def public_jwk(kind: str, name: str = "", **more: Any) -> dict[str, Any]:
    """The public half of that key, as a JWK Set has it."""
    algorithms: Mapping[str, Any] = {
        "RSA": jwt.algorithms.RSAAlgorithm,
        "weak": jwt.algorithms.RSAAlgorithm,
        "EC": jwt.algorithms.ECAlgorithm,
        "OKP": jwt.algorithms.OKPAlgorithm,
    }
    jwk: dict[str, Any] = algorithms[kind].to_jwk(private_key(kind, name).public_key(), as_dict=True)
    return {name: value for name, value in jwk.items() if name != "key_ops"} | {"use": "sig"} | more


@dataclass
class FakeIssuer:
    """What it is and does; change it as a test needs it. `codes`: what each code may be exchanged for, once."""

    url: str = ""
    keys: list[dict[str, Any]] = field(default_factory=list)
    discovery: dict[str, Any] = field(default_factory=dict)
    is_away: bool = False
    is_slow: bool = False
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    client_secret: str = CLIENT_SECRET
    id_claims: dict[str, Any] = field(default_factory=dict)
    id_token: str | None = None
    forms: list[dict[str, str]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        """It begins with a key of each kind."""
        self.keys = [public_jwk(kind, kid=kind.lower()) for kind in ("RSA", "EC", "OKP")]

    def claims(self, **changes: Any) -> dict[str, Any]:
        """An access token's claims; `...` leaves one out."""
        now = int(time.time())
        claims = {
            "iss": self.url, "aud": AUDIENCE, "sub": "user-1", "permissions": ["jobs.view"], "iat": now,
            "exp": now + 300, **changes,
        }  # fmt: skip
        return {name: value for name, value in claims.items() if value is not ...}

    def token(self, *, algorithm: str = "RS256", header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """A token it has signed, with these changes of its claims and header."""
        kind = _KEYS[algorithm]
        headers = {"kid": kind.lower(), **(header or {})}
        return jwt.encode(self.claims(**changes), private_key(kind), algorithm=algorithm, headers=headers)

    def rotate(self) -> None:
        """One RSA key, called `new`, and no other."""
        self.keys = [public_jwk("RSA", "new", kid="new")]

    def token_of_new_key(self, **changes: Any) -> str:
        """A token signed with the key that `rotate` brings."""
        return jwt.encode(self.claims(**changes), private_key("RSA", "new"), algorithm="RS256", headers={"kid": "new"})

    def authorize(self, location: str, **changes: str | None) -> str:
        """What a browser that was sent here is sent back with: the callback's query, with these changes."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        said = {"code": code, "state": asked["state"], "iss": self.url, "session_state": "of Keycloak", **changes}
        return urlencode({name: value for name, value in said.items() if value is not None})

    def page(self, location: str) -> bytes:
        """What a browser that was sent here shows: somebody lets us know who they are, or does not."""
        yes, no = self.authorize(location), self.authorize(location, code=None, error="access_denied")
        (callback,) = parse_qs(urlsplit(location).query)["redirect_uri"]
        links = f'<a href="{escape(f"{callback}?{yes}")}">Allow</a> <a href="{escape(f"{callback}?{no}")}">Deny</a>'
        return f'<!doctype html><link rel="icon" href="data:,"><title>The issuer</title>{links}'.encode()

    def document(self) -> dict[str, Any]:
        """Its discovery document."""
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?tenant=1",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "authorization_response_iss_parameter_supported": True,
            **self.discovery,
        }

    def exchange(self, form: dict[str, str], authorization: str | None) -> tuple[int, dict[str, Any]]:
        """What its token endpoint says to a code."""
        self.forms.append(form)
        if _client(form, authorization) not in ((CLIENT_ID, self.client_secret), (CLIENT_ID, None)):
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or asked["redirect_uri"] != form["redirect_uri"] or form["grant_type"] != "authorization_code":
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        claims = {"aud": CLIENT_ID, "nonce": asked["nonce"], "permissions": ..., **self.id_claims}
        return 200, {
            "token_type": "Bearer",
            "access_token": "opaque",
            "id_token": self.id_token or self.token(**claims),
        }


def _client(form: Mapping[str, str], authorization: str | None) -> tuple[str, str | None]:
    if authorization is None:
        return form["client_id"], form.get("client_secret")
    name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
    return unquote(name), unquote(secret)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path, issuer = urlsplit(self.path).path, self._issuer
        if self._is_silent(path):
            return
        if path in issuer.answers:
            self._answer(*issuer.answers[path])
        elif path.endswith(DISCOVERY):
            self._answer(200, json.dumps(issuer.document()).encode())
        elif path.endswith("/keys"):
            self._answer(200, json.dumps({"keys": issuer.keys}).encode())
        elif path == "/authorize":
            self._answer(200, issuer.page(self.path), kind="text/html")
        else:
            self._answer(404, b"{}")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        path = urlsplit(self.path).path
        if self._is_silent(path):
            return
        if path in self._issuer.answers:
            self._answer(*self._issuer.answers[path])
        else:
            status, said = self._issuer.exchange(form, self.headers.get("Authorization"))
            self._answer(status, json.dumps(said).encode())

    @property
    def _issuer(self) -> FakeIssuer:
        issuer: FakeIssuer = self.server.issuer  # type: ignore[attr-defined]
        return issuer

    def _is_silent(self, path: str) -> bool:
        self._issuer.asked[path] += 1
        if self._issuer.is_slow:
            self._issuer.stopped.wait(30)
        return self._issuer.is_away or self._issuer.is_slow

    def _answer(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if 300 <= status < 400:
            self.send_header("Location", f"{self._issuer.url}/elsewhere")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silent."""


@contextmanager
def running() -> Iterator[FakeIssuer]:
    """One that listens until the block ends."""
    issuer = FakeIssuer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    server.issuer = issuer  # type: ignore[attr-defined]
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield issuer
    finally:
        issuer.stopped.set()
        server.shutdown()
        server.server_close()
