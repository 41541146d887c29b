"""The desktop's own place for secrets, where there is one that keeps them encrypted."""

from __future__ import annotations

import json
from typing import Any

from lamplighter_cli.failures import NotLoggedIn

_SERVICE = "lamplighter"
# keyring's own measure: below are the ones that fail, forget, or write in plain text.
_LEAST_PRIORITY = 1.0


def is_usable() -> bool:
    """Whether there is one. PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring says there is none."""
    import keyring
    from keyring.errors import KeyringError

    try:
        found = keyring.get_keyring()
        # A chain of none has a priority all the same.
        backends = list(getattr(found, "backends", [found]))
        return any(float(each.priority) >= _LEAST_PRIORITY for each in backends)
    except (KeyringError, RuntimeError):
        return False


def get(account: str) -> dict[str, Any] | None:
    """What is kept for this account, if anything. Raises NotLoggedIn when the keyring cannot be asked."""
    import keyring
    from keyring.errors import KeyringError

    try:
        secret = keyring.get_password(_SERVICE, account)
        kept = None if secret is None else json.loads(secret)
    except (KeyringError, RuntimeError, ValueError) as error:
        raise _closed(error) from error
    return kept if isinstance(kept, dict) else None


def put(account: str, secret: dict[str, Any]) -> None:
    """Keep this for the account. Raises NotLoggedIn when the keyring does not."""
    import keyring
    from keyring.errors import KeyringError

    try:
        keyring.set_password(_SERVICE, account, json.dumps(secret))
    except (KeyringError, RuntimeError) as error:
        raise _closed(error) from error


def remove(account: str) -> None:
    """Forget what is kept for this account. Raises NotLoggedIn when the keyring cannot be asked."""
    import keyring
    from keyring.errors import KeyringError, PasswordDeleteError

    try:
        keyring.delete_password(_SERVICE, account)
    except PasswordDeleteError:
        return  # it was not there
    except (KeyringError, RuntimeError) as error:
        raise _closed(error) from error


def _closed(error: Exception) -> NotLoggedIn:
    return NotLoggedIn(
        f"the keyring has the login and cannot be asked ({error}): unlock it, set LAMPLIGHTER_TOKEN, or log in with "
        "PYTHON_KEYRING_BACKEND=keyring.backends.null.Keyring, which keeps it in a file"
    )
