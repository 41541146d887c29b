"""/users: made, found, changed and deleted by who may, and never past what they hold."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from chalicelib import passwords
from functions.db import users
from functions.db.connection import Connection
from tests.integration.admin_api.api import ACTOR, BASE, Api, token
from tests.integration.admin_api.cases import assert_limited, assert_needs, assert_needs_a_token, audited
from tests.integration.admin_api.logins import add_user, bearer, log_in, me
from tests.integration.holders import audit_of, person, role

PASSWORD = "correct horse battery staple"
ANOTHER = "nine words nobody would expect to find here together"
MANAGER = ("users.manage", "jobs.view")


def made(api: Api, name: str = "ada", **fields: Any) -> str:
    """The path of a user that was made over HTTP."""
    answer = api("POST", f"{BASE}/users", json_body={"name": name, **fields})
    assert answer.status == 201
    return answer.headers["Location"].removeprefix("/prod")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users"),
        ("POST", "/users"),
        ("GET", f"/users/{uuid.UUID(int=1)}"),
        ("PATCH", f"/users/{uuid.UUID(int=2)}"),
        ("DELETE", f"/users/{uuid.UUID(int=3)}"),
    ],
)
def test_it_needs_a_token_that_permits_it(api: Api, method: str, path: str) -> None:
    assert_needs_a_token(api, method, path)
    assert_needs("users.manage", api, method, path)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_who_is_not_there_is_not_found(api: Api, method: str) -> None:
    for user_id in (str(uuid.uuid4()), "1", "ada", "%00", "%7B%7D", "a" * 300):
        body = {"isDisabled": True} if method == "PATCH" else None
        answer = api(method, f"{BASE}/users/{user_id}", json_body=body)
        assert (answer.status, answer.code) == (404, "users_not_found")


def test_changes_are_counted_and_refused_beyond_the_limit(api: Api, connection: Connection) -> None:
    assert_limited(api, connection, "POST", "/users", json_body={"name": "ada"})


def test_a_user_is_made_shown_changed_and_deleted(api: Api, connection: Connection) -> None:
    path = made(api, "Ada@Example.com", password=PASSWORD, roles=["viewer", "operator", "viewer"])
    shown = api("GET", path).json
    instants = {name: shown.pop(name) for name in ("createdAt", "updatedAt", "passwordSetAt")}
    assert all(each.endswith("+00:00") for each in instants.values())
    assert shown == {
        "id": path.rpartition("/")[2],
        "name": "ada@example.com",
        "isDisabled": False,
        "hasPassword": True,
        "roles": ["operator", "viewer"],
        "permissions": ["audit.view", "jobs.manage", "jobs.view"],
        "createdBy": ACTOR,
    }
    assert api("PATCH", path, json_body={"name": "ada", "isDisabled": True, "roles": []}).status == 204
    changed = api("GET", path).json
    assert (changed["name"], changed["isDisabled"], changed["roles"]) == ("ada", True, [])
    assert api("DELETE", path).status == 204
    assert api("GET", path).code == api("DELETE", path).code == "users_not_found"
    actions = ["users.create", "users.update", "users.delete"]
    assert [(row[0], row[2]) for row in audited(connection)] == [(ACTOR, action) for action in actions]


def test_no_answer_and_no_audit_row_has_the_password_or_its_hash(api: Api, connection: Connection) -> None:
    path = made(api, password=PASSWORD)
    assert api("PUT", f"{path}/password", json_body={"password": "another long password"}).status == 204
    stored = users.password_hash(connection, uuid.UUID(path.rpartition("/")[2]))
    assert passwords.verify(stored, "another long password")
    for text in (api("GET", path).body, api("GET", f"{BASE}/users").body, str(audit_of(connection))):
        assert "argon2" not in text
        assert "password" not in text.replace("set_password", "").replace("hasPassword", "").replace("passwordS", "")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "validation_failed"),
        ({"name": ""}, "validation_failed"),
        ({"name": " ada"}, "users_invalid"),
        ({"name": "a\u200bda"}, "users_invalid"),
        ({"name": "x" * 101}, "validation_failed"),
        ({"name": 1}, "validation_failed"),
        ({"name": "ada", "password": "short"}, "validation_failed"),
        ({"name": "ada", "password": "x" * 1001}, "validation_failed"),
        ({"name": "ada.lovelace.x", "password": "ada.lovelace.x"}, "users_invalid"),
        ({"name": "ada", "password": "passwordpassword"}, "users_invalid"),
        ({"name": "ada", "roles": ["nope"]}, "roles_invalid"),
        ({"name": "ada", "roles": ["No Role"]}, "validation_failed"),
        ({"name": "ada", "roles": "viewer"}, "validation_failed"),
        ({"name": "ada", "passwordHash": "x"}, "validation_failed"),
        ({"name": "ada", "isDisabled": True}, "validation_failed"),
    ],
)
def test_what_cannot_be_a_user_is_refused_and_no_message_shows_a_password(
    api: Api, connection: Connection, body: dict[str, Any], code: str
) -> None:
    answer = api("POST", f"{BASE}/users", json_body=body)
    assert (answer.status, answer.code) == (400, code)
    assert body.get("password") is None or body["password"] == body["name"] or body["password"] not in answer.body
    assert audited(connection) == []


def test_a_name_is_taken_once_in_any_case(api: Api) -> None:
    made(api, "ada")
    bob = made(api, "bob")
    for answer in (
        api("POST", f"{BASE}/users", json_body={"name": "ADA"}),
        api("PATCH", bob, json_body={"name": "Ada"}),
    ):
        assert (answer.status, answer.code) == (409, "users_name_taken")
    assert api("PATCH", bob, json_body={"name": "BOB"}).status == 204


def test_only_what_was_seen_is_changed(api: Api) -> None:
    path = made(api, "ada")
    seen = api("GET", path).headers["ETag"]
    assert api("PATCH", path, headers=with_match(seen), json_body={"name": "ada l."}).status == 204
    for method, rest, body in (
        ("PATCH", "", {"name": "eve"}),
        ("PUT", "/password", {"password": PASSWORD}),
        ("DELETE", "", None),
    ):
        answer = api(method, path + rest, headers=with_match(seen), json_body=body)
        assert (answer.status, answer.code) == (412, "precondition_failed")
    assert api("GET", path).json["name"] == "ada l."
    now = api("GET", path).headers["ETag"]
    changed = api("PATCH", path, headers=with_match(now), json_body={"roles": ["viewer"]})
    assert changed.headers["ETag"] == api("GET", path).headers["ETag"] != now
    assert api("DELETE", path, headers=with_match(changed.headers["ETag"])).status == 204


def with_match(etag: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token('*')}", "If-Match": etag}


def test_pages_lead_to_every_user_once_and_filters_to_some(api: Api, connection: Connection) -> None:
    for number in range(5):
        person(connection, f"user{number}", *(["viewer"] if number == 3 else []))
    names, path = [], f"{BASE}/users?limit=2"
    while path:
        page = api("GET", path).json
        names += [user["name"] for user in page["users"]]
        path = f"{BASE}/users?limit=2&cursor={page['nextCursor']}" if page["nextCursor"] else ""
    assert names == [f"user{number}" for number in range(5)]
    for query, found in (
        ("search=ER3", ["user3"]),
        ("role=viewer", ["user3"]),
        ("role=nobodys", []),
        ("isDisabled=true", []),
        ("isDisabled=false&search=4", ["user4"]),
    ):
        assert [user["name"] for user in api("GET", f"{BASE}/users?{query}").json["users"]] == found
    for query in ("limit=0", "limit=201", "cursor=x", "cursor=W251bGxd", "cursor=WyJcdTAwMDAiXQ", "disabled=true"):
        assert api("GET", f"{BASE}/users?{query}").code == "validation_failed"


def test_nobody_gives_or_touches_more_than_they_hold(api: Api, connection: Connection) -> None:
    boss = person(connection, "boss", "operator")
    role(connection, "managers", *MANAGER)
    attempts = [
        api("POST", f"{BASE}/users", permissions=MANAGER, json_body={"name": "eve", "roles": ["admin"]}),
        api("PATCH", f"{BASE}/users/{boss.id}", permissions=MANAGER, json_body={"isDisabled": True}),
        api("PUT", f"{BASE}/users/{boss.id}/password", permissions=MANAGER, json_body={"password": PASSWORD}),
        api("DELETE", f"{BASE}/users/{boss.id}", permissions=MANAGER),
    ]
    for answer in attempts:
        assert (answer.status, answer.code) == (403, "auth_beyond_own_permissions")
    assert "audit.view, jobs.manage" in attempts[1].json["detail"]
    assert users.get(connection, boss.id) == boss
    assert (
        api("POST", f"{BASE}/users", permissions=MANAGER, json_body={"name": "eve", "roles": ["managers"]}).status
        == 201
    )


def test_the_last_who_holds_everything_stays(api: Api, connection: Connection) -> None:
    last = person(connection, "last", "admin")
    for answer in (
        api("DELETE", f"{BASE}/users/{last.id}"),
        api("PATCH", f"{BASE}/users/{last.id}", json_body={"isDisabled": True}),
        api("PATCH", f"{BASE}/users/{last.id}", json_body={"roles": ["viewer"]}),
    ):
        assert (answer.status, answer.code) == (409, "users_last_administrator")
    assert api("PATCH", f"{BASE}/users/{last.id}", json_body={"name": "still there"}).status == 204


def test_somebody_elses_password_is_set_by_who_manages_users_and_nobody_else(api: Api, connection: Connection) -> None:
    ada = person(connection, "ada", "viewer")
    path = f"{BASE}/users/{ada.id}/password"
    answer = api("PUT", path, permissions=("jobs.view", "roles.manage"), json_body={"password": PASSWORD})
    assert (answer.status, answer.code) == (403, "auth_insufficient_permissions")
    assert api("PUT", path, permissions=MANAGER, json_body={}).code == "validation_failed"
    assert api("PUT", path, permissions=MANAGER, json_body={"password": "ada ada ada ada"}).code == "users_invalid"
    assert api("PUT", path, permissions=MANAGER, json_body={"password": PASSWORD}).status == 204
    missing = api("PUT", f"{BASE}/users/{uuid.uuid4()}/password", permissions=MANAGER, json_body={"password": PASSWORD})
    assert (missing.status, missing.code) == (404, "users_not_found")
    assert [row[1] for row in audit_of(connection)] == ["users.set_password"]


def test_everybody_changes_their_own_password_with_the_one_they_have(api: Api, connection: Connection) -> None:
    path = f"{BASE}/users/{add_user(connection, 'ada')}/password"
    here, elsewhere = (log_in(api, "ada").json["accessToken"] for _ in range(2))
    for current in ({}, {"current": ""}, {"current": "not this one"}):
        answer = api("PUT", path, headers=bearer(here), json_body={"password": ANOTHER, **current})
        assert (answer.status, answer.code) == (403, "users_password_wrong")
    assert api("PUT", path, headers=bearer(here), json_body={"password": ANOTHER, "current": PASSWORD}).status == 204
    assert me(api, here).status == 200
    assert me(api, elsewhere).code == "auth_not_authenticated"
    assert log_in(api, "ada").code == "auth_login_failed"
    assert log_in(api, "ADA", ANOTHER).status == 200


def test_an_administrator_too_needs_the_current_password_for_their_own(api: Api, connection: Connection) -> None:
    path = f"{BASE}/users/{add_user(connection, 'root', 'admin')}/password"
    headers = bearer(log_in(api, "root").json["accessToken"])
    assert api("PUT", path, headers=headers, json_body={"password": ANOTHER}).code == "users_password_wrong"


def test_guessing_the_current_password_gets_slower_as_it_does_at_the_login(api: Api, connection: Connection) -> None:
    path = f"{BASE}/users/{add_user(connection, 'ada')}/password"
    headers = bearer(log_in(api, "ada").json["accessToken"])
    codes = [
        api("PUT", path, headers=headers, json_body={"password": ANOTHER, "current": f"guess {number}"}).code
        for number in range(8)
    ]
    assert codes[:5] == ["users_password_wrong"] * 5
    assert "auth_too_many_attempts" in codes[5:]


def test_guessing_the_current_password_from_many_addresses_is_no_quicker_than_at_the_login(
    api: Api, connection: Connection
) -> None:
    path = f"{BASE}/users/{add_user(connection, 'ada')}/password"
    headers = bearer(log_in(api, "ada").json["accessToken"])
    codes = [
        api(
            "PUT", path, headers=headers, json_body={"password": ANOTHER, "current": f"guess {number}"},
            source_ip=f"203.0.113.{number}",
        ).code
        for number in range(8)
    ]  # fmt: skip
    assert "auth_too_many_attempts" in codes[5:]
    assert log_in(api, "ada", source_ip="203.0.113.99").code == "auth_too_many_attempts"


def test_a_user_without_permissions_touches_nobody_else(api: Api, connection: Connection) -> None:
    other = add_user(connection, "bob")
    add_user(connection, "ada", "operator")
    headers = bearer(log_in(api, "ada").json["accessToken"])
    answer = api("PUT", f"{BASE}/users/{other}/password", headers=headers, json_body={"password": ANOTHER})
    assert (answer.status, answer.code) == (403, "auth_insufficient_permissions")


def test_what_changes_a_user_ends_their_sessions_at_once(api: Api, connection: Connection) -> None:
    root, ada = add_user(connection, "root", "admin"), add_user(connection, "ada", "viewer")
    headers = bearer(log_in(api, "root").json["accessToken"])
    path = f"{BASE}/users/{ada}"
    for method, rest, body in (
        ("PATCH", "", {"roles": ["operator"]}),
        ("PUT", "/password", {"password": PASSWORD}),
        ("PATCH", "", {"isDisabled": True}),
    ):
        of_ada = log_in(api, "ada").json["accessToken"]
        assert api(method, path + rest, headers=headers, json_body=body).status == 204
        assert me(api, of_ada).code == "auth_not_authenticated"
    assert log_in(api, "ada").code == "auth_login_failed"
    assert api("PATCH", f"{BASE}/users/{root}", headers=headers, json_body={"name": "boss"}).status == 204
    assert me(api, headers["Authorization"].removeprefix("Bearer ")).json["name"] == "boss"


def test_a_role_that_permits_less_counts_from_the_next_request_on(api: Api, connection: Connection) -> None:
    person(connection, "boss", "admin")
    role(connection, "managers", *MANAGER)
    add_user(connection, "ada", "managers")
    headers = bearer(log_in(api, "ada").json["accessToken"])
    assert api("GET", f"{BASE}/users", headers=headers).status == 200
    assert api("PUT", f"{BASE}/roles/managers", json_body={"permissions": ["jobs.view"]}).status == 204
    assert api("GET", f"{BASE}/users", headers=headers).status == 403
