"""login, logout, whoami."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Annotated

import typer

from lamplighter_cli import times
from lamplighter_cli.addresses import base_url
from lamplighter_cli.client import AUTH, Client
from lamplighter_cli.command import command
from lamplighter_cli.exit_codes import ExitCode
from lamplighter_cli.failures import Failure, NotLoggedIn, Unavailable
from lamplighter_cli.logins import tokens_of
from lamplighter_cli.profiles import Tokens, check_name
from lamplighter_cli.session import Session

PANEL = "People"


def register(app: typer.Typer) -> None:
    """Add these commands."""
    command(app, "login", panel=PANEL)(login)
    command(app, "logout", panel=PANEL)(logout)
    command(app, "whoami", panel=PANEL)(whoami)


def login(
    session: Session,
    name: Annotated[str | None, typer.Option(help="Your user name; asked for if not given.")] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    token: Annotated[
        str | None, typer.Option(metavar="TOKEN", help="A token instead of a password; - reads standard input.")
    ] = None,
) -> None:
    """Log in, and stay logged in until logout: --url says where, the first time."""
    check_name(session.profile)
    url = _url(session)
    if token is not None and (name is not None or password_stdin):
        raise Failure(ExitCode.USAGE, "--token needs neither --name nor --password-stdin")
    tokens = _given_token(token) if token is not None else _tokens(session, name, password_stdin=password_stdin)
    with closing(Client(url, login=_Fresh(tokens), note=session.output.note)) as client:
        me = client.json(f"{AUTH}/me")
    with session.profiles.locked():
        kept = session.profiles.put(session.profile, url=url, tokens=tokens)
    if session.as_json:
        return session.output.json(me)
    place = "in the keyring" if kept.in_keyring else f"in {session.profiles.path}"
    return session.output.line(f"{me['name']} is logged in at {url} as profile {session.profile!r}; kept {place}")


def logout(session: Session) -> None:
    """End the login: here, and at the API."""
    with session.profiles.locked():
        profile = session.profiles.get(session.profile)
        session.profiles.remove(session.profile)
    if profile is None:
        raise NotLoggedIn(f"nobody is logged in as profile {session.profile!r}")
    refresh_token = None if profile.tokens is None else profile.tokens.refresh_token
    if refresh_token is not None:
        with closing(Client(base_url(profile.url), login=None, note=session.output.note)) as client:
            _end(client, refresh_token)
    if session.as_json:
        return session.output.json({})
    return session.output.line(f"profile {session.profile!r} is logged out")


def whoami(session: Session) -> None:
    """Show who you are to the API, and what you may do."""
    me = session.client.json(f"{AUTH}/me")
    if session.as_json:
        return session.output.json(me)
    return session.output.facts(
        {
            "name": me["name"],
            "at": session.url,
            "profile": "" if session.environment.token else session.profile,
            "roles": ", ".join(me["roles"]),
            "permissions": ", ".join(me["permissions"]),
            "login ends": times.both(me.get("sessionExpiresAt"), now=session.now(), zone=session.zone),
        }
    )


class _Fresh:
    """The tokens of a login that is not kept yet."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def token(self) -> str:
        """The token."""
        return self._tokens.access_token

    def renewed(self, refused: str) -> str:
        """Raises NotLoggedIn: it was given a moment ago."""
        del refused
        raise NotLoggedIn("the API does not take this token: get another one")


def _url(session: Session) -> str:
    try:
        return session.url
    except NotLoggedIn:
        raise Failure(ExitCode.USAGE, "where is the API? Add --url https://…; the next time it is known") from None


def _given_token(token: str) -> Tokens:
    given = (sys.stdin.readline() if token == "-" else token).strip()  # noqa: S105 - not a password
    if not given:
        raise Failure(ExitCode.USAGE, "the token is empty")
    return Tokens(access_token=given)


def _tokens(session: Session, name: str | None, *, password_stdin: bool) -> Tokens:
    is_asked = not password_stdin
    if (is_asked or name is None) and not sys.stdin.isatty():
        raise Failure(ExitCode.USAGE, "nobody is here to be asked: use --name with --password-stdin, or --token -")
    known = name if name is not None else str(typer.prompt("Name", err=True))
    password = str(typer.prompt("Password", hide_input=True, err=True)) if is_asked else sys.stdin.readline()
    password = password.removesuffix("\n").removesuffix("\r")
    return tokens_of(session.anonymous.open(f"{AUTH}/login", {"name": known, "password": password}))


def _end(client: Client, refresh_token: str) -> None:
    try:
        client.open(f"{AUTH}/logout", {"refreshToken": refresh_token})
    except Unavailable as error:
        raise Unavailable(f"the login is forgotten here, but not ended at the API: {error.message}") from error
