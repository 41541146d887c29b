"""The keys in a JWK Set (RFC 7517) that may verify a token, each with the algorithms it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import jwt

# Never a shared key (kty `oct`): whoever can verify with one can sign with it.
_ALGORITHMS: Mapping[tuple[str, str | None], tuple[str, ...]] = {
    ("RSA", None): ("RS256", "PS256"),
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
ALGORITHMS = frozenset(name for names in _ALGORITHMS.values() for name in names)
# What makes a public key: what else a set holds, private parts too, is not looked at.
_PUBLIC = ("kty", "n", "e", "crv", "x", "y")
# RFC 7518 §3.3.
_SHORTEST_RSA_BITS = 2048
_MOST_KEYS = 100

# By key id and algorithm.
Keys = Mapping[tuple[str, str], Any]


def usable(document: Mapping[str, Any]) -> Keys:
    """The keys to verify with; what we cannot use is left out (RFC 7517 §5). Two of one name: the first."""
    listed = document.get("keys")
    keys: dict[tuple[str, str], Any] = {}
    for jwk in listed[:_MOST_KEYS] if isinstance(listed, list) else []:
        for algorithm, key in _of(jwk) if isinstance(jwk, dict) else ():
            keys.setdefault((jwk["kid"], algorithm), key)
    return keys


def _of(jwk: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    if not isinstance(jwk.get("kid"), str) or not _is_for_signatures(jwk):
        return
    for algorithm in _algorithms(jwk):
        try:
            key = jwt.PyJWK({name: jwk[name] for name in _PUBLIC if name in jwk}, algorithm=algorithm).key
        except Exception:  # noqa: BLE001, S112 - one key that cannot be read must not take the others away
            continue
        if getattr(key, "key_size", _SHORTEST_RSA_BITS) >= _SHORTEST_RSA_BITS or jwk["kty"] != "RSA":
            yield algorithm, key


def _is_for_signatures(jwk: Mapping[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _algorithms(jwk: Mapping[str, Any]) -> tuple[str, ...]:
    kind = (str(jwk.get("kty")), None if jwk.get("kty") == "RSA" else str(jwk.get("crv")))
    stated = jwk.get("alg")
    return tuple(name for name in _ALGORITHMS.get(kind, ()) if stated in (None, name))
