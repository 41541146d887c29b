"""The person at the shell: what they are called, and the password they give or have made."""

from __future__ import annotations

import argparse
import getpass
import os
import secrets
import sys

from functions import password_rule
from functions.errors import InvalidUser


def login_name() -> str:
    """What the machine calls them, for the audit."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"user {os.getuid()}"


def add_password(parser: argparse.ArgumentParser) -> argparse._MutuallyExclusiveGroup:
    """Add the ways to give a password, of which one can be taken; without any of them it is asked for."""
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--password-stdin", action="store_true", help="read the password from the first line of stdin")
    ways.add_argument("--generate", action="store_true", help="make a password and print it, once")
    return ways


def password_of(options: argparse.Namespace, *, name: str) -> str:
    """The password for this user, as the options of `add_password` say. Raises InvalidUser for a bad one, or none."""
    if options.generate:
        return secrets.token_urlsafe(18)
    password = sys.stdin.readline().rstrip("\r\n") if options.password_stdin else _asked(name)
    password_rule.check(password, name=name)
    return password


def _asked(name: str) -> str:
    if not sys.stdin.isatty():
        raise InvalidUser("there is no terminal to ask for a password: use --password-stdin or --generate")
    password = getpass.getpass(f"password of {name}: ")
    password_rule.check(password, name=name)  # before it is typed again
    if getpass.getpass("again: ") != password:
        raise InvalidUser("the two passwords differ: nothing was changed")
    return password
