"""Log lines as rows of lamplighter.job_log: few are written inside a statement, many by COPY."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from functions.db.connection import Connection
from functions.db.json_values import as_jsonb, plain, storable
from functions.log_lines import LogLine


def as_records(lines: Sequence[LogLine], *, first_line: int) -> Jsonb:
    """The lines as jsonb_to_recordset reads them; numbered from first_line."""
    return Jsonb([_as_json(number, line) for number, line in enumerate(lines, start=first_line)])


# Lines that an earlier try wrote without our hearing of it are replaced: COPY knows no ON CONFLICT.
_MAKE_ROOM = """
WITH mine AS (
    SELECT id, scheduled_at, attempt FROM lamplighter.execution
    WHERE id = %(execution_id)s AND scheduled_at = %(scheduled_at)s AND claim_token = %(token)s
), removed AS (
    DELETE FROM lamplighter.job_log l USING mine m
    WHERE l.execution_id = m.id AND l.scheduled_at = m.scheduled_at AND l.attempt = m.attempt
      AND l.line >= %(first_line)s
)
SELECT attempt FROM mine
"""
_COPY = """
COPY lamplighter.job_log (execution_id, scheduled_at, attempt, line, logged_at, level, message, fields) FROM STDIN
"""


def copy_lines(
    connection: Connection,
    lines: Sequence[LogLine],
    *,
    first_line: int,
    execution_id: uuid.UUID,
    scheduled_at: datetime,
    token: uuid.UUID,
) -> None:
    """Write many lines, inside the caller's transaction; none when the claim is not ours any more. Safe to repeat."""
    values = {"execution_id": execution_id, "scheduled_at": scheduled_at, "token": token, "first_line": first_line}
    with connection.cursor() as cursor:
        mine = cursor.execute(_MAKE_ROOM, values).fetchone()
        if mine is None:
            return
        with cursor.copy(_COPY) as copy:
            for number, line in enumerate(lines, start=first_line):
                fields = None if line.fields is None else as_jsonb(line.fields)
                copy.write_row(
                    (
                        execution_id,
                        scheduled_at,
                        mine[0],
                        number,
                        line.logged_at,
                        storable(line.level),
                        storable(line.message),
                        fields,
                    )
                )


def _as_json(number: int, line: LogLine) -> dict[str, Any]:
    return {
        "line": number,
        "logged_at": line.logged_at.isoformat(),
        "level": storable(line.level),
        "message": storable(line.message),
        "fields": plain(line.fields),
    }
