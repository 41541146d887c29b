"""Failed logins, counted for accounts and addresses: after the free ones, each makes the next wait longer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg import Rollback

from functions.db.connection import Connection

# After so long without a failure it is forgotten.
_FORGET = timedelta(minutes=15)
# 1 s after the first failure too many, then 2 s, 4 s …, and never longer than this: who is kept out waits a minute.
LONGEST_WAIT = timedelta(seconds=64)


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Something failures are counted for: its hash, and how many are free."""

    key: bytes
    free: int


# Counted before the password is looked at, so that many guesses at once are as many as one after the other. A row whose
# wait is not over is not touched: guessing goes on does not make anybody wait longer.
_COUNT = """
INSERT INTO lamplighter.login_attempt AS a (key, over, failed_at)
SELECT key, 1 - free, clock_timestamp()
FROM unnest(%(keys)s::bytea[], %(free)s::integer[]) WITH ORDINALITY AS given (key, free, place) ORDER BY place
ON CONFLICT (key) DO UPDATE SET
    over = CASE WHEN a.failed_at < clock_timestamp() - %(forget)s THEN excluded.over ELSE least(a.over + 1, 1000) END,
    failed_at = clock_timestamp()
WHERE a.over <= 0 OR a.failed_at + least(%(longest)s, 2 ^ least(a.over - 1, 10) * interval '1 second')
                     <= clock_timestamp()
"""

_WAIT = """
SELECT max(failed_at + least(%(longest)s, 2 ^ least(over - 1, 10) * interval '1 second')) - clock_timestamp()
FROM lamplighter.login_attempt WHERE key = ANY (%(keys)s) AND over > 0
"""


def count(connection: Connection, *counted: Counted) -> timedelta | None:
    """Count one attempt for each as if it failed; None: go on. Else nothing is counted, and how long to wait.

    Name them in the same order everywhere, accounts before addresses: their rows are locked in it.
    """
    values = {
        "keys": [each.key for each in counted],
        "free": [each.free for each in counted],
        "forget": _FORGET,
        "longest": LONGEST_WAIT,
    }
    wait: timedelta | None = None
    with connection.transaction():
        if connection.execute(_COUNT, values).rowcount < len(counted):
            row = connection.execute(_WAIT, values).fetchone()
            wait = max(row[0], timedelta()) if row is not None and row[0] is not None else timedelta()
            raise Rollback
    return wait


# An account's failures are its owner's once they are in. An address keeps those of other accounts, or one account of
# one's own would make guessing at all others free; it only need not wait now.
_FORGET_ACCOUNT = "DELETE FROM lamplighter.login_attempt WHERE key = %s"
_TAKE_BACK = "UPDATE lamplighter.login_attempt SET over = over - 1, failed_at = clock_timestamp() - %s WHERE key = %s"


def succeeded(connection: Connection, *, account: Counted, address: Counted) -> None:
    """Take back what `count` counted for a login that was right."""
    with connection.transaction():  # in the order in which `count` locks them
        connection.execute(_FORGET_ACCOUNT, (account.key,))
        connection.execute(_TAKE_BACK, (LONGEST_WAIT, address.key))


# What a login counts just now is left, or each could wait for the other.
_DELETE_FORGOTTEN = """
DELETE FROM lamplighter.login_attempt WHERE key = ANY (ARRAY (
    SELECT key FROM lamplighter.login_attempt WHERE failed_at < %s FOR UPDATE SKIP LOCKED
))
"""


def delete_forgotten(connection: Connection, *, now: datetime) -> int:
    """Delete what no longer makes anybody wait; how many."""
    return connection.execute(_DELETE_FORGOTTEN, (now - _FORGET,)).rowcount
