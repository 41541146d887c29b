"""What is known of the database over one connection to it: who we are there, what we may do, what time it is there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from functions.db.connection import Connection
from functions.db.schema import applied_migrations, pending_migrations, schema_is_there
from functions.record import Record

_SERVER = """
SELECT current_setting('server_version'), current_user::text, current_database()::text, pg_is_in_recovery(),
       current_setting('max_connections')::int, (SELECT count(*) FROM pg_stat_activity),
       has_database_privilege(current_database(), 'CREATE'), clock_timestamp()
"""
# To replace a routine or alter a table one must own it, or be in the role that does.
_NOT_OURS = """
SELECT DISTINCT pg_get_userbyid(c.relowner)::text
FROM pg_class c
WHERE c.relnamespace = to_regnamespace('lamplighter') AND NOT pg_has_role(c.relowner, 'USAGE')
ORDER BY 1
"""


class Diagnosis(Record):
    """One look at the database. `owners`: other roles that own tables of ours, so that we cannot change these."""

    server_version: str
    user: str
    database: str
    is_standby: bool
    max_connections: int
    connections: int
    may_create: bool
    now: datetime
    is_encrypted: bool
    owners: list[str]
    pending: list[str]

    def to_json(self) -> dict[str, Any]:
        """It as JSON values."""
        return {**vars(self), "now": self.now.isoformat()}


def diagnose(connection: Connection) -> Diagnosis:
    """Look; changes nothing."""
    row = connection.execute(_SERVER).fetchone()
    assert row is not None
    version, user, database, is_standby, most, count, may_create, now = row
    is_there = schema_is_there(connection)
    return Diagnosis(
        server_version=version,
        user=user,
        database=database,
        is_standby=is_standby,
        max_connections=most,
        connections=count,
        may_create=may_create,
        now=now,
        is_encrypted=bool(connection.pgconn.ssl_in_use),
        owners=[name for (name,) in connection.execute(_NOT_OURS).fetchall()],
        pending=pending_migrations(applied_migrations(connection) if is_there else []),
    )
