"""Failed logins: some are free, then each makes the next wait longer, and nobody is kept out for long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from functions.db import login_attempts
from functions.db.connection import Connection, connect
from functions.db.login_attempts import LONGEST_WAIT, Counted
from tests.integration.waiting import until_waiting

ACCOUNT = Counted(key=b"account ann", free=3)
ADDRESS = Counted(key=b"address here", free=6)


def fail(connection: Connection, *, account: Counted = ACCOUNT, address: Counted = ADDRESS) -> timedelta | None:
    return login_attempts.count(connection, account, address)


def later(connection: Connection, by: timedelta) -> None:
    connection.execute("UPDATE lamplighter.login_attempt SET failed_at = failed_at - %s", (by,))


def stored(connection: Connection) -> dict[bytes, int]:
    return dict(connection.execute("SELECT key, over FROM lamplighter.login_attempt").fetchall())


def waits(connection: Connection, number: int) -> list[int]:
    """So many failures, each as soon as it may be; the seconds that each had to wait, rounded up."""
    found = []
    for _ in range(number):
        wait = fail(connection)
        found.append(0 if wait is None else -(-wait // timedelta(seconds=1)))
        if wait is not None:
            later(connection, wait)
            assert fail(connection) is None
    return found


def test_after_the_free_ones_each_failure_makes_the_next_wait_twice_as_long_up_to_a_minute(
    connection: Connection,
) -> None:
    assert waits(connection, 4) == [0, 0, 0, 0]
    assert waits(connection, 9) == [1, 2, 4, 8, 16, 32, 64, 64, 64]
    assert timedelta(seconds=64) == LONGEST_WAIT


def test_what_comes_too_early_is_not_counted_and_makes_nobody_wait_longer(connection: Connection) -> None:
    waits(connection, 6)
    before = stored(connection)
    first = fail(connection)
    assert first is not None
    later_waits = [fail(connection) for _ in range(20)]
    assert all(wait is not None and wait <= first for wait in later_waits)
    assert stored(connection) == before


def test_an_address_that_has_to_wait_counts_nothing_for_the_accounts_it_names(connection: Connection) -> None:
    for number in range(7):
        assert fail(connection, account=Counted(key=b"account %d" % number, free=3)) is None
    other = Counted(key=b"account of somebody", free=3)
    assert fail(connection, account=other) is not None
    assert other.key not in stored(connection)


def test_an_account_that_has_to_wait_counts_nothing_for_the_address(connection: Connection) -> None:
    waits(connection, 4)
    elsewhere = Counted(key=b"address elsewhere", free=6)
    assert fail(connection, address=elsewhere) is not None
    assert elsewhere.key not in stored(connection)


def test_a_quarter_of_an_hour_without_a_failure_forgets_them_all(connection: Connection) -> None:
    waits(connection, 8)
    later(connection, timedelta(minutes=16))
    assert waits(connection, 4) == [0, 0, 0, 0]


def test_a_login_that_was_right_forgets_the_accounts_failures_and_keeps_the_addresss(connection: Connection) -> None:
    assert waits(connection, 5) == [0, 0, 0, 0, 1]
    before = stored(connection)[ADDRESS.key]
    other = Counted(key=b"account of one's own", free=3)
    assert fail(connection, account=other) is None
    login_attempts.succeeded(connection, account=other, address=ADDRESS)
    assert stored(connection) == {ACCOUNT.key: 2, ADDRESS.key: before}
    login_attempts.succeeded(connection, account=ACCOUNT, address=ADDRESS)
    assert ACCOUNT.key not in stored(connection)


def test_a_login_that_was_right_need_not_wait_for_the_next(connection: Connection) -> None:
    for number in range(20):
        account = Counted(key=b"account %d" % number, free=3)
        assert fail(connection, account=account) is None
        login_attempts.succeeded(connection, account=account, address=ADDRESS)


def test_an_account_of_ones_own_makes_guessing_at_others_no_cheaper(connection: Connection) -> None:
    own = Counted(key=b"account of one's own", free=3)
    refused = 0
    for number in range(30):
        refused += fail(connection, account=Counted(key=b"account %d" % number, free=3)) is not None
        if fail(connection, account=own) is None:
            login_attempts.succeeded(connection, account=own, address=ADDRESS)
    assert refused >= 20


def test_of_many_guesses_at_once_as_many_get_through_as_one_after_the_other(
    connection: Connection, database_url: str
) -> None:
    def guess(_: int) -> bool:
        with connect(database_url) as own:
            return fail(own, address=Counted(key=b"address %d" % _, free=100)) is None

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(guess, range(30))) == 4


def test_a_right_login_takes_the_account_before_the_address_as_the_next_one_counts_them(
    connection: Connection, database_url: str
) -> None:
    fail(connection)
    with connect(database_url) as one, connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        with one.transaction():
            one.execute("SELECT FROM lamplighter.login_attempt WHERE key = %s FOR UPDATE", (ACCOUNT.key,))
            waiting = pool.submit(login_attempts.succeeded, other, account=ACCOUNT, address=ADDRESS)
            until_waiting(connection, other)
            one.execute("SELECT FROM lamplighter.login_attempt WHERE key = %s FOR UPDATE NOWAIT", (ADDRESS.key,))
        waiting.result()
    assert stored(connection) == {ADDRESS.key: -6}


def test_the_cleanup_leaves_what_a_login_counts_just_now(connection: Connection, database_url: str) -> None:
    fail(connection)
    later(connection, timedelta(minutes=16))
    with connect(database_url) as other, other.transaction():
        fail(other, address=Counted(key=b"address elsewhere", free=6))
        connection.execute("SET lock_timeout = '1s'")
        assert login_attempts.delete_forgotten(connection, now=datetime.now(UTC)) == 1
    assert stored(connection).keys() == {ACCOUNT.key, b"address elsewhere"}


def test_what_makes_nobody_wait_is_deleted(connection: Connection) -> None:
    fail(connection)
    assert login_attempts.delete_forgotten(connection, now=datetime.now(UTC)) == 0
    later(connection, timedelta(minutes=16))
    assert login_attempts.delete_forgotten(connection, now=datetime.now(UTC)) == 2
