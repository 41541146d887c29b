"""Users who can log in, and their logins."""

from __future__ import annotations

import base64
import json
import uuid
from functools import cache
from typing import Any

from chalicelib import passwords
from functions.db.connection import Connection
from tests.integration import people
from tests.integration.admin_api.api import Answer, Api

AUTH = "/api/v1/auth"
PASSWORD = "correct horse battery staple"


@cache
def hashed(password: str = PASSWORD) -> str:
    return passwords.hash(password)


def add_user(connection: Connection, name: str = "ann", *roles: str, is_disabled: bool = False) -> uuid.UUID:
    """A user whose password is PASSWORD."""
    return people.user(connection, name, *roles, password_hash=hashed(), is_disabled=is_disabled)


def log_in(api: Api, name: str = "ann", password: str = PASSWORD, **more: Any) -> Answer:
    """What a login answers."""
    return api("POST", f"{AUTH}/login", headers={}, json_body={"name": name, "password": password}, **more)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def refresh(api: Api, token: str) -> Answer:
    return api("POST", f"{AUTH}/refresh", headers={}, json_body={"refreshToken": token})


def me(api: Api, token: str) -> Answer:
    return api("GET", f"{AUTH}/me", headers=bearer(token))


def part(token: str, number: int) -> dict[str, Any]:
    """A JWT's header (0) or claims (1)."""
    text = token.split(".")[number]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return read
