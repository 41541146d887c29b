"""JWTs as an attacker would make them: any header, any claims, any key, by the standard library alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from tests.integration.admin_api.api import KEY

HEADER = {"alg": "HS256", "typ": "JWT"}


def encoded(part: object) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(claims: object, header: object = HEADER, *, key: str = KEY, algorithm: Any = hashlib.sha256) -> str:
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{encoded(hmac.new(key.encode(), signed.encode(), algorithm).digest())}"
