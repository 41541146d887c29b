"""Users and roles as PostgreSQL keeps them: one name in any spelling, pages by name, an audit row for each change."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from functions.db import access, oidc_users, roles, users
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.errors import InvalidRole, InvalidUser, NameTaken, RoleExists, RoleIsBuiltin, RoleNotFound, UserNotFound
from tests.integration.holders import audit_of, person, role

ANN = Author(actor="ann", request_id="r-1", reason="because")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("ada", "ada"),
        ("Ada@Example.COM", "ada@example.com"),
        ("Řehoř Š.", "řehoř š."),
        ("Rˇ".replace("ˇ", "\u030c"), "ř"),
        ("ＡＤＡ", "ada"),
        ("o'brien <x>", "o'brien <x>"),
        ("a" * 100, "a" * 100),
    ],
)
def test_a_name_is_kept_in_lower_case_and_one_form(given: str, kept: str) -> None:
    assert users.username(given) == kept
    assert users.username(kept) == kept


@pytest.mark.parametrize("given", ["", " ", " ada", "ada ", "a\tb", "a\nb", "a\x00b", "\ud800", "\u200bada", "a" * 101])
def test_what_cannot_be_typed_or_is_too_long_is_no_name(given: str) -> None:
    with pytest.raises(InvalidUser, match="use 1 to 100 printable characters"):
        users.username(given)


@pytest.mark.parametrize("unseen", ["\u3164", "\u115f", "\u2800", "\u034f", "\ufe0f", "\U000e0101", "\u180b", "\u17b4"])
def test_nobody_is_called_as_somebody_else_but_for_what_cannot_be_seen(unseen: str) -> None:
    for given in (unseen, f"ada{unseen}", f"a{unseen}da"):
        with pytest.raises(InvalidUser, match="use 1 to 100 printable characters"):
            users.username(given)


@pytest.mark.parametrize("given", ["scripts/dev", "Scripts/users of root", "unknown", "MIGRATION"])
def test_nobody_is_called_as_the_audit_calls_who_is_no_user(connection: Connection, given: str) -> None:
    with pytest.raises(InvalidUser, match="our own programs"):
        person(connection, given)
    with pytest.raises(InvalidUser, match="our own programs"), access.changing(connection):
        users.update(connection, ANN, person(connection, "ada"), name=given)


def test_a_name_is_taken_in_every_spelling_and_found_by_each(connection: Connection) -> None:
    ada = person(connection, "Ada")
    with pytest.raises(NameTaken), access.changing(connection):
        users.add(connection, ANN, name="ADA", password_hash=None, role_names=())
    bob = person(connection, "bob")
    with pytest.raises(NameTaken), access.changing(connection):
        users.update(connection, ANN, bob, name="aDa")
    assert users.find(connection, "aDA") == ada
    assert [user.name for user in users.page(connection, limit=9)] == ["ada", "bob"]
    assert audit_of(connection) == []


def test_the_built_in_roles_are_there_with_what_they_permit(connection: Connection) -> None:
    found = {found.name: found for found in roles.page(connection, limit=9)}
    assert {name: found.permissions for name, found in found.items()} == {
        "admin": ["*"],
        "operator": ["audit.view", "jobs.manage", "jobs.view"],
        "viewer": ["jobs.view"],
    }
    assert all(found.is_builtin and found.users == 0 for found in found.values())
    for built_in in found.values():
        with pytest.raises(RoleIsBuiltin), access.changing(connection):
            roles.remove(connection, ANN, built_in)
        with pytest.raises(RoleIsBuiltin), access.changing(connection):
            roles.replace(connection, ANN, built_in, description="", permissions=())


def test_a_user_holds_what_their_roles_permit_together(connection: Connection) -> None:
    role(connection, "auditors", "audit.view", "jobs.view")
    ada = person(connection, "ada", "viewer", "auditors")
    assert (ada.roles, ada.permissions) == (["auditors", "viewer"], ["audit.view", "jobs.view"])
    assert access.held_by(connection, ada.id) == {"audit.view", "jobs.view"}
    with access.changing(connection):
        users.update(connection, ANN, ada, is_disabled=True)
    assert access.held_by(connection, ada.id) == frozenset()
    assert access.held_by(connection, uuid.uuid4()) == frozenset()


def test_every_change_of_a_user_leaves_a_row_that_says_what_changed_and_no_hash(connection: Connection) -> None:
    with access.changing(connection):
        ada = users.add(connection, ANN, name="Ada", password_hash="the hash", role_names=["viewer"])
    with access.changing(connection):
        users.update(connection, ANN, ada, name="ADA", is_disabled=False, role_names=["viewer"])
    assert users.get(connection, ada.id) == ada, "what changes nothing writes nothing"
    with access.changing(connection):
        changed = users.update(connection, ANN, ada, name="ada l.", is_disabled=True, role_names=[])
    with access.changing(connection):
        users.set_password(connection, ANN, changed, "another hash")
    with access.changing(connection):
        users.remove(connection, ANN, changed)
    first = {"user_id": str(ada.id), "name": "ada", "is_disabled": False, "roles": ["viewer"]}
    second = first | {"name": "ada l.", "is_disabled": True, "roles": []}
    assert audit_of(connection) == [
        ("ann", "users.create", None, first),
        ("ann", "users.update", first, second),
        ("ann", "users.set_password", None, {"user_id": str(ada.id), "name": "ada l."}),
        ("ann", "users.delete", second, None),
    ]
    assert connection.execute("SELECT count(*) FROM lamplighter.audit t WHERE t::text LIKE '%hash%'").fetchone() == (0,)
    with pytest.raises(UserNotFound):
        users.get(connection, ada.id)


def test_every_change_of_a_role_leaves_a_row_and_its_end_names_who_had_it(connection: Connection) -> None:
    with access.changing(connection):
        made = roles.add(connection, ANN, name="night", description="d", permissions=["jobs.view"])
    person(connection, "bob", "night")
    person(connection, "ada", "night", "viewer")
    made = roles.get(connection, "night")
    assert made.users == 2
    with access.changing(connection):
        roles.replace(connection, ANN, made, description="d", permissions=["jobs.view", "jobs.view"])
    assert roles.get(connection, "night") == made, "what changes nothing writes nothing"
    with access.changing(connection):
        changed = roles.replace(connection, ANN, made, description="e", permissions=["jobs.pause"])
    with access.changing(connection):
        roles.remove(connection, ANN, changed)
    first = {"role": "night", "description": "d", "permissions": ["jobs.view"]}
    second = first | {"description": "e", "permissions": ["jobs.pause"]}
    assert audit_of(connection) == [
        ("ann", "roles.create", None, first),
        ("ann", "roles.update", first, second),
        ("ann", "roles.delete", second | {"users": ["ada", "bob"]}, None),
    ]
    assert users.find(connection, "ada").roles == ["viewer"]
    assert users.find(connection, "bob").roles == []


def test_a_change_that_fails_leaves_neither_itself_nor_an_audit_row(connection: Connection) -> None:
    ada = person(connection, "ada", "viewer")
    with pytest.raises(InvalidRole, match="nope"), access.changing(connection):
        users.update(connection, ANN, ada, name="eve", role_names=["viewer", "nope"])
    with pytest.raises(InvalidRole, match="nope"), access.changing(connection):
        users.add(connection, ANN, name="bob", password_hash=None, role_names=["nope"])
    with pytest.raises(RoleExists), access.changing(connection):
        roles.add(connection, ANN, name="admin", description="", permissions=())
    assert users.page(connection, limit=9) == [ada]
    assert audit_of(connection) == []


@pytest.mark.parametrize("name", ["", "Night", "night shift", "night\n", "ř", "x" * 51, "a\x00b", ".", ".."])
def test_what_is_no_name_of_a_role_is_refused_and_unknown(connection: Connection, name: str) -> None:
    with pytest.raises(InvalidRole, match="use 1 to 50"), access.changing(connection):
        roles.add(connection, ANN, name=name, description="", permissions=())
    with pytest.raises(RoleNotFound):
        roles.get(connection, name)


def test_pages_go_by_name_without_a_gap_and_search_finds_a_part_of_it(connection: Connection) -> None:
    for number in range(5):
        person(connection, f"User{number}@example.com", *(["viewer"] if number % 2 else []))
    ada = person(connection, "ada_%")
    with access.changing(connection):
        users.update(connection, ANN, ada, is_disabled=True)
    names, after = [], None
    while found := users.page(connection, after=after, limit=2):
        names += [user.name for user in found]
        after = names[-1]
    assert names == ["ada_%", *(f"user{number}@example.com" for number in range(5))]
    assert [user.name for user in users.page(connection, search="SER3@", limit=9)] == ["user3@example.com"]
    assert [user.name for user in users.page(connection, search="_%", limit=9)] == ["ada_%"]
    assert len(users.page(connection, role="viewer", limit=9)) == 2
    assert [user.name for user in users.page(connection, is_disabled=True, limit=9)] == ["ada_%"]
    assert [found.name for found in roles.page(connection, search="PAUSE", limit=9)] == ["operator"]
    assert [found.name for found in roles.page(connection, after="admin", limit=1)] == ["operator"]


def test_postgresql_itself_refuses_a_second_user_of_a_name_and_a_blank_one(connection: Connection) -> None:
    person(connection, "ada")
    add = "INSERT INTO lamplighter.user (name, created_by) VALUES (%s, 'x')"
    for name in ("ada", "", " ada"):
        with pytest.raises(psycopg.errors.IntegrityError):
            connection.execute(add, (name,))


def test_a_name_of_the_issuers_is_nobodys_to_take_and_its_person_nobodys_to_name(connection: Connection) -> None:
    ada = users.add(connection, ANN, name="ada", password_hash=None, role_names=())
    for name in ("oidc:ada (s-1)", "OIDC:ada", "ｏｉｄｃ:ada"):
        with pytest.raises(InvalidUser, match="of people who log in at the OIDC issuer"):
            users.add(connection, ANN, name=name, password_hash=None, role_names=())
        with pytest.raises(InvalidUser, match="of people who log in at the OIDC issuer"):
            users.update(connection, ANN, ada, name=name)
    stored = oidc_users.store(
        connection, Author(actor="oidc:Ada (s-1)"), issuer="https://issuer.example.com", subject="s-1"
    )
    assert stored is not None
    theirs = users.get(connection, stored.id)
    for refused in (
        lambda: users.update(connection, ANN, theirs, name="ada2"),
        lambda: users.set_password(connection, ANN, theirs, "a hash"),
    ):
        with pytest.raises(InvalidUser, match="logs in at the OIDC issuer"):
            refused()
    assert users.find(connection, "oidc:Ada (s-1)") == theirs
    assert users.page(connection, search="Ada (S", limit=9) == [theirs]
    changed = users.update(connection, ANN, theirs, name=theirs.name, is_disabled=True, role_names=("viewer",))
    assert (changed.name, changed.is_disabled, changed.roles) == ("oidc:Ada (s-1)", True, ["viewer"])
