"""Users, roles and one's own account: made, changed, refused, deleted; nothing typed is lost."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest

from functions.db import roles, users
from functions.db.connection import Connection
from tests.integration import people
from tests.integration.admin_api.logins import PASSWORD, add_user
from tests.integration.admin_api.pages.browser import Browser

EVIL = "<script>alert(1)</script>"
NEW = "a few words nobody guesses"


def user_id(connection: Connection, name: str) -> uuid.UUID:
    return users.find(connection, name).id


@pytest.fixture
def manager(browser_of: Callable[..., Browser], connection: Connection) -> Browser:
    """Somebody who may manage users and roles, and see jobs, and no more."""
    people.role(connection, "manager", "users.manage", "roles.manage", "jobs.view")
    return browser_of("maud", "manager")


def test_a_user_is_made_with_a_password_that_was_typed(ada: Browser, connection: Connection) -> None:
    answer = ada.post("/admin/users/new", {"name": "Grace", "roles": ["viewer", "operator"], "password": NEW})
    found = users.find(connection, "grace")
    assert (answer.status, answer.location) == (303, f"/admin/users/{found.id}?done=user_made")
    assert found.roles == ["operator", "viewer"]
    assert Browser(ada.app).log_in("grace", NEW).get("/admin").status == 200


def test_a_password_that_is_made_is_shown_once_and_works(ada: Browser, connection: Connection) -> None:
    answer = ada.post("/admin/users/new", {"name": "grace", "isMade": "true"})
    made = re.search(r'class="secret mono">([a-z-]+)<', answer.body)
    assert made is not None
    assert Browser(ada.app).log_in("grace", made[1]).get("/admin/account").status == 200
    assert made[1] not in ada.get(f"/admin/users/{user_id(connection, 'grace')}").body
    assert made[1] not in str(connection.execute("SELECT * FROM lamplighter.audit").fetchall())


def test_a_refused_user_keeps_what_was_typed_but_the_password(ada: Browser) -> None:
    answer = ada.post("/admin/users/new", {"name": "ada", "roles": ["viewer"], "password": NEW})
    assert answer.status == 409
    assert 'name="name" value="ada"' in answer.body
    assert re.search(r'value="viewer" checked', answer.body)
    assert answer.body.count(" checked") == 1
    assert NEW not in answer.body
    weak = ada.post("/admin/users/new", {"name": EVIL, "password": "short"})
    assert weak.status == 400
    assert EVIL not in weak.body
    assert "short" not in weak.body


def test_a_user_is_changed_only_as_seen(ada: Browser, connection: Connection) -> None:
    grace = people.user(connection, "grace", "viewer")
    etag = ada.get(f"/admin/users/{grace}").hidden("etag")
    changed = {"name": "grace", "roles": ["operator"], "isDisabled": "true", "etag": etag}
    assert ada.post(f"/admin/users/{grace}", changed).location == f"/admin/users/{grace}?done=user_changed"
    found = users.get(connection, grace)
    assert (found.roles, found.is_disabled) == (["operator"], True)
    again = ada.post(f"/admin/users/{grace}", {**changed, "name": "grace hopper", "roles": []})
    assert again.status == 412
    assert "What you typed is kept" in again.text
    assert 'name="name" value="grace hopper"' in again.body
    assert users.get(connection, grace).roles == ["operator"]
    fresh = {"name": "grace hopper", "etag": again.hidden("etag")}
    assert ada.post(f"/admin/users/{grace}", fresh).status == 303
    found = users.get(connection, grace)
    assert (found.name, found.roles, found.is_disabled) == ("grace hopper", [], False)


def test_the_last_who_may_do_everything_stays(ada: Browser, connection: Connection) -> None:
    path = f"/admin/users/{user_id(connection, 'ada')}"
    answer = ada.post(path, {"name": "ada", "roles": ["viewer"], "etag": ada.get(path).hidden("etag")})
    assert answer.status == 409
    assert "Nobody would be left" in answer.text
    assert re.search(r'value="viewer" checked', answer.body)
    deleted = ada.post(f"{path}/delete", {"etag": ada.get(f"{path}/delete").hidden("etag")})
    assert deleted.status == 409
    assert "Nobody would be left" in deleted.text


def test_a_user_is_deleted_after_a_question(ada: Browser, connection: Connection) -> None:
    grace = people.user(connection, "grace", "viewer")
    asked = ada.get(f"/admin/users/{grace}/delete")
    assert "Delete grace" in asked.text
    assert (
        ada.post(f"/admin/users/{grace}/delete", {"etag": asked.hidden("etag")}).location
        == "/admin/users?done=user_deleted"
    )
    assert ada.get(f"/admin/users/{grace}").status == 404


def test_somebody_elses_password_is_set(ada: Browser, connection: Connection) -> None:
    grace = add_user(connection, "grace", "viewer")
    etag = ada.get(f"/admin/users/{grace}").hidden("etag")
    refused = ada.post(f"/admin/users/{grace}/password", {"password": "short", "etag": etag})
    assert refused.status == 400
    assert re.search(r'value="viewer" checked', refused.body)
    assert ada.post(f"/admin/users/{grace}/password", {"password": NEW, "etag": etag}).status == 303
    assert Browser(ada.app).log_in("grace", NEW).cookies


def test_what_one_does_not_hold_cannot_be_given_and_the_form_says_why(manager: Browser, connection: Connection) -> None:
    shown = manager.get("/admin/users/new")
    assert re.search(r'value="admin" disabled', shown.body)
    assert "You cannot give it: it needs *, which you do not hold." in shown.text
    refused = manager.post("/admin/users/new", {"name": "eve", "roles": ["admin"], "password": NEW})
    assert refused.status == 403
    assert 'value="eve"' in refused.body
    root = people.user(connection, "root", "admin")
    untouchable = manager.get(f"/admin/users/{root}")
    assert "They hold what you do not: *." in untouchable.text
    assert '<button class="primary">Save' not in untouchable.body
    assert manager.post(f"/admin/users/{root}", {"name": "root", "etag": untouchable.hidden("etag")}).status == 403


def test_the_list_of_users_is_searched_and_escaped(ada: Browser, connection: Connection) -> None:
    people.user(connection, EVIL, "viewer")
    people.user(connection, "bob", is_disabled=True)
    shown = ada.get("/admin/users")
    assert EVIL not in shown.body
    assert "&lt;script&gt;alert(1)&lt;/script&gt;</a>" in shown.body
    assert "may not log in" in ada.get("/admin/users?isDisabled=true&search=&role=").text
    assert "No user is like that." in ada.get("/admin/users?role=operator").text
    assert ">ada</a>" in ada.get("/admin/users?search=AD").body


def test_a_role_is_made_changed_and_deleted(ada: Browser, connection: Connection) -> None:
    made = ada.post(
        "/admin/roles/new", {"name": "night", "description": EVIL, "permissions": ["jobs.view", "jobs.pause"]}
    )
    assert made.location == "/admin/roles/night?done=role_made"
    people.user(connection, "grace", "night")
    shown = ada.get("/admin/roles/night")
    assert EVIL not in shown.body
    assert ">grace</a>" in shown.part("main")
    assert shown.body.count(" checked") == 2
    changed = {"permissions": ["jobs.view"], "etag": shown.hidden("etag")}
    assert ada.post("/admin/roles/night", changed).location == "/admin/roles/night?done=role_changed"
    assert roles.get(connection, "night").permissions == ["jobs.view"]
    stale = ada.post("/admin/roles/night", {**changed, "description": "mine"})
    assert stale.status == 412
    assert 'name="description" value="mine"' in stale.body
    asked = ada.get("/admin/roles/night/delete")
    assert "1 user has this role" in asked.text
    assert (
        ada.post("/admin/roles/night/delete", {"etag": asked.hidden("etag")}).location
        == "/admin/roles?done=role_deleted"
    )


def test_a_refused_role_keeps_what_was_typed(ada: Browser) -> None:
    answer = ada.post("/admin/roles/new", {"name": "viewer", "description": "x y", "permissions": ["audit.view"]})
    assert answer.status == 409
    assert 'value="x y"' in answer.body
    assert re.search(r'value="audit.view" checked', answer.body)


def test_permissions_one_does_not_hold_are_disabled_and_refused(manager: Browser) -> None:
    shown = manager.get("/admin/roles/new")
    assert re.search(r'value="\*" disabled', shown.body)
    assert re.search(r'value="jobs.view">', shown.body)
    assert "you do not hold it, so you cannot give it" in shown.text
    assert manager.post("/admin/roles/new", {"name": "all", "permissions": ["*"]}).status == 403


def test_built_in_roles_are_marked_and_stay(ada: Browser) -> None:
    shown = ada.get("/admin/roles/viewer")
    assert "Built in" in shown.text
    assert "/delete" not in shown.body
    asked = ada.get("/admin/roles/viewer/delete")
    refused = ada.post("/admin/roles/viewer/delete", {"etag": asked.hidden("etag")})
    assert refused.status == 409
    assert "built in" in refused.text


def test_everybody_sees_roles_and_nobody_else_who_has_them(browser_of: Callable[..., Browser]) -> None:
    vera = browser_of("vera", "viewer")
    assert vera.get("/admin/roles").status == 200
    shown = vera.get("/admin/roles/viewer")
    assert "vera</a>" not in shown.part("main")
    assert "only who may manage users sees" in shown.text
    for path in ("/users", "/users/new", "/roles/new", "/roles/viewer/delete", f"/users/{uuid.uuid4()}"):
        assert vera.get(f"/admin{path}").status == 403, path
    for path in ("/users/new", "/roles/new", "/roles/viewer", "/roles/viewer/delete", f"/users/{uuid.uuid4()}"):
        assert vera.post(f"/admin{path}", {"name": "x", "etag": '"x"'}).status == 403, path


def test_everybody_changes_their_own_password(browser_of: Callable[..., Browser]) -> None:
    vera = browser_of("vera", "viewer")
    assert "What you may do" in vera.get("/admin/account").text
    wrong = vera.post("/admin/account/password", {"current": "not it at all", "password": NEW})
    assert wrong.status == 403
    assert "The current password is not the one you have." in wrong.text
    assert "not it at all" not in wrong.body
    done = vera.post("/admin/account/password", {"current": PASSWORD, "password": NEW})
    assert done.location == "/admin/account?done=own_password_set"
    assert vera.get("/admin/account").status == 200
    assert Browser(vera.app).log_in("vera", NEW).cookies
