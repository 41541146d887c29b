"""A password is long and not the first to be guessed; nothing else is asked of it, and no message shows it."""

from __future__ import annotations

import pytest

from functions.errors import InvalidUser
from functions.password_rule import LONGEST, SHORTEST, check


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "plain letters are enough",
        "žluťoučký kůň",
        "パスワードではない長い文",
        "7391640285517",
        " blanks around count ",
        "my password is a long one",
        "ab1cd2ef3gh4",
        "yes! " * 3 + "no? " * (LONGEST // 5),
    ],
)
def test_a_long_password_is_taken_whatever_it_is_made_of(password: str) -> None:
    check(password[:LONGEST], name="ada")


@pytest.mark.parametrize(
    "password",
    [
        "",
        "short one",
        "x" * (SHORTEST - 1),
        "correct horse" * 100,
        "ada.lovelace@example.com",
        "ADA.LOVELACE@EXAMPLE.COM",
        "ada.lovelace@example.com1234",
        "password1234",
        "Password-Password",
        "lamplighter-admin",
        "administrator",
        "aaaaaaaaaaaaaaaa",
        "abababababababab",
        "abcdefghijklmnop",
        "zyxwvutsrqponm",
        "1234567890123",
        "with a NUL \x00 inside",
        "half a pair \ud83d inside",
    ],
)
def test_a_password_that_is_short_or_guessed_first_is_refused_and_never_shown(password: str) -> None:
    with pytest.raises(InvalidUser) as refused:
        check(password, name="ada.lovelace@example.com")
    assert not password or password not in str(refused.value)


def test_a_short_name_forbids_no_passwords_that_happen_to_hold_it() -> None:
    check("a ladder adapts to radar", name="ad")
