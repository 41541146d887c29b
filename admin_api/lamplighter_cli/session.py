"""One run of the command: what it was told, the API it talks to, and where its answers go."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cached_property

import typer

from lamplighter_cli.addresses import base_url
from lamplighter_cli.client import AUTH, Client
from lamplighter_cli.environment import Environment, environment
from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure, NotLoggedIn
from lamplighter_cli.logins import GivenToken, KeptLogin, Login
from lamplighter_cli.output import Output
from lamplighter_cli.profiles import Profiles


@dataclass(frozen=True, kw_only=True)
class Options:
    """What every command can be told."""

    as_json: bool
    is_utc: bool
    profile: str | None
    url: str | None


class Session:
    """One run."""

    def __init__(self, options: Options, variables: Mapping[str, str] = os.environ) -> None:
        self.environment: Environment = environment(variables)
        self.profile = options.profile or self.environment.profile
        self.zone: tzinfo | None = UTC if options.is_utc else None
        self.output = Output(as_json=options.as_json)
        self.profiles = Profiles(self.environment.directory)
        self._given_url = options.url or self.environment.url

    @property
    def as_json(self) -> bool:
        """Whether answers are the API's JSON."""
        return self.output.as_json

    @cached_property
    def url(self) -> str:
        """Where the API is. Raises Failure when nobody said, NotLoggedIn when that would have said it."""
        if self._given_url is not None:
            return base_url(self._given_url)
        profile = self.profiles.get(self.profile)
        if profile is None:
            raise NotLoggedIn(
                f"nobody is logged in as profile {self.profile!r}: run lamplighter login --url https://…, "
                "or set LAMPLIGHTER_URL and LAMPLIGHTER_TOKEN"
            )
        return base_url(profile.url)

    @cached_property
    def client(self) -> Client:
        """The API, with this run's login."""
        return Client(self.url, login=self._login(), note=self.output.note)

    @cached_property
    def anonymous(self) -> Client:
        """The API, without a token."""
        return Client(self.url, login=None, note=self.output.note)

    def now(self) -> datetime:
        """Now."""
        return datetime.now(UTC)

    def confirm(self, question: str, *, is_sure: bool) -> None:
        """Return when it is to be done. Raises Failure when it is not, or nobody is there to say so."""
        if is_sure:
            return
        if not sys.stdin.isatty():
            raise Failure(ExitCode.USAGE, f"{question} Nobody is here to answer: add --yes")
        if not typer.confirm(question, err=True):
            raise Failure(ExitCode.STOPPED, "nothing was changed")

    def close(self) -> None:
        """End its connections."""
        for name in ("client", "anonymous"):
            if name in vars(self):
                vars(self)[name].close()

    def _login(self) -> Login:
        if self.environment.token is not None:
            return GivenToken(self.environment.token)

        def refresh(token: str) -> dict[str, object]:
            answer: dict[str, object] = self.anonymous.open(f"{AUTH}/refresh", {"refreshToken": token})
            return answer

        return KeptLogin(self.profiles, self.profile, url=self.url, refresh=refresh)
