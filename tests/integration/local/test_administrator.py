"""The first user of the one-machine edition: made once, its password known to each start, left alone after that."""

from __future__ import annotations

import stat
from pathlib import Path

from chalicelib import passwords
from functions.db import access, users
from functions.db.connection import Connection
from infra.local.administrator import ensure_administrator
from infra.local.state import State
from tests.integration.holders import SETUP, person


def test_an_empty_database_gets_an_administrator_whose_password_every_start_knows(
    connection: Connection, tmp_path: Path
) -> None:
    password = ensure_administrator(connection, State(tmp_path))
    assert password is not None
    admin = users.find(connection, "admin")
    assert (admin.roles, admin.permissions) == (["admin"], ["*"])
    assert passwords.verify(users.password_hash(connection, admin.id), password)
    assert stat.S_IMODE((tmp_path / "admin-password").stat().st_mode) == 0o600
    assert ensure_administrator(connection, State(tmp_path)) == password
    assert users.get(connection, admin.id) == admin


def test_the_kept_password_is_the_one_of_a_database_that_was_emptied(connection: Connection, tmp_path: Path) -> None:
    password = ensure_administrator(connection, State(tmp_path))
    connection.execute("DELETE FROM lamplighter.user")
    assert ensure_administrator(connection, State(tmp_path)) == password


def test_a_start_undoes_nothing_that_somebody_did_to_it(connection: Connection, tmp_path: Path) -> None:
    state = State(tmp_path)
    assert ensure_administrator(connection, state) is not None
    person(connection, "root", "admin")
    admin = users.find(connection, "admin")
    with access.changing(connection):
        users.set_password(connection, SETUP, admin, passwords.hash("one of my own choosing"))
    assert ensure_administrator(connection, state) is None
    assert passwords.verify(users.password_hash(connection, admin.id), "one of my own choosing")
    with access.changing(connection):
        users.remove(connection, SETUP, admin)
    assert ensure_administrator(connection, state) is None
    assert [user.name for user in users.page(connection, limit=9)] == ["root"]


def test_a_reset_forgets_the_password(connection: Connection, tmp_path: Path) -> None:
    state = State(tmp_path)
    password = ensure_administrator(connection, state)
    state.reset()
    assert state.administrator_password() is None
    connection.execute("DELETE FROM lamplighter.user")
    assert ensure_administrator(connection, state) != password
