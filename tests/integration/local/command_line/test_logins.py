"""Logging in, staying logged in, logging out."""

from __future__ import annotations

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.db.connection import Connection
from tests.integration.local.command_line.conftest import PASSWORD, Api
from tests.integration.local.command_line.runs import Terminal


def test_who_logs_in_stays_logged_in_until_they_log_out(api: Api, ada: Terminal) -> None:
    me = ada("whoami", "--json").json
    assert (me["name"], me["permissions"]) == ("ada", ["*"])
    assert stat.S_IMODE(ada.profiles.stat().st_mode) == 0o600
    assert PASSWORD not in ada.profiles.read_text()
    kept = ada.tokens()

    assert ada("logout").code == 0
    assert ada("whoami").code == 3
    assert "access_token" not in ada.profiles.read_text()
    again = ada("whoami", LAMPLIGHTER_URL=api.url, LAMPLIGHTER_TOKEN=kept["access_token"])
    assert again.code == 3, "the session has ended at the API too"


def test_a_wrong_password_lets_nobody_in_and_changes_nothing(api: Api, ada: Terminal) -> None:
    before = ada.profiles.read_text()
    ran = ada("login", "--name", "ada", "--password-stdin", stdin="wrong\n")
    assert (ran.code, ran.out) == (3, "")
    assert "auth_login_failed, request " in ran.err
    assert ran.err.count("\n") == 1
    assert ada.profiles.read_text() == before


def test_a_password_that_is_typed_is_not_shown(api: Api, terminal: Terminal) -> None:
    # The space comes once nothing is shown any more; what was typed before it is thrown away.
    ran = terminal.on_a_terminal("login", "--url", api.url, answers={"Name: ": "ada", "Password: ": PASSWORD})
    assert ran.code == 0, ran.out
    assert "ada is logged in" in ran.out
    assert PASSWORD not in ran.out
    assert terminal("whoami").code == 0


def test_where_nobody_can_be_asked_the_command_says_what_to_add(api: Api, terminal: Terminal) -> None:
    ran = terminal("login", "--url", api.url, "--name", "ada")
    assert ran.code == 2
    assert "--password-stdin" in ran.err
    assert terminal("login").code == 2
    assert "--url" in terminal("login", "--name", "x", "--password-stdin").err


def test_a_token_can_be_kept_instead_of_a_password(api: Api, terminal: Terminal) -> None:
    assert terminal("login", "--url", api.url, "--token", "-", stdin=api.token("jobs.view") + "\n").code == 0
    assert terminal("whoami", "--json").json["name"] == "robot"
    assert terminal("login", "--url", api.url, "--token", "nonsense").code == 3
    assert terminal("whoami", "--json").json["name"] == "robot"


@pytest.mark.parametrize("expired", [{"expires_at": 1.0}, {"access_token": "no longer taken"}])
def test_an_access_token_that_has_ended_is_renewed_without_a_word(ada: Terminal, expired: dict[str, object]) -> None:
    before = ada.tokens()
    ada.set_tokens(**expired)
    ran = ada("whoami")
    assert (ran.code, ran.err) == (0, "")
    after = ada.tokens()
    assert after["refresh_token"] != before["refresh_token"]
    assert after["access_token"] not in (before["access_token"], expired.get("access_token"))
    assert ada("whoami").code == 0
    assert ada.tokens() == after, "nothing is renewed before it has to be"


def test_commands_at_once_renew_a_login_once(ada: Terminal, connection: Connection) -> None:
    ada.set_tokens(access_token="no longer taken")
    with ThreadPoolExecutor(4) as pool:
        ran = list(pool.map(lambda _: ada("whoami"), range(4)))
    assert [each.code for each in ran] == [0] * 4, [each.err for each in ran]
    tokens = connection.execute("SELECT count(*) FROM lamplighter.refresh_token").fetchone()
    assert tokens == (2,), "the first one, and the one that one of the four got"
    assert ada("whoami").code == 0


def test_a_login_that_has_ended_elsewhere_is_forgotten_and_said(ada: Terminal, connection: Connection) -> None:
    connection.execute("UPDATE lamplighter.session SET revoked_at = clock_timestamp(), revoked_for = 'logout'")
    ran = ada("jobs")
    assert ran.code == 3
    assert "run lamplighter login" in ran.err
    assert "nobody is logged in" in ada("jobs").err


def test_a_login_is_used_where_it_was_made_and_nowhere_else(api: Api, ada: Terminal) -> None:
    elsewhere = ada("jobs", "--url", "https://jobs.example.com")
    assert elsewhere.code == 3
    assert "not at https://jobs.example.com" in elsewhere.err


def test_profiles_are_logins_beside_each_other(api: Api, ada: Terminal) -> None:
    token = api.token("jobs.view")
    assert ada("login", "--profile", "robot", "--url", api.url, "--token", token).code == 0
    assert ada("whoami", "--json").json["name"] == "ada"
    assert ada("whoami", "--json", "--profile", "robot").json["name"] == "robot"
    assert ada("whoami", "--json", LAMPLIGHTER_PROFILE="robot").json["name"] == "robot"
    assert ada("logout", "--profile", "robot").code == 0
    assert ada("whoami").code == 0


def test_what_may_not_be_done_is_not_done(log_in: Callable[[str], Terminal], two_jobs: None) -> None:
    vera = log_in("vera")
    assert vera("jobs").code == 0
    ran = vera("pause", "ends-well")
    assert (ran.code, ran.out) == (4, "")
    assert "'jobs.pause'" in ran.err
    assert "auth_insufficient_permissions, request " in ran.err


def test_an_api_that_is_away_is_said_to_be(api: Api, ada: Terminal) -> None:
    api.stop()
    ran = ada("jobs")
    assert (ran.code, ran.out) == (8, "")
    assert ran.err == f"lamplighter: {api.url} does not answer: Connection refused\n"
    left = ada("logout")
    assert left.code == 8
    assert "not ended at the API" in left.err
    assert ada("whoami").code == 3
