"""Nobody gives or touches more than they hold, and somebody who may do everything is always left: also in a race."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product

import pytest

from chalicelib import passwords
from chalicelib.callers import Caller
from chalicelib.refusals import BeyondOwnPermissions, PasswordWrong
from chalicelib.services import roles as role_service
from chalicelib.services import users as user_service
from functions.db import access, oidc_users, roles, sessions, users
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.db.users import UserRow
from functions.errors import InvalidRole, InvalidUser, LastAdministrator
from tests.integration.holders import acting, audit_of, deployment_token, log_in, person, role
from tests.integration.waiting import until_waiting

PASSWORD = "correct horse battery staple"


def seen(_: object) -> None:
    """If-Match was not sent."""


def change(
    connection: Connection,
    caller: Caller,
    user: UserRow,
    *,
    name: str | None = None,
    is_disabled: bool | None = None,
    roles: list[str] | None = None,
) -> UserRow:
    return user_service.update(
        connection, caller, user.id, name=name, is_disabled=is_disabled, role_names=roles, unchanged=seen
    )


def reset(connection: Connection, caller: Caller, user: UserRow) -> None:
    user_service.reset_password(connection, caller, user.id, password=PASSWORD, unchanged=seen)


def permit(connection: Connection, caller: Caller, name: str, *permissions: str) -> None:
    role_service.replace(connection, caller, name, description="", permissions=permissions, unchanged=seen)


def create(connection: Connection, caller: Caller, *role_names: str) -> UserRow:
    return user_service.create(connection, caller, name="new", password=None, role_names=role_names)


# What somebody may do to a user who holds more than they do.
TOUCHES: dict[str, Callable[[Connection, Caller, UserRow], object]] = {
    "rename": lambda connection, caller, user: change(connection, caller, user, name="eve"),
    "disable": lambda connection, caller, user: change(connection, caller, user, is_disabled=True),
    "take roles": lambda connection, caller, user: change(connection, caller, user, roles=[]),
    "reset the password": reset,
    "delete": lambda connection, caller, user: user_service.delete(connection, caller, user.id, unchanged=seen),
}
MANAGER = ("users.manage", "roles.manage", "jobs.view")


@pytest.mark.parametrize("is_local", [True, False], ids=["a local user", "a token"])
@pytest.mark.parametrize("touch", TOUCHES)
def test_nobody_touches_who_holds_more_than_they_do(connection: Connection, touch: str, is_local: bool) -> None:
    role(connection, "managers", *MANAGER)
    role(connection, "pausers", "jobs.pause")
    caller = acting(person(connection, "manager", "managers")) if is_local else deployment_token(*MANAGER)
    person(connection, "root", "admin")
    for name, held in (("boss", "admin"), ("pauser", "pausers"), ("both", "operator")):
        user = person(connection, name, held)
        with pytest.raises(BeyondOwnPermissions):
            TOUCHES[touch](connection, caller, user)
        assert users.get(connection, user.id) == user
    assert audit_of(connection) == []
    equal = person(connection, "equal", "managers", "viewer")
    TOUCHES[touch](connection, caller, equal)
    assert len(audit_of(connection)) == 1


@pytest.mark.parametrize("is_local", [True, False], ids=["a local user", "a token"])
def test_nobody_gives_what_they_do_not_hold(connection: Connection, is_local: bool) -> None:
    role(connection, "managers", *MANAGER, "jobs.manage")
    role(connection, "pausers", "jobs.pause")
    held = (*MANAGER, "jobs.manage")
    caller = acting(person(connection, "manager", "managers")) if is_local else deployment_token(*held)
    somebody = person(connection, "somebody", "viewer")
    refused: list[Callable[[], object]] = [
        lambda: create(connection, caller, "admin"),
        lambda: create(connection, caller, "viewer", "operator"),
        lambda: change(connection, caller, somebody, roles=["viewer", "admin"]),
        lambda: permit(connection, caller, "pausers", "jobs.pause", "audit.view"),
        lambda: permit(connection, caller, "pausers", "*"),
        lambda: permit(connection, caller, "managers", *held, "*"),
        lambda: role_service.create(connection, caller, name="n", description="", permissions=["*"]),
        lambda: role_service.create(connection, caller, name="n", description="", permissions=["audit.view"]),
    ]
    for attempt in refused:
        with pytest.raises(BeyondOwnPermissions):
            attempt()
    assert audit_of(connection) == []
    # What jobs.manage implies is held by who holds it.
    assert change(connection, caller, somebody, roles=["viewer", "pausers"]).permissions == ["jobs.pause", "jobs.view"]
    permit(connection, caller, "pausers", "jobs.pause", "jobs.delete")
    assert create(connection, caller, "managers").roles == ["managers"]


def test_a_role_that_permits_more_than_one_holds_is_neither_changed_nor_deleted(connection: Connection) -> None:
    role(connection, "everything", "*")
    role(connection, "auditors", "audit.view")
    for name in ("everything", "auditors"):
        with pytest.raises(BeyondOwnPermissions):
            permit(connection, deployment_token(*MANAGER), name, "jobs.view")
        with pytest.raises(BeyondOwnPermissions):
            role_service.delete(connection, deployment_token(*MANAGER), name, unchanged=seen)
    permit(connection, deployment_token("roles.manage", "audit.view"), "auditors")
    assert roles.get(connection, "auditors").permissions == []


def test_a_local_user_holds_what_the_database_says_now_and_no_more_than_their_token_carries(
    connection: Connection,
) -> None:
    boss = person(connection, "boss", "admin")
    other = person(connection, "other", "admin")
    stale = acting(boss)
    change(connection, acting(other), boss, roles=["viewer"])
    with pytest.raises(BeyondOwnPermissions, match=r"holds \*"):
        create(connection, stale, "admin")
    change(connection, acting(other), boss, roles=["admin"], is_disabled=True)
    with pytest.raises(BeyondOwnPermissions):
        create(connection, stale, "viewer")
    narrow = replace(acting(other), permissions=frozenset({"users.manage"}))
    with pytest.raises(BeyondOwnPermissions):
        create(connection, narrow, "admin")
    gone = replace(acting(other), user_id=uuid.uuid4())
    with pytest.raises(BeyondOwnPermissions):
        create(connection, gone, "viewer")


def test_roles_and_permissions_there_are_not_are_refused(connection: Connection) -> None:
    with pytest.raises(InvalidRole, match="no role nope"):
        create(connection, deployment_token("*"), "nope")
    for permissions in (["jobs.nope"], ["jobs.*"], ["JOBS.VIEW"], ["jobs.view", ""]):
        with pytest.raises(InvalidRole, match="no permission"):
            role_service.create(connection, deployment_token("*"), name="n", description="", permissions=permissions)


# Every way to take `*` from a user who has it by a role of their own, `everything-<name>`.
ENDS: dict[str, Callable[[Connection, Caller, UserRow], object]] = {
    "delete the user": TOUCHES["delete"],
    "disable the user": TOUCHES["disable"],
    "take the role": TOUCHES["take roles"],
    "drop * from the role": lambda connection, caller, user: permit(connection, caller, user.roles[0], *MANAGER),
    "delete the role": lambda connection, caller, user: role_service.delete(
        connection, caller, user.roles[0], unchanged=seen
    ),
}


def administrator(connection: Connection, name: str) -> UserRow:
    return person(connection, name, role(connection, f"everything-{name}", "*"))


@pytest.mark.parametrize("end", ENDS)
def test_the_last_who_holds_everything_stays(connection: Connection, end: str) -> None:
    last = administrator(connection, "last")
    person(connection, "no-password", "admin", password_hash=None)
    disabled = person(connection, "disabled", "admin")
    change(connection, deployment_token("*"), disabled, is_disabled=True)
    for caller in (deployment_token("*"), acting(last)):
        with pytest.raises(LastAdministrator):
            ENDS[end](connection, caller, last)
    assert users.get(connection, last.id) == last
    change(connection, deployment_token("*"), disabled, is_disabled=False)
    ENDS[end](connection, acting(last), last)
    assert access.has_administrator(connection)


@pytest.mark.parametrize("end", ENDS)
def test_a_deployment_that_has_nobody_with_everything_is_not_held_to_it(connection: Connection, end: str) -> None:
    ENDS[end](
        connection, deployment_token("*"), person(connection, "ada", role(connection, "r", "*"), password_hash=None)
    )


@pytest.mark.parametrize(("first", "second"), list(product(ENDS, ENDS)))
def test_two_who_take_everything_from_each_other_at_once_leave_one(
    connection: Connection, database_url: str, first: str, second: str
) -> None:
    ada, bob = administrator(connection, "ada"), administrator(connection, "bob")
    with connect(database_url) as one, connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        with one.transaction():
            ENDS[first](one, acting(ada), bob)
            waiting = pool.submit(ENDS[second], other, acting(bob), ada)
            until_waiting(connection, other)
        with pytest.raises(BeyondOwnPermissions):  # bob holds nothing any more
            waiting.result()
    assert users.get(connection, ada.id) == ada


@pytest.mark.parametrize(("first", "second"), list(product(ENDS, ENDS)))
def test_two_tokens_that_take_the_last_two_at_once_leave_one(
    connection: Connection, database_url: str, first: str, second: str
) -> None:
    ada, bob = administrator(connection, "ada"), administrator(connection, "bob")
    with connect(database_url) as one, connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        with one.transaction():
            ENDS[first](one, deployment_token("*"), bob)
            waiting = pool.submit(ENDS[second], other, deployment_token("*"), ada)
            until_waiting(connection, other)
        with pytest.raises(LastAdministrator):
            waiting.result()
    assert users.get(connection, ada.id) == ada


def test_many_races_for_the_last_one_always_leave_exactly_one(connection: Connection, database_url: str) -> None:
    left = person(connection, "first", "admin")
    with connect(database_url) as one, connect(database_url) as other, ThreadPoolExecutor(2) as pool:
        for number in range(30):
            pair = (left, person(connection, f"user{number}", "admin"))
            together = threading.Barrier(2)
            ended = [
                pool.submit(_delete_together, at, together, user) for at, user in zip((one, other), pair, strict=True)
            ]
            assert sorted(each.result() for each in ended) == ["deleted", "the last one"]
            (left,) = users.page(connection, limit=9)


def _delete_together(connection: Connection, together: threading.Barrier, user: UserRow) -> str:
    together.wait()
    try:
        user_service.delete(connection, deployment_token("*"), user.id, unchanged=seen)
    except LastAdministrator:
        return "the last one"
    return "deleted"


def test_a_role_given_while_its_giver_loses_what_it_permits_is_not_given(
    connection: Connection, database_url: str
) -> None:
    role(connection, "managers", *MANAGER, "audit.view")
    role(connection, "auditors", "audit.view")
    manager = person(connection, "manager", "managers")
    with connect(database_url) as one, connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        with one.transaction():
            permit(one, deployment_token("*"), "managers", *MANAGER)
            waiting = pool.submit(create, other, acting(manager), "auditors")
            until_waiting(connection, other)
        with pytest.raises(BeyondOwnPermissions, match=r"audit\.view"):
            waiting.result()
    assert [user.name for user in users.page(connection, limit=9)] == ["manager"]


def test_a_role_that_comes_to_permit_more_while_it_is_given_is_not_given(
    connection: Connection, database_url: str
) -> None:
    role(connection, "growing", "jobs.view")
    with connect(database_url) as one, connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        with one.transaction():
            permit(one, deployment_token("*"), "growing", "jobs.view", "*")
            waiting = pool.submit(create, other, deployment_token(*MANAGER), "growing")
            until_waiting(connection, other)
        with pytest.raises(BeyondOwnPermissions, match=r"holds \*"):
            waiting.result()


def test_a_password_reset_waits_for_a_promotion_and_is_then_refused(connection: Connection, database_url: str) -> None:
    user = person(connection, "ada", "viewer")
    with connect(database_url) as one, connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        with one.transaction():
            change(one, deployment_token("*"), user, roles=["admin"])
            waiting = pool.submit(reset, other, deployment_token(*MANAGER), user)
            until_waiting(connection, other)
        with pytest.raises(BeyondOwnPermissions):
            waiting.result()
    assert users.password_hash(connection, user.id) == "a hash nobody looks into"


@pytest.mark.parametrize("touch", ["disable", "delete"])
def test_somebody_whom_the_issuer_says_may_do_more_is_not_touched_while_they_are_logged_in(
    connection: Connection, touch: str
) -> None:
    author = Author(actor="oidc:ada")
    stored = oidc_users.store(connection, author, issuer="https://issuer.example.com", subject="ada")
    assert stored is not None
    ada = users.get(connection, stored.id)
    session_id = log_in(connection, ada)
    assert oidc_users.claim(connection, session_id, roles=["admin"], permissions=[], login_hash=b"login")
    with pytest.raises(BeyondOwnPermissions, match=r"holds \*"):
        TOUCHES[touch](connection, deployment_token(*MANAGER), ada)
    sessions.revoke(connection, session_id, author, reason=sessions.LOGOUT)
    TOUCHES[touch](connection, deployment_token(*MANAGER), ada)


def test_ones_own_password_needs_the_one_there_is(connection: Connection) -> None:
    ada = person(connection, "ada", password_hash=passwords.hash("the first one of ada's"))
    for wrong in ("", "nope", "The first one of ada's"):
        with pytest.raises(PasswordWrong):
            own(connection, ada, wrong, PASSWORD)
    with pytest.raises(InvalidUser, match="12 to 1000"):
        own(connection, ada, "the first one of ada's", "short")
    own(connection, ada, "the first one of ada's", PASSWORD)
    assert passwords.verify(users.password_hash(connection, ada.id), PASSWORD)
    assert [row[1] for row in audit_of(connection)] == ["users.set_password"]
    with pytest.raises(PasswordWrong):
        own(connection, person(connection, "none", password_hash=None), "", PASSWORD)


def own(connection: Connection, user: UserRow, current: str, password: str) -> None:
    user_service.change_own_password(
        connection, acting(user), current=current, password=password, source_ip="192.0.2.1", unchanged=seen
    )


def test_a_password_that_was_reset_while_its_owner_changed_it_stays_the_one_that_was_set(
    connection: Connection, database_url: str
) -> None:
    ada = person(connection, "ada", password_hash=passwords.hash("the first one of ada's"))
    with connect(database_url) as one, connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        with one.transaction():
            reset(one, deployment_token("*"), ada)
            waiting = pool.submit(own, other, ada, "the first one of ada's", "another one by ada herself")
            until_waiting(connection, other)
        with pytest.raises(PasswordWrong):
            waiting.result()
    assert passwords.verify(users.password_hash(connection, ada.id), PASSWORD)


@pytest.mark.parametrize("touch", sorted(set(TOUCHES) - {"delete"}))
def test_a_change_ends_the_sessions_of_that_user_and_no_others(connection: Connection, touch: str) -> None:
    ada, bob = person(connection, "ada", "viewer"), person(connection, "bob", "viewer")
    of_ada, of_bob = (log_in(connection, user) for user in (ada, bob))
    TOUCHES[touch](connection, deployment_token("*"), ada)
    assert sessions.live(connection, of_ada) is None
    assert sessions.live(connection, of_bob) is not None


def test_who_changes_their_own_password_stays_logged_in_there_and_nowhere_else(connection: Connection) -> None:
    ada = person(connection, "ada", password_hash=passwords.hash(PASSWORD))
    here, elsewhere = log_in(connection, ada), log_in(connection, ada)
    caller = replace(acting(ada), session_id=here)
    user_service.change_own_password(
        connection, caller, current=PASSWORD, password="another one by ada herself", source_ip="192.0.2.1",
        unchanged=seen,
    )  # fmt: skip
    assert sessions.live(connection, here) is not None
    assert sessions.live(connection, elsewhere) is None
