"""POST /auth/login: who gets in, and that nobody else learns or gains anything."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from time import process_time

import pytest
from argon2 import PasswordHasher

from functions.db import credentials, users
from functions.db.connection import Connection, connect
from tests.integration import people
from tests.integration.admin_api.api import KEY, Api
from tests.integration.admin_api.cases import audited
from tests.integration.admin_api.logins import AUTH, PASSWORD, add_user, bearer, hashed, log_in, me, part
from tests.integration.holders import SETUP
from tests.integration.waiting import is_waited_for, until

ELSEWHERE = "203.0.113.9"


def later(connection: Connection, by: timedelta) -> None:
    connection.execute("UPDATE lamplighter.login_attempt SET failed_at = failed_at - %s", (by,))


def test_name_and_password_get_a_pair_of_tokens(api: Api, connection: Connection) -> None:
    add_user(connection, "ann", "viewer")
    answer = log_in(api)
    assert (answer.status, answer.json.keys()) == (200, {"accessToken", "tokenType", "expiresIn", "refreshToken"})
    assert (answer.json["tokenType"], answer.json["expiresIn"]) == ("Bearer", 900)
    assert "Set-Cookie" not in answer.headers
    assert me(api, answer.json["accessToken"]).json["name"] == "ann"
    assert api("GET", "/api/v1/admin/jobs", headers=bearer(answer.json["accessToken"])).status == 200


def test_the_access_token_says_who_and_which_session_and_nothing_of_what_they_may_do(
    api: Api, connection: Connection
) -> None:
    user_id = add_user(connection, "ann", "admin")
    token = log_in(api).json["accessToken"]
    claims, header = part(token, 1), part(token, 0)
    assert claims.keys() == {"iss", "aud", "sub", "sid", "iat", "exp", "jti"}
    assert (claims["sub"], claims["exp"] - claims["iat"]) == (str(user_id), 900)
    assert (header["alg"], re.fullmatch("[0-9a-f]{16}", header["kid"]) is not None) == ("HS256", True)
    assert KEY not in str(header)


@pytest.mark.parametrize("name", ["Ann", "ANN", "ａｎｎ"])
def test_a_name_is_one_in_any_spelling(api: Api, connection: Connection, name: str) -> None:
    add_user(connection)
    assert log_in(api, name).status == 200


def test_a_login_is_audited_and_counted_as_no_failure(api: Api, connection: Connection) -> None:
    add_user(connection)
    answer = log_in(api)
    assert audited(connection) == [("ann", None, "sessions.open", answer.request_id)]
    assert connection.execute("SELECT sum(over) FROM lamplighter.login_attempt WHERE over > -20").fetchone() == (None,)


def test_every_wrong_login_gets_one_and_the_same_answer(api: Api, connection: Connection) -> None:
    add_user(connection)
    add_user(connection, "disabled", is_disabled=True)
    people.user(connection, "without-password")
    wrong = [
        log_in(api, "ann", "wrong"),
        log_in(api, "nobody"),
        log_in(api, "disabled"),
        log_in(api, "disabled", "wrong"),
        log_in(api, "without-password"),
        log_in(api, " ann"),
        log_in(api, "x" * 200),
        log_in(api, "' OR true --"),
    ]
    assert {(answer.status, answer.code) for answer in wrong} == {(401, "auth_login_failed")}
    assert len({str({**answer.json, "requestId": ""}) for answer in wrong}) == 1
    assert len({str({**answer.headers, "X-Request-Id": ""}) for answer in wrong}) == 1
    assert audited(connection) == []


def test_every_wrong_login_takes_the_same_work(api: Api, connection: Connection) -> None:
    add_user(connection)
    add_user(connection, "disabled", is_disabled=True)

    def spent(name: str, password: str) -> float:
        begun = process_time()
        assert log_in(api, name, password).status == 401
        return process_time() - begun

    log_in(api, "warm-up")
    kinds = (("ann", "x"), ("nobody", "x"), ("disabled", PASSWORD))
    rounds = [{kind: spent(*kind) for kind in kinds} for _ in range(4)]
    # The least of several: noise only adds. One that hashed nothing would be done in a tenth of the time.
    least = {kind: min(each[kind] for each in rounds) for kind in kinds}
    assert max(least.values()) < 2 * min(least.values()), least


def test_after_five_failures_an_account_has_to_wait_a_little_also_one_there_is_not(
    api: Api, connection: Connection
) -> None:
    add_user(connection)
    for name in ("ann", "nobody"):
        for _ in range(6):
            assert log_in(api, name, "wrong").code == "auth_login_failed"
        refused = log_in(api, name, PASSWORD)
        assert (refused.status, refused.code) == (429, "auth_too_many_attempts")
        assert refused.headers["Retry-After"] == "1"
    later(connection, timedelta(seconds=1))
    assert log_in(api).status == 200
    assert log_in(api, "ann", "wrong").status == 401, "the right password forgets the failures"


def test_an_address_has_to_wait_whichever_account_it_tries(api: Api, connection: Connection) -> None:
    add_user(connection)
    statuses = [log_in(api, f"user-{number}", "wrong").status for number in range(22)]
    assert statuses == [401] * 21 + [429]
    assert log_in(api).status == 429
    assert log_in(api, source_ip=ELSEWHERE).status == 200


def test_addresses_of_one_ipv6_network_are_one(api: Api) -> None:
    statuses = [log_in(api, f"user-{n}", "wrong", source_ip=f"2001:db8::{n:x}").status for n in range(22)]
    assert statuses == [401] * 21 + [429]
    assert log_in(api, "x", "wrong", source_ip="2001:db8:0:1::1").status == 401


def test_strangers_never_keep_an_owner_out_where_they_have_logged_in_before(api: Api, connection: Connection) -> None:
    add_user(connection)
    assert log_in(api).status == 200
    for number in range(12):
        log_in(api, "ann", "wrong", source_ip=f"203.0.113.{number}")
        later(connection, timedelta(seconds=64))
    log_in(api, "ann", "wrong", source_ip=ELSEWHERE)
    assert log_in(api, source_ip=ELSEWHERE).status == 429
    assert log_in(api).status == 200


@pytest.mark.parametrize("name", ["ann\n{here}", "{here}\nann", "at {here}\nann", "known {here}\nann"])
def test_no_name_that_strangers_type_counts_as_an_owners_failures(api: Api, connection: Connection, name: str) -> None:
    add_user(connection)
    assert log_in(api).status == 200
    for number in range(8):
        log_in(api, name.format(here="192.0.2.1"), "wrong", source_ip=f"203.0.113.{number}")
    assert log_in(api).status == 200


def test_a_login_whose_password_is_reset_meanwhile_opens_no_session(
    api: Api, connection: Connection, database_url: str
) -> None:
    add_user(connection)
    with connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        with other.transaction():
            users.set_password(other, SETUP, users.find(other, "ann"), hashed("another one"))
            waiting = pool.submit(log_in, api)
            until(lambda: waiting.done() or is_waited_for(connection, other), "the login to be checked")
        assert waiting.result().code == "auth_login_failed"
    assert connection.execute("SELECT count(*) FROM lamplighter.session").fetchone() == (0,)


def test_a_login_that_renews_the_hash_refuses_no_other_one(connection: Connection, database_url: str) -> None:
    people.user(connection, "ann", password_hash=hashed())
    found = credentials.find(connection, "ann", address="192.0.2.1")
    assert found is not None
    credentials.replace_hash(connection, found.user_id, old=hashed(), new="the same password's")
    with connection.transaction():
        assert credentials.hold(connection, found)


def test_the_longest_wait_is_about_a_minute(api: Api, connection: Connection) -> None:
    add_user(connection)
    for _ in range(30):
        log_in(api, "ann", "wrong")
        later(connection, timedelta(seconds=64))
    log_in(api, "ann", "wrong")
    assert 1 <= int(log_in(api).headers["Retry-After"]) <= 64


def test_a_hash_of_weaker_parameters_is_renewed_by_the_login(api: Api, connection: Connection) -> None:
    weaker = PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash(PASSWORD)
    people.user(connection, "ann", password_hash=weaker)
    for _ in range(2):
        assert log_in(api).status == 200
    row = connection.execute("SELECT password_hash FROM lamplighter.user").fetchone()
    assert row is not None
    assert row[0].startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"name": "ann"}, {"password": PASSWORD}, {"name": "", "password": PASSWORD},
        {"name": "ann", "password": ""}, {"name": ["ann"], "password": PASSWORD},
        {"name": "ann", "password": {"$ne": ""}},
        {"name": "ann", "password": "x" * 1025}, {"name": "ann", "password": PASSWORD, "cookie": "yes"},
        {"name": "ann", "password": PASSWORD, "admin": True}, {"name": "x" * 201, "password": PASSWORD},
    ],
)  # fmt: skip
def test_a_body_that_is_no_login_is_refused_and_shows_no_password(
    api: Api, connection: Connection, body: dict[str, object]
) -> None:
    add_user(connection)
    answer = api("POST", f"{AUTH}/login", headers={}, json_body=body)
    assert (answer.status, answer.code) == (400, "validation_failed")
    assert "horse" not in answer.body


def test_a_deployment_whose_jobs_are_switched_off_lets_people_in(
    api: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions.settings import settings

    add_user(connection)
    monkeypatch.setenv("JOBS_ENABLED", "false")
    settings.cache_clear()
    assert log_in(api).status == 200


def test_a_session_ends_seven_days_after_the_login(api: Api, connection: Connection) -> None:
    add_user(connection)
    ends_at = datetime.fromisoformat(me(api, log_in(api).json["accessToken"]).json["sessionExpiresAt"])
    assert abs(ends_at - datetime.now(UTC) - timedelta(days=7)) < timedelta(minutes=1)
