"""/roles and /permissions: what there is to give, and roles made, changed and deleted by who may."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib import permissions
from functions.db import users
from functions.db.connection import Connection
from tests.integration.admin_api.api import ACTOR, BASE, Api, token
from tests.integration.admin_api.cases import assert_limited, assert_needs, assert_needs_a_token, audited
from tests.integration.holders import person, role


@pytest.mark.parametrize(("method", "path"), [("POST", "/roles"), ("PUT", "/roles/night"), ("DELETE", "/roles/night")])
def test_a_change_needs_a_token_that_permits_it(api: Api, method: str, path: str) -> None:
    assert_needs_a_token(api, method, path)
    assert_needs("roles.manage", api, method, path)


@pytest.mark.parametrize("path", ["/roles", "/roles/admin", "/permissions"])
def test_whoever_is_logged_in_sees_what_there_is(api: Api, path: str) -> None:
    assert_needs_a_token(api, "GET", path)
    assert api("GET", BASE + path, permissions=()).status == 200


def test_changes_are_counted_and_refused_beyond_the_limit(api: Api, connection: Connection) -> None:
    assert_limited(api, connection, "POST", "/roles", json_body={"name": "night", "permissions": []})


def test_a_role_is_made_shown_changed_and_deleted(api: Api, connection: Connection) -> None:
    answer = api("POST", f"{BASE}/roles", json_body={"name": "night", "permissions": ["jobs.view", "jobs.pause"]})
    assert (answer.status, answer.headers["Location"]) == (201, f"/prod{BASE}/roles/night")
    person(connection, "ada", "night")
    shown = api("GET", f"{BASE}/roles/night").json
    assert all(shown.pop(name).endswith("+00:00") for name in ("createdAt", "updatedAt"))
    assert shown == {
        "name": "night",
        "description": "",
        "isBuiltin": False,
        "permissions": ["jobs.pause", "jobs.view"],
        "users": 1,
        "createdBy": ACTOR,
    }
    body = {"permissions": ["jobs.view"], "description": "looks on"}
    assert api("PUT", f"{BASE}/roles/night", json_body=body).status == 204
    assert users.find(connection, "ada").permissions == ["jobs.view"]
    assert api("GET", f"{BASE}/roles?search=LOOKS").json["roles"][0]["description"] == "looks on"
    assert api("DELETE", f"{BASE}/roles/night").status == 204
    assert users.find(connection, "ada").roles == []
    for method in ("GET", "DELETE"):
        assert api(method, f"{BASE}/roles/night").code == "roles_not_found"
    assert [row[2] for row in audited(connection) if row[0] == ACTOR] == [
        "roles.create",
        "roles.update",
        "roles.delete",
    ]


@pytest.mark.parametrize("name", ["admin", "operator", "viewer"])
def test_a_built_in_role_stays_as_it_is(api: Api, name: str) -> None:
    before = api("GET", f"{BASE}/roles/{name}").json
    for answer in (
        api("PUT", f"{BASE}/roles/{name}", json_body={"permissions": []}),
        api("DELETE", f"{BASE}/roles/{name}"),
    ):
        assert (answer.status, answer.code) == (409, "roles_builtin")
    assert api("GET", f"{BASE}/roles/{name}").json == before
    assert before["isBuiltin"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": "night"}, "validation_failed"),
        ({"permissions": []}, "validation_failed"),
        ({"name": "Night", "permissions": []}, "validation_failed"),
        ({"name": "night\n", "permissions": []}, "roles_invalid"),
        ({"name": "night", "permissions": ["jobs.nope"]}, "roles_invalid"),
        ({"name": "night", "permissions": ["jobs.*"]}, "roles_invalid"),
        ({"name": "night", "permissions": [""]}, "validation_failed"),
        ({"name": "night", "permissions": "*"}, "validation_failed"),
        ({"name": "night", "permissions": [], "description": "x" * 501}, "validation_failed"),
        ({"name": "night", "permissions": [], "isBuiltin": True}, "validation_failed"),
    ],
)
def test_what_cannot_be_a_role_is_refused(api: Api, connection: Connection, body: dict[str, Any], code: str) -> None:
    answer = api("POST", f"{BASE}/roles", json_body=body)
    assert (answer.status, answer.code) == (400, code)
    assert audited(connection) == []


def test_a_name_is_taken_once(api: Api) -> None:
    answer = api("POST", f"{BASE}/roles", json_body={"name": "admin", "permissions": []})
    assert (answer.status, answer.code) == (409, "roles_name_taken")


@pytest.mark.parametrize("name", ["nope", "%00", "%FF", "Admin", "admin%0A", "a%2Fb", "x" * 300])
def test_what_is_no_role_is_not_found(api: Api, name: str) -> None:
    for method, body in (("GET", None), ("PUT", {"permissions": []}), ("DELETE", None)):
        answer = api(method, f"{BASE}/roles/{name}", json_body=body)
        assert (answer.status, answer.code) == (404, "roles_not_found")


def test_only_what_was_seen_is_changed(api: Api, connection: Connection) -> None:
    role(connection, "night", "jobs.view")
    path = f"{BASE}/roles/night"
    stale = {"Authorization": f"Bearer {token('*')}", "If-Match": api("GET", path).headers["ETag"]}
    person(connection, "ada", "night")
    changed = api("PUT", path, headers=stale, json_body={"permissions": ["jobs.pause"]})
    assert changed.status == 204, "somebody who is given the role is no collision"
    for method, body in (("PUT", {"permissions": []}), ("DELETE", None)):
        answer = api(method, path, headers=stale, json_body=body)
        assert (answer.status, answer.code) == (412, "precondition_failed")
    assert api("DELETE", path, headers=stale | {"If-Match": changed.headers["ETag"]}).status == 204


def test_nobody_gives_or_takes_what_they_do_not_hold(api: Api, connection: Connection) -> None:
    role(connection, "auditors", "audit.view")
    held = ("roles.manage", "jobs.manage")
    attempts = [
        api("POST", f"{BASE}/roles", permissions=held, json_body={"name": "n", "permissions": ["*"]}),
        api("PUT", f"{BASE}/roles/auditors", permissions=held, json_body={"permissions": []}),
        api("DELETE", f"{BASE}/roles/auditors", permissions=held),
    ]
    for answer in attempts:
        assert (answer.status, answer.code) == (403, "auth_beyond_own_permissions")
    implied = {"name": "n", "permissions": ["jobs.pause", "jobs.trigger"]}
    assert api("POST", f"{BASE}/roles", permissions=held, json_body=implied).status == 201


def test_the_last_way_to_everything_stays(api: Api, connection: Connection) -> None:
    person(connection, "last", role(connection, "owners", "*"))
    for answer in (
        api("PUT", f"{BASE}/roles/owners", json_body={"permissions": ["jobs.view"]}),
        api("DELETE", f"{BASE}/roles/owners"),
    ):
        assert (answer.status, answer.code) == (409, "users_last_administrator")


def test_every_permission_is_listed_with_what_implies_it(api: Api) -> None:
    listed = {each["name"]: each for each in api("GET", f"{BASE}/permissions").json["permissions"]}
    assert {name: each["description"] for name, each in listed.items()} == permissions.DESCRIPTIONS
    implied = {name: each["impliedBy"] for name, each in listed.items() if each["impliedBy"]}
    assert implied == {name: ["jobs.manage"] for name in ("jobs.trigger", "jobs.pause", "jobs.delete")}


def test_pages_lead_to_every_role_once(api: Api) -> None:
    first = api("GET", f"{BASE}/roles?limit=2").json
    rest = api("GET", f"{BASE}/roles?limit=2&cursor={first['nextCursor']}").json
    assert [each["name"] for each in first["roles"] + rest["roles"]] == ["admin", "operator", "viewer"]
    assert rest["nextCursor"] is None
