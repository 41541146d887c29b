"""Our login at the mail server: in the environment, or in a secret of Secrets Manager."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from functions.secrets_manager import StoredSecret, text
from functions.settings import settings
from functions.smtp_settings import Smtp

# The user and the password.
Login = tuple[str, str]


def login(smtp: Smtp) -> Login | None:
    """It, None where the server wants none. Raises SecretUnavailable."""
    if smtp.secret_id is not None:
        return _stored(smtp.secret_id, settings().region, smtp.username).value()
    return None if smtp.username is None or smtp.password is None else (smtp.username, smtp.password)


def another(smtp: Smtp, *, than: Login) -> Login | None:
    """The one there is now, where the server refused this one and it has been rotated. Raises SecretUnavailable."""
    if smtp.secret_id is None:
        return None
    read = _stored(smtp.secret_id, settings().region, smtp.username).read()
    return None if read == than else read


@cache
def _stored(secret_id: str, region: str, username: str | None) -> StoredSecret[Login]:
    def parse(secret: Mapping[str, Any]) -> Login:
        return text(username or secret["username"]), text(secret["password"])

    form = 'JSON such as {"username": …, "password": …}, without a user where SMTP_USERNAME is set'
    return StoredSecret(secret_id, region=region, setting="SMTP_SECRET_ID", parse=parse, form=form)
