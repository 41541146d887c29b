"""Password hashes: argon2id with OWASP's parameters, and the same work for a user there is not."""

from __future__ import annotations

import re
import subprocess
import sys
from time import process_time

import pytest
from argon2 import PasswordHasher

from chalicelib import passwords
from functions import password_rule
from tests.conftest import PROJECT


def test_a_password_matches_its_own_hash_and_no_other_does() -> None:
    stored = passwords.hash("correct horse battery staple")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.verify(stored, "correct horse battery staple")
    for other in (
        "correct horse battery stapl",
        "",
        "Correct horse battery staple",
        "correct horse battery staple ",
    ):
        assert not passwords.verify(stored, other)


def test_the_same_password_gets_another_hash_each_time() -> None:
    assert passwords.hash("x") != passwords.hash("x")


def test_ways_to_compose_a_letter_are_one_password() -> None:
    assert passwords.verify(passwords.hash("Škoda caf\u00e9"), "S\u030ckoda cafe\u0301")


def test_where_there_is_no_hash_no_password_is_right_and_the_work_is_the_same() -> None:
    stored = passwords.hash("right")
    assert not passwords.verify(None, "right")
    assert not passwords.verify(None, "")
    nobody, somebody = (min(_spent(hash_) for _ in range(5)) for hash_ in (None, stored))
    assert max(nobody, somebody) < 2 * min(nobody, somebody)


def _spent(stored: str | None) -> float:
    begun = process_time()
    passwords.verify(stored, "wrong")
    return process_time() - begun


def test_the_hash_that_stands_for_nobody_has_todays_parameters() -> None:
    assert not passwords.needs_rehash(passwords._NOBODYS)


def test_a_hash_with_other_parameters_is_good_and_to_be_renewed() -> None:
    weaker = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("x")
    assert passwords.verify(weaker, "x")
    assert passwords.needs_rehash(weaker)
    assert not passwords.needs_rehash(passwords.hash("x"))


def test_what_is_stored_and_is_no_hash_lets_nobody_in() -> None:
    for stored in ("", "x", "x" * 100, "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$AAAA"):
        assert not passwords.verify(stored, "x")


def test_a_password_without_end_is_neither_hashed_nor_right() -> None:
    longest = "x" * passwords.LONGEST
    stored = passwords.hash(longest)
    assert passwords.verify(stored, longest)
    assert not passwords.verify(stored, longest + "x")
    assert not passwords.verify(passwords.hash(""), longest + "x")
    with pytest.raises(ValueError, match="at most 1024"):
        passwords.hash(longest + "x")


def test_argon2_is_loaded_by_the_first_login_and_not_before() -> None:
    script = "import sys; from chalicelib import passwords; print('argon2' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT / "admin_api", capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_a_made_password_is_taken_by_the_rule_and_never_the_same() -> None:
    made = {passwords.made() for _ in range(200)}
    assert len(made) == 200
    for each in made:
        password_rule.check(each, name="ada")
        assert re.fullmatch(r"([a-z]{4}-){3}[a-z]{4}", each)
