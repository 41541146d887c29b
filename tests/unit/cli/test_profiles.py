"""Logins that are kept: in a keyring where there is one, else in a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from lamplighter_cli.failures import Failure, NotLoggedIn
from lamplighter_cli.profiles import Profiles, Tokens

URL = "https://jobs.example.com"
TOKENS = Tokens(access_token="access-1", refresh_token="refresh-1", expires_at=1.5)


class Desktop(KeyringBackend):
    """A desktop's keyring; at will a locked one."""

    priority = 5.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.secrets: dict[tuple[str, str], str] = {}
        self.is_locked = False

    def get_password(self, service: str, username: str) -> str | None:
        self._check()
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._check()
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._check()
        if self.secrets.pop((service, username), None) is None:
            raise PasswordDeleteError("not found")

    def _check(self) -> None:
        if self.is_locked:
            raise KeyringLocked("nobody unlocked it")


class PlainText(Desktop):
    """One that does not encrypt, as keyring's own measure says."""

    priority = 0.5


@pytest.fixture(autouse=True)
def no_keyring() -> Iterator[None]:
    before = keyring.get_keyring()
    from keyring.backends.fail import Keyring

    keyring.set_keyring(Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.fixture
def desktop() -> Desktop:
    backend = Desktop()
    keyring.set_keyring(backend)
    return backend


@pytest.fixture
def profiles(tmp_path: Path) -> Profiles:
    return Profiles(tmp_path / "lamplighter")


def text(profiles: Profiles) -> str:
    return profiles.path.read_text()


def test_without_a_keyring_the_tokens_are_in_the_file(profiles: Profiles) -> None:
    kept = profiles.put("default", url=URL, tokens=TOKENS)
    assert (kept.in_keyring, profiles.get("default")) == (False, kept)
    assert kept.tokens == TOKENS
    assert profiles.get("other") is None


def test_with_a_keyring_no_secret_is_in_the_file(profiles: Profiles, desktop: Desktop) -> None:
    kept = profiles.put("default", url=URL, tokens=TOKENS)
    assert (kept.in_keyring, profiles.get("default")) == (True, kept)
    assert "access-1" not in text(profiles)
    assert "refresh-1" not in text(profiles)
    assert json.loads(next(iter(desktop.secrets.values())))["refresh_token"] == "refresh-1"


@pytest.mark.parametrize("is_locked", [False, True])
def test_a_keyring_that_does_not_encrypt_or_is_locked_is_none(profiles: Profiles, is_locked: bool) -> None:
    backend = Desktop() if is_locked else PlainText()
    backend.is_locked = is_locked
    keyring.set_keyring(backend)
    assert not profiles.put("default", url=URL, tokens=TOKENS).in_keyring
    assert backend.secrets == {}


def test_renewed_tokens_stay_where_the_login_is(profiles: Profiles, desktop: Desktop) -> None:
    kept = profiles.put("default", url=URL, tokens=TOKENS)
    profiles.renew("default", kept, Tokens(access_token="access-2", refresh_token="refresh-2"))
    found = profiles.get("default")
    assert found is not None
    assert found.tokens == Tokens(access_token="access-2", refresh_token="refresh-2")
    assert found.in_keyring
    assert "access-2" not in text(profiles)


def test_a_login_whose_keyring_is_locked_by_now_is_not_taken_for_another(profiles: Profiles, desktop: Desktop) -> None:
    profiles.put("default", url=URL, tokens=TOKENS)
    desktop.is_locked = True
    with pytest.raises(NotLoggedIn, match="unlock it"):
        profiles.get("default")


def test_what_is_removed_is_gone_from_file_and_keyring(profiles: Profiles, desktop: Desktop) -> None:
    profiles.put("default", url=URL, tokens=TOKENS)
    profiles.put("prod", url=URL, tokens=TOKENS)
    profiles.remove("default")
    assert profiles.get("default") is None
    assert profiles.get("prod") is not None
    assert len(desktop.secrets) == 1


def test_a_login_in_place_of_another_leaves_no_secret_of_it(profiles: Profiles, desktop: Desktop) -> None:
    profiles.put("default", url=URL, tokens=TOKENS)
    profiles.put("default", url="https://other.example.com", tokens=TOKENS)
    assert [username for _, username in desktop.secrets] == ["default https://other.example.com"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"default": {}}', '{"default": {"url": 1, "inKeyring": false}}'])
def test_a_file_that_is_not_ours_is_refused_by_name(profiles: Profiles, content: str) -> None:
    profiles.put("other", url=URL, tokens=TOKENS)
    profiles.path.write_text(content)
    with pytest.raises(Failure, match=r"profiles\.json is not as lamplighter writes it"):
        profiles.get("default")


@pytest.mark.parametrize("name", ["", "a b", "../x", "a" * 51, "é"])
def test_what_cannot_be_a_profile_is_refused(profiles: Profiles, name: str) -> None:
    with pytest.raises(Failure, match="is invalid: use 1 to 50"):
        profiles.get(name)


def test_no_secret_is_in_what_python_would_show(profiles: Profiles) -> None:
    assert "access-1" not in repr(profiles.put("default", url=URL, tokens=TOKENS))
