"""POST /auth/refresh, POST /auth/logout, GET /auth/me."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from functions.db.connection import Connection
from functions.db.refresh_tokens import delete_spent
from tests.integration import people
from tests.integration.admin_api.api import Answer, Api, token
from tests.integration.admin_api.cases import audited
from tests.integration.admin_api.logins import AUTH, add_user, bearer, log_in, me, refresh


def log_out(api: Api, *, headers: dict[str, str] | None = None, **body: object) -> Answer:
    return api("POST", f"{AUTH}/logout", headers=headers or {}, json_body=body)


def later(connection: Connection) -> None:
    connection.execute("UPDATE lamplighter.refresh_token SET used_at = used_at - interval '1 minute'")


def assert_not_authenticated(answer: Answer) -> None:
    assert (answer.status, answer.code) == (401, "auth_not_authenticated")


def test_a_refresh_token_gets_the_next_pair_of_the_same_session(api: Api, connection: Connection) -> None:
    add_user(connection)
    first = log_in(api).json
    second = refresh(api, first["refreshToken"])
    assert second.status == 200
    assert second.json["refreshToken"] != first["refreshToken"]
    assert me(api, second.json["accessToken"]).json == me(api, first["accessToken"]).json


def test_it_names_its_family_and_is_stored_as_a_hash(api: Api, connection: Connection) -> None:
    add_user(connection)
    family, _, secret = log_in(api).json["refreshToken"].partition(".")
    assert connection.execute("SELECT family_id FROM lamplighter.refresh_token").fetchone() == (uuid.UUID(family),)
    (row,) = connection.execute("SELECT r::text, s::text FROM lamplighter.refresh_token r, lamplighter.session s")
    assert secret not in str(row)
    assert len(secret) >= 43


@pytest.mark.parametrize("is_cleaned_up", [False, True])
def test_one_that_comes_back_ends_the_session_for_everybody(
    api: Api, connection: Connection, is_cleaned_up: bool
) -> None:
    add_user(connection)
    stolen = log_in(api).json
    thief = refresh(api, stolen["refreshToken"]).json
    later(connection)
    if is_cleaned_up:
        assert delete_spent(connection, expired_before=datetime.now(UTC), batch=10) == 1
    assert_not_authenticated(refresh(api, stolen["refreshToken"]))
    assert_not_authenticated(refresh(api, thief["refreshToken"]))
    for pair in (stolen, thief):
        assert_not_authenticated(me(api, pair["accessToken"]))


def test_the_same_one_twice_within_seconds_is_refused_and_ends_nothing(api: Api, connection: Connection) -> None:
    add_user(connection)
    first = log_in(api).json["refreshToken"]
    second = refresh(api, first).json
    assert_not_authenticated(refresh(api, first))
    assert me(api, second["accessToken"]).status == 200
    assert refresh(api, second["refreshToken"]).status == 200


@pytest.mark.parametrize("sent", ["x", "x.y", ".", f"{uuid.UUID(int=1)}.x", f"{uuid.UUID(int=2)}", "é.é", "0" * 200])
def test_what_is_no_refresh_token_is_refused(api: Api, connection: Connection, sent: str) -> None:
    add_user(connection)
    session = log_in(api).json
    assert_not_authenticated(refresh(api, sent))
    assert_not_authenticated(refresh(api, session["accessToken"][:200]))
    assert me(api, session["accessToken"]).status == 200


def test_a_disabled_user_gets_no_new_tokens_and_back_in_once_enabled(api: Api, connection: Connection) -> None:
    add_user(connection)
    pair = log_in(api).json
    connection.execute("UPDATE lamplighter.user SET is_disabled = true")
    assert_not_authenticated(refresh(api, pair["refreshToken"]))
    assert_not_authenticated(me(api, pair["accessToken"]))
    connection.execute("UPDATE lamplighter.user SET is_disabled = false")
    assert refresh(api, pair["refreshToken"]).status == 200


def test_logging_out_ends_the_session_at_once_and_can_be_repeated(api: Api, connection: Connection) -> None:
    add_user(connection)
    pair, other = log_in(api).json, log_in(api).json
    for _ in range(2):
        assert log_out(api, headers=bearer(pair["accessToken"])).status == 204
        assert_not_authenticated(me(api, pair["accessToken"]))
    assert_not_authenticated(refresh(api, pair["refreshToken"]))
    assert me(api, other["accessToken"]).status == 200
    assert [action for _, _, action, _ in audited(connection)] == ["sessions.open"] * 2 + ["sessions.revoke"]


def test_a_refresh_token_logs_out_where_the_access_token_has_expired(api: Api, connection: Connection) -> None:
    add_user(connection)
    pair = log_in(api).json
    assert log_out(api, refreshToken=pair["refreshToken"]).status == 204
    assert_not_authenticated(me(api, pair["accessToken"]))
    assert audited(connection)[-1][::2] == ("ann", "sessions.revoke")


def test_who_is_not_logged_in_is_logged_out(api: Api) -> None:
    for headers in ({}, bearer("nonsense"), bearer(token("*"))):
        for body in ({}, {"refreshToken": "x"}, {"refreshToken": f"{uuid.uuid4()}.x"}):
            assert api("POST", f"{AUTH}/logout", headers=headers, json_body=body).status == 204


def test_me_says_what_ones_roles_permit_now(api: Api, connection: Connection) -> None:
    people.role(connection, "night-shift", "jobs.trigger", "jobs.view")
    user_id = add_user(connection, "ann", "night-shift", "viewer")
    access_token = log_in(api).json["accessToken"]
    said = me(api, access_token).json
    assert {**said, "sessionExpiresAt": ""} == {
        "userId": str(user_id), "name": "ann", "roles": ["night-shift", "viewer"],
        "permissions": ["jobs.trigger", "jobs.view"], "sessionExpiresAt": "",
    }  # fmt: skip
    assert datetime.now(UTC) < datetime.fromisoformat(said["sessionExpiresAt"]) < datetime.now(UTC) + timedelta(days=8)
    connection.execute("DELETE FROM lamplighter.user_role WHERE role = 'night-shift'")
    assert me(api, access_token).json["permissions"] == ["jobs.view"]


def test_me_of_a_token_that_is_no_local_users(api: Api) -> None:
    assert me(api, token("jobs.view", actor="deployer")).json == {
        "userId": None, "name": "deployer", "roles": [], "permissions": ["jobs.view"], "sessionExpiresAt": None,
    }  # fmt: skip


def test_a_change_of_roles_counts_from_the_next_request_on(api: Api, connection: Connection) -> None:
    user_id = add_user(connection)
    headers = bearer(log_in(api).json["accessToken"])
    assert api("GET", "/api/v1/admin/jobs", headers=headers).status == 403
    connection.execute("INSERT INTO lamplighter.user_role VALUES (%s, 'viewer')", (user_id,))
    assert api("GET", "/api/v1/admin/jobs", headers=headers).status == 200


def test_what_a_local_user_changes_is_audited_under_their_name(api: Api, deployed: Connection) -> None:
    add_user(deployed, "ann", "admin")
    headers = bearer(log_in(api).json["accessToken"])
    assert api("POST", "/api/v1/admin/jobs/cleanup/pause", headers=headers).status == 204
    assert audited(deployed)[-1][:3] == ("ann", "cleanup", "jobs.pause")
