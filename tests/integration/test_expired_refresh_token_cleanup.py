"""The cleanup job deletes exactly the tokens nobody can use any more."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from functions.db.connection import Connection
from functions.jobs import expired_refresh_token_cleanup as module
from functions.logs import captured
from tests.integration import people
from tests.integration.job_runs import run_job

NOW = datetime(2026, 11, 23, 12, 0, 7, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def add(
    connection: Connection, name: str, *, expires_at: datetime = NOW + HOUR, used: bool = False, invalid: bool = False
) -> None:
    connection.execute(
        "INSERT INTO lamplighter.refresh_token (family_id, subject, token_hash, expires_at, used_at, invalidated_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (uuid.uuid4(), name, name.encode(), expires_at, NOW if used else None, NOW if invalid else None),
    )


def left(connection: Connection) -> list[str]:
    rows = connection.execute("SELECT subject FROM lamplighter.refresh_token ORDER BY subject").fetchall()
    return [subject for (subject,) in rows]


def run(database_url: str) -> dict[str, int]:
    result: dict[str, int] = run_job(module.expired_refresh_token_cleanup, database_url, now=NOW)
    return result


def test_expired_used_and_invalidated_tokens_go_and_valid_ones_stay(connection: Connection, database_url: str) -> None:
    add(connection, "expired", expires_at=NOW - HOUR - MOMENT)
    add(connection, "used", used=True)
    add(connection, "invalidated", invalid=True)
    add(connection, "valid")
    add(connection, "just expired", expires_at=NOW - MOMENT)
    assert run(database_url) == {"deleted": 3}
    assert left(connection) == ["just expired", "valid"]


def test_a_token_that_expired_exactly_an_hour_ago_stays(connection: Connection, database_url: str) -> None:
    add(connection, "exactly", expires_at=NOW - HOUR)
    assert run(database_url) == {"deleted": 0}
    assert left(connection) == ["exactly"]


def test_a_second_run_deletes_nothing_and_both_say_how_many(connection: Connection, database_url: str) -> None:
    add(connection, "used", used=True)
    with captured() as lines:
        assert run(database_url) == {"deleted": 1}
        assert run(database_url) == {"deleted": 0}
    assert [line.message for line in lines] == ["deleted 1 refresh tokens", "deleted 0 refresh tokens"]
    assert lines[0].fields is not None
    assert lines[0].fields["deleted"] == 1


def test_more_tokens_than_a_batch_are_all_deleted(
    connection: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BATCH", 7)
    for number in range(10):
        add(connection, f"expired {number}", expires_at=NOW - 2 * HOUR)
        add(connection, f"used {number}", used=True)
    assert run(database_url) == {"deleted": 20}


def test_a_token_another_transaction_holds_is_left_for_the_next_run(connection: Connection, database_url: str) -> None:
    add(connection, "held", used=True)
    add(connection, "free", used=True)
    with connection.transaction():
        connection.execute("SELECT FROM lamplighter.refresh_token WHERE subject = 'held' FOR UPDATE")
        assert run(database_url) == {"deleted": 1}
    assert run(database_url) == {"deleted": 1}


def test_sessions_that_ended_a_month_ago_and_forgotten_failures_go_with_them(
    connection: Connection, database_url: str
) -> None:
    user_id = people.user(connection)
    for cookie_hash, ended_at in ((b"old", NOW - 30 * DAY - MOMENT), (b"new", NOW - 30 * DAY)):
        connection.execute(
            "INSERT INTO lamplighter.session (user_id, cookie_hash, address, expires_at) VALUES (%s, %s, 'here', %s)",
            (user_id, cookie_hash, ended_at),
        )
        connection.execute(
            "INSERT INTO lamplighter.login_attempt VALUES (%s, 0, %s)", (cookie_hash, ended_at + 30 * DAY)
        )
    connection.execute("UPDATE lamplighter.login_attempt SET failed_at = %s WHERE key = 'old'", (NOW - HOUR,))
    with captured() as lines:
        assert run(database_url) == {"deleted": 0}
    assert [line.message for line in lines] == ["deleted 0 refresh tokens", "deleted 1 ended sessions"]
    assert connection.execute("SELECT cookie_hash FROM lamplighter.session").fetchall() == [(b"new",)]
    assert connection.execute("SELECT key FROM lamplighter.login_attempt").fetchall() == [(b"new",)]
