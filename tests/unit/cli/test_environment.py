"""What the command is told by its environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter_cli.environment import environment


def test_logins_are_in_the_configuration_of_this_user() -> None:
    assert environment({"HOME": "/home/a b"}).directory == Path("/home/a b/.config/lamplighter")
    assert environment({"HOME": "/h", "XDG_CONFIG_HOME": "/c"}).directory == Path("/c/lamplighter")


@pytest.mark.parametrize("relative", ["", "config", "./config"])
def test_a_relative_configuration_is_ignored(relative: str) -> None:
    assert environment({"HOME": "/h", "XDG_CONFIG_HOME": relative}).directory == Path("/h/.config/lamplighter")


def test_an_empty_variable_is_as_good_as_none_and_the_token_is_not_shown() -> None:
    empty = environment({"HOME": "/h", "LAMPLIGHTER_URL": "", "LAMPLIGHTER_PROFILE": "", "LAMPLIGHTER_TOKEN": " "})
    assert (empty.url, empty.profile, empty.token) == (None, "default", None)
    told = environment({"HOME": "/h", "LAMPLIGHTER_URL": "u", "LAMPLIGHTER_PROFILE": "p", "LAMPLIGHTER_TOKEN": "t0k\n"})
    assert (told.url, told.profile, told.token) == ("u", "p", "t0k")
    assert "t0k" not in repr(told)
