"""Logins that are kept: each profile's address, and its tokens in the keyring, or in a file where there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lamplighter_cli import keyrings
from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure, NotLoggedIn
from lamplighter_cli.private_files import PrivateDirectory

_FILE, _LOCK = "profiles.json", "profiles.lock"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,50}")


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """expires_at: when the access token does, in seconds since 1970; None for what nobody said of a token."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    expires_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One login. in_keyring: where its tokens are."""

    url: str
    in_keyring: bool
    tokens: Tokens | None = None


class Profiles:
    """The profiles of this user."""

    def __init__(self, path: Path) -> None:
        self.path = path / _FILE
        self._directory = PrivateDirectory(path)

    def get(self, name: str) -> Profile | None:
        """This profile with its tokens. Raises NotLoggedIn when the keyring that has them cannot be asked."""
        kept = self._read().get(check_name(name))
        if kept is None:
            return None
        try:
            tokens = keyrings.get(_account(name, kept["url"])) if kept["inKeyring"] else kept["tokens"]
            return Profile(
                url=str(kept["url"]),
                in_keyring=bool(kept["inKeyring"]),
                tokens=None if tokens is None else Tokens(**tokens),
            )
        except (KeyError, TypeError) as error:
            raise self._unreadable() from error

    def put(self, name: str, *, url: str, tokens: Tokens) -> Profile:
        """Keep a new login; where it is kept is in the answer. Call it inside `locked`."""
        self.remove(name)
        if keyrings.is_usable():
            with suppress(NotLoggedIn):  # locked, and nobody there to unlock it: then it is no place for this one
                return self._keep(name, Profile(url=url, in_keyring=True, tokens=tokens))
        return self._keep(name, Profile(url=url, in_keyring=False, tokens=tokens))

    def renew(self, name: str, profile: Profile, tokens: Tokens) -> None:
        """Keep other tokens of the same login, at the same place. Call it inside `locked`."""
        self._keep(name, Profile(url=profile.url, in_keyring=profile.in_keyring, tokens=tokens))

    def remove(self, name: str) -> None:
        """Forget this profile. Call it inside `locked`."""
        kept = self._read()
        gone = kept.pop(check_name(name), None)
        if gone is None:
            return
        if gone.get("inKeyring"):
            with suppress(NotLoggedIn):  # what cannot be asked cannot be told to forget either
                keyrings.remove(_account(name, str(gone.get("url"))))
        self._write(kept)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Inside, no other process changes profiles, or uses up a refresh token."""
        with self._directory.locked(_LOCK):
            yield

    def _keep(self, name: str, profile: Profile) -> Profile:
        assert profile.tokens is not None
        tokens: dict[str, Any] | None = asdict(profile.tokens)
        if profile.in_keyring:
            keyrings.put(_account(name, profile.url), asdict(profile.tokens))
            tokens = None
        self._write(self._read() | {name: {"url": profile.url, "inKeyring": profile.in_keyring, "tokens": tokens}})
        return profile

    def _read(self) -> dict[str, Any]:
        text = self._directory.read(_FILE)
        if text is None:
            return {}
        try:
            kept = json.loads(text)
        except ValueError as error:
            raise self._unreadable() from error
        if not isinstance(kept, dict):
            raise self._unreadable()
        return kept

    def _write(self, kept: dict[str, Any]) -> None:
        self._directory.write(_FILE, json.dumps(kept, indent=2) + "\n")

    def _unreadable(self) -> Failure:
        return Failure(ExitCode.USAGE, f"{self.path} is not as lamplighter writes it: delete it, log in")


def check_name(name: str) -> str:
    """This name. Raises Failure when it cannot be a profile's."""
    if not _NAME.fullmatch(name):
        raise Failure(
            ExitCode.USAGE, f"profile {name[:100]!r} is invalid: use 1 to 50 letters, digits, '.', '_' or '-'"
        )
    return name


def _account(name: str, url: str) -> str:
    return f"{name} {url}"
