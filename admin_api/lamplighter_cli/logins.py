"""Where requests get their token from: the environment, or a kept login, which renews itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from lamplighter_cli.failures import NotLoggedIn
from lamplighter_cli.profiles import Profile, Profiles, Tokens

# Renewed so long before its end: a request takes a while, and clocks differ.
_MARGIN_S = 20.0

# Sends a refresh token and returns the answer's body. Raises Failure.
Refresh = Callable[[str], dict[str, Any]]


class Login(Protocol):
    """Gives tokens. `renewed` raises NotLoggedIn where there can be no other than the one that was refused."""

    def token(self) -> str: ...

    def renewed(self, refused: str) -> str: ...


class GivenToken:
    """LAMPLIGHTER_TOKEN: used as it is."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self) -> str:
        """The token."""
        return self._token

    def renewed(self, refused: str) -> str:
        """Raises NotLoggedIn: nobody can renew it but who gave it."""
        del refused
        raise NotLoggedIn("LAMPLIGHTER_TOKEN is not valid, or not any more: set another, or unset it and log in")


class KeptLogin:
    """A profile's login. Its refresh token is used by one process at a time: the API takes each of them once."""

    def __init__(self, profiles: Profiles, name: str, *, url: str, refresh: Refresh) -> None:
        self._profiles = profiles
        self._name = name
        self._url = url
        self._refresh = refresh
        self._tokens: Tokens | None = None

    def token(self) -> str:
        """A token that is valid for a moment, as far as is known here. Raises NotLoggedIn."""
        tokens = self._tokens = self._tokens or self._kept()[1]
        if tokens.expires_at is not None and tokens.expires_at - _MARGIN_S <= time.time():
            return self.renewed(tokens.access_token)
        return tokens.access_token

    def renewed(self, refused: str) -> str:
        """Another token than this one: what another process got meanwhile, else what the refresh token gives."""
        with self._profiles.locked():
            profile, tokens = self._kept()
            if tokens.access_token == refused:
                tokens = self._next(profile, tokens)
            self._tokens = tokens
        return tokens.access_token

    def _next(self, profile: Profile, tokens: Tokens) -> Tokens:
        if tokens.refresh_token is None:
            raise NotLoggedIn("the token that was given to lamplighter login has expired: log in again")
        try:
            answer = self._refresh(tokens.refresh_token)
        except NotLoggedIn as error:
            self._profiles.remove(self._name)
            raise NotLoggedIn(
                f"the login at {self._url} has ended: run lamplighter login",
                code=error.code,
                request_id=error.request_id,
            ) from error
        renewed = tokens_of(answer)
        # Kept before it is used, and before anybody else may look: the one before is worth nothing any more.
        self._profiles.renew(self._name, profile, renewed)
        return renewed

    def _kept(self) -> tuple[Profile, Tokens]:
        profile = self._profiles.get(self._name)
        if profile is None or profile.tokens is None:
            raise NotLoggedIn(f"nobody is logged in as profile {self._name!r}: run lamplighter login")
        if profile.url != self._url:
            # A token goes where its login was, and nowhere else.
            raise NotLoggedIn(f"profile {self._name!r} is logged in at {profile.url}, not at {self._url}: log in there")
        return profile, profile.tokens


def tokens_of(answer: dict[str, Any]) -> Tokens:
    """The tokens in an answer of login or refresh."""
    return Tokens(
        access_token=str(answer["accessToken"]),
        refresh_token=str(answer["refreshToken"]),
        expires_at=time.time() + float(answer["expiresIn"]),
    )
