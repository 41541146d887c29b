"""Sessions and their families of refresh tokens: one use each, one successor, and an end that all see at once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from functions.db import sessions, token_families
from functions.db.audit import Author
from functions.db.connection import Connection, connect
from functions.db.refresh_tokens import delete_spent
from functions.db.token_families import Rotation
from tests.integration import people
from tests.integration.waiting import until_waiting

ANN = Author(actor="ann", request_id="r-1")
DAY = timedelta(days=1)
GRACE = timedelta(seconds=10)
FIRST = b"first"


@pytest.fixture
def second(database_url: str) -> Iterator[Connection]:
    """Another instance's connection."""
    with connect(database_url) as opened:
        yield opened


def opened(connection: Connection, user_id: uuid.UUID, *, lifetime: timedelta = DAY) -> tuple[uuid.UUID, uuid.UUID]:
    """A session's id and its family's, with FIRST as its refresh token."""
    family_id = uuid.uuid4()
    session_id = sessions.open_session(
        connection, user_id, ANN, address="192.0.2.1", lifetime=lifetime, family_id=family_id
    )
    token_families.add_first(connection, session_id, FIRST, idle=DAY)
    return session_id, family_id


def rotate(connection: Connection, family_id: uuid.UUID, old: bytes, new: bytes) -> Rotation:
    return token_families.rotate(connection, family_id, ANN, old_hash=old, new_hash=new, idle=DAY, grace=GRACE)


def later(connection: Connection, by: timedelta = 2 * GRACE) -> None:
    """Time passes for every token used so far."""
    connection.execute("UPDATE lamplighter.refresh_token SET used_at = used_at - %s", (by,))


def is_live(connection: Connection, session_id: uuid.UUID) -> bool:
    return sessions.live(connection, session_id) is not None


def tokens_left(connection: Connection) -> int:
    usable = "used_at IS NULL AND invalidated_at IS NULL AND expires_at > clock_timestamp()"
    row = connection.execute(f"SELECT count(*) FROM lamplighter.refresh_token WHERE {usable}").fetchone()
    assert row is not None
    return int(row[0])


def audited(connection: Connection) -> list[tuple[str, str, str | None]]:
    return connection.execute("SELECT action, actor, after ->> 'reason' FROM lamplighter.audit ORDER BY id").fetchall()


def test_a_session_is_its_user_with_what_their_roles_permit_together(connection: Connection) -> None:
    people.role(connection, "night-shift", "jobs.view", "jobs.trigger")
    user_id = people.user(connection, "ann", "night-shift", "viewer")
    session = sessions.live(connection, opened(connection, user_id)[0])
    assert session is not None
    assert (session.user_id, session.user_name) == (user_id, "ann")
    assert session.roles == ("night-shift", "viewer")
    assert session.permissions == {"jobs.view", "jobs.trigger"}
    assert timedelta(hours=23) < session.expires_at - datetime.now(UTC) <= DAY


def test_another_instance_sees_a_change_of_roles_a_disabled_user_and_a_logout_at_once(
    connection: Connection, second: Connection
) -> None:
    user_id = people.user(connection, "ann", "viewer")
    session_id, _ = opened(connection, user_id)
    connection.execute("INSERT INTO lamplighter.user_role VALUES (%s, 'admin')", (user_id,))
    seen = sessions.live(second, session_id)
    assert seen is not None
    assert "*" in seen.permissions
    connection.execute("UPDATE lamplighter.user SET is_disabled = true")
    assert not is_live(second, session_id)
    connection.execute("UPDATE lamplighter.user SET is_disabled = false")
    assert is_live(second, session_id)
    assert sessions.revoke(connection, session_id, ANN, reason=sessions.LOGOUT)
    assert not is_live(second, session_id)


def test_a_session_ends_when_its_lifetime_is_over_and_when_its_user_is_deleted(connection: Connection) -> None:
    user_id = people.user(connection)
    over, _ = opened(connection, user_id, lifetime=-timedelta(seconds=1))
    connection.execute("DELETE FROM lamplighter.refresh_token")
    assert not is_live(connection, over)
    other, _ = opened(connection, user_id)
    connection.execute("DELETE FROM lamplighter.user")
    assert not is_live(connection, other)


def test_a_token_is_followed_by_the_next_again_and_again(connection: Connection) -> None:
    session_id, family_id = opened(connection, people.user(connection))
    for old, new in ((FIRST, b"2"), (b"2", b"3"), (b"3", b"4")):
        rotation = rotate(connection, family_id, old, new)
        assert rotation.session is not None
        assert rotation.session.id == session_id
        assert tokens_left(connection) == 1


def test_a_token_never_outlives_its_session(connection: Connection) -> None:
    _, family_id = opened(connection, people.user(connection), lifetime=timedelta(hours=1))
    rotate(connection, family_id, FIRST, b"2")
    longest = connection.execute("SELECT max(t.expires_at) - max(s.expires_at) FROM lamplighter.refresh_token t,"
                                 " lamplighter.session s").fetchone()  # fmt: skip
    assert longest == (timedelta(),)


def test_a_token_that_was_used_before_ends_the_session_and_all_its_tokens(connection: Connection) -> None:
    session_id, family_id = opened(connection, people.user(connection))
    rotate(connection, family_id, FIRST, b"2")
    later(connection)
    assert rotate(connection, family_id, FIRST, b"x") == Rotation(session=None, is_reuse=True)
    assert not is_live(connection, session_id)
    assert tokens_left(connection) == 0
    assert rotate(connection, family_id, b"2", b"3") == Rotation(session=None)
    assert audited(connection)[-1] == ("sessions.revoke", "ann", sessions.REUSE)


def test_so_does_one_whose_row_the_cleanup_has_taken_away(connection: Connection) -> None:
    session_id, family_id = opened(connection, people.user(connection))
    rotate(connection, family_id, FIRST, b"2")
    assert delete_spent(connection, expired_before=datetime.now(UTC), batch=10) == 1
    assert rotate(connection, family_id, FIRST, b"x").is_reuse
    assert not is_live(connection, session_id)
    assert rotate(connection, family_id, b"2", b"3") == Rotation(session=None)


def test_a_second_click_is_refused_and_ends_nothing(connection: Connection) -> None:
    session_id, family_id = opened(connection, people.user(connection))
    rotate(connection, family_id, FIRST, b"2")
    assert rotate(connection, family_id, FIRST, b"x") == Rotation(session=None)
    assert is_live(connection, session_id)
    assert rotate(connection, family_id, b"2", b"3").session is not None


def test_a_token_nobody_used_in_time_is_refused_and_ends_nothing(connection: Connection) -> None:
    session_id, family_id = opened(connection, people.user(connection))
    connection.execute("UPDATE lamplighter.refresh_token SET expires_at = clock_timestamp()")
    assert rotate(connection, family_id, FIRST, b"2") == Rotation(session=None)
    assert is_live(connection, session_id)


def test_a_token_of_one_family_is_no_token_of_another(connection: Connection) -> None:
    user_id = people.user(connection)
    mine, my_family = opened(connection, user_id)
    yours = sessions.open_session(
        connection, user_id, ANN, address="192.0.2.1", lifetime=DAY, family_id=(your_family := uuid.uuid4())
    )
    assert rotate(connection, your_family, FIRST, b"2").is_reuse
    assert (is_live(connection, mine), is_live(connection, yours)) == (True, False)
    assert rotate(connection, my_family, FIRST, b"2").session is not None


def test_a_session_id_is_no_family_so_whoever_knows_it_can_end_nothing(connection: Connection) -> None:
    session_id, _ = opened(connection, people.user(connection))
    assert rotate(connection, session_id, b"made up", b"x") == Rotation(session=None)
    assert is_live(connection, session_id)


def test_of_many_who_use_a_token_at_once_one_gets_the_next(connection: Connection, database_url: str) -> None:
    session_id, family_id = opened(connection, people.user(connection))
    ready = Barrier(8)

    def use(number: int) -> Rotation:
        with connect(database_url) as own:
            ready.wait(timeout=20)
            return rotate(own, family_id, FIRST, f"new {number}".encode())

    with ThreadPoolExecutor(8) as pool:
        rotations = list(pool.map(use, range(8)))
    assert sum(rotation.session is not None for rotation in rotations) == 1
    assert not any(rotation.is_reuse for rotation in rotations)
    assert tokens_left(connection) == 1
    assert is_live(connection, session_id)


def test_a_use_that_waits_for_another_reads_what_that_one_wrote(
    connection: Connection, second: Connection, database_url: str
) -> None:
    session_id, family_id = opened(connection, people.user(connection))
    with connect(database_url) as watching, ThreadPoolExecutor(1) as pool:
        with connection.transaction():
            assert rotate(connection, family_id, FIRST, b"2").session is not None
            waiting = pool.submit(rotate, second, family_id, FIRST, b"x")
            until_waiting(watching, second)
        assert waiting.result(timeout=20) == Rotation(session=None)
    assert is_live(connection, session_id)
    assert tokens_left(connection) == 1


def test_a_refresh_that_meets_a_logout_gets_nothing_once_that_is_through(
    connection: Connection, second: Connection, database_url: str
) -> None:
    session_id, family_id = opened(connection, people.user(connection))
    with connect(database_url) as watching, ThreadPoolExecutor(1) as pool:
        with connection.transaction():
            assert sessions.revoke(connection, session_id, ANN, reason=sessions.LOGOUT)
            waiting = pool.submit(rotate, second, family_id, FIRST, b"2")
            until_waiting(watching, second)
        assert waiting.result(timeout=20) == Rotation(session=None)
    assert tokens_left(connection) == 0


def test_a_logout_that_meets_a_refresh_ends_the_token_that_one_made(
    connection: Connection, second: Connection, database_url: str
) -> None:
    session_id, family_id = opened(connection, people.user(connection))
    with connect(database_url) as watching, ThreadPoolExecutor(1) as pool:
        with connection.transaction():
            assert rotate(connection, family_id, FIRST, b"2").session is not None
            waiting = pool.submit(sessions.revoke, second, session_id, ANN, reason=sessions.LOGOUT)
            until_waiting(watching, second)
        assert waiting.result(timeout=20) is True
    assert not is_live(connection, session_id)
    assert rotate(connection, family_id, b"2", b"3") == Rotation(session=None)


def test_a_refresh_and_a_logout_take_their_locks_in_one_order(
    connection: Connection, second: Connection, database_url: str
) -> None:
    session_id, family_id = opened(connection, people.user(connection))
    with connect(database_url) as third, connect(database_url) as watching, ThreadPoolExecutor(2) as pool:
        with third.transaction():  # the cleanup job, say
            third.execute("SELECT FROM lamplighter.refresh_token FOR UPDATE")
            refreshing = pool.submit(rotate, connection, family_id, FIRST, b"2")
            until_waiting(watching, connection)
            leaving = pool.submit(sessions.revoke, second, session_id, ANN, reason=sessions.LOGOUT)
            until_waiting(watching, second)
        assert refreshing.result(timeout=20).session is not None
        assert leaving.result(timeout=20) is True
    assert not is_live(connection, session_id)


def test_logging_out_twice_is_said_once(connection: Connection) -> None:
    session_id, _ = opened(connection, people.user(connection))
    assert [sessions.revoke(connection, session_id, ANN, reason=sessions.LOGOUT) for _ in range(2)] == [True, False]
    assert [row[0] for row in audited(connection)] == ["sessions.open", "sessions.revoke"]


def test_all_sessions_of_a_user_end_but_the_one_that_asks_and_other_users(connection: Connection) -> None:
    ann, bob = people.user(connection, "ann"), people.user(connection, "bob")
    (kept, _), other = opened(connection, ann), sessions.open_session(
        connection, ann, ANN, address="192.0.2.1", lifetime=DAY, cookie_hash=b"c"
    )  # fmt: skip
    bobs = sessions.open_session(connection, bob, ANN, address="192.0.2.1", lifetime=DAY, cookie_hash=b"d")
    assert sessions.revoke_all(connection, ann, ANN, reason="password", but=kept) == 1
    assert [is_live(connection, each) for each in (kept, other, bobs)] == [True, False, True]
    assert sessions.revoke_all(connection, ann, ANN, reason="password") == 1


def test_a_cookie_is_good_until_it_was_not_used_for_long_and_each_use_counts(connection: Connection) -> None:
    session_id = sessions.open_session(
        connection, people.user(connection), ANN, address="192.0.2.1", lifetime=DAY, cookie_hash=b"c"
    )
    idle = timedelta(hours=1)

    def unused_for(time: timedelta) -> None:
        connection.execute("UPDATE lamplighter.session SET last_used_at = clock_timestamp() - %s", (time,))

    for _ in range(3):
        unused_for(timedelta(minutes=50))
        found = sessions.live_by_cookie(connection, b"c", idle=idle)
        assert found is not None
        assert found.id == session_id
        unused = connection.execute("SELECT clock_timestamp() - last_used_at FROM lamplighter.session").fetchone()
        assert unused is not None
        assert unused[0] < timedelta(seconds=30)
    assert sessions.live_by_cookie(connection, b"d", idle=idle) is None
    unused_for(idle)
    assert sessions.live_by_cookie(connection, b"c", idle=idle) is None


def test_sessions_that_ended_long_ago_are_deleted_and_no_others(connection: Connection) -> None:
    user_id = people.user(connection)
    ids = [opened_with_cookie(connection, user_id, bytes([number])) for number in range(4)]
    moved = "UPDATE lamplighter.session SET {} WHERE id = %s"
    connection.execute(moved.format("expires_at = clock_timestamp() - interval '31 days'").encode(), (ids[0],))
    ended = "revoked_at = clock_timestamp() - interval '31 days', revoked_for = 'test'"
    connection.execute(moved.format(ended).encode(), (ids[1],))
    connection.execute(moved.format("expires_at = clock_timestamp() - interval '29 days'").encode(), (ids[2],))
    before = datetime.now(UTC) - timedelta(days=30)
    assert [sessions.delete_ended(connection, ended_before=before, batch=1) for _ in range(3)] == [1, 1, 0]
    left = connection.execute("SELECT id FROM lamplighter.session").fetchall()
    assert {row[0] for row in left} == {ids[2], ids[3]}


def opened_with_cookie(connection: Connection, user_id: uuid.UUID, cookie_hash: bytes) -> uuid.UUID:
    return sessions.open_session(connection, user_id, ANN, address="192.0.2.1", lifetime=DAY, cookie_hash=cookie_hash)
