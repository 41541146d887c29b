"""The list of jobs: searched, filtered, sorted and cut into pages by PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from psycopg.rows import args_row

from functions.db.connection import Connection
from functions.db.json_values import as_jsonb
from functions.record import Record

# Who is on the list, and what is shown when it is asked for: each job is in exactly one state, the first that fits.
LISTED_STATES = ("paused", "missing", "overdue", "error", "manual", "enabled")
STATES = (*LISTED_STATES, "removed", "orphan")
SORTS = ("id", "nextExecution", "lastExecution", "lastStatus", "lastDuration")
# The sweep judges an occurrence two minutes after it was due (functions/scheduling/expected.py), and comes each minute.
_GRACE = timedelta(minutes=3)


class ListedJob(NamedTuple):
    """One job of the list; all instants aware. next_execution_at: None while nothing fires it."""

    id: str
    schedule: str | None
    timezone: str
    description: str
    tags_json: str | None
    timeout_s: int
    state: str
    next_execution_at: datetime | None
    last_started_at: datetime | None
    last_status: str | None
    last_duration_ms: int | None
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    resume_at: datetime | None
    created_at: datetime

    @property
    def tags(self) -> list[str]:
        """Its tags, in the order of its code; read late, since most jobs have none and a list has a thousand."""
        return tags(self.tags_json)


def tags(tags_json: str | None) -> list[str]:
    """The tags of a ListedJob whose `tags_json` this is."""
    return [] if tags_json is None else [str(tag) for tag in json.loads(tags_json)]


class After(NamedTuple):
    """The place of the last job of a page in its order: what it was sorted by, and its id."""

    key: datetime | str | int | None
    job_id: str


class Wanted(Record):
    """What a list is to hold.

    is_enabled: JOBS_ENABLED. job_id: this one alone. search: a part of id, description or a tag. tags: all of them.
    """

    is_enabled: bool
    limit: int
    job_id: str | None = None
    search: str | None = None
    states: Sequence[str] = LISTED_STATES
    last_statuses: Sequence[str] | None = None
    tags: Sequence[str] = ()
    sort: str = "id"
    is_descending: bool = False
    after: After | None = None


# What a state means is written for people in docs/admin-api.md. A pause with an end is over then; an execution past its
# lease is lost; whoever has or has not noticed yet.
_JOBS = """
WITH known AS (
    SELECT j.*, t.job_id IS NOT NULL AS has_trigger, t.judge_at, t.applied_at,
           j.paused_at IS NOT NULL AND coalesce(j.resume_at > statement_timestamp(), true) AS is_paused,
           CASE WHEN j.last_status = 'running' AND j.running_lease_expires_at <= statement_timestamp()
                THEN 'lost' ELSE j.last_status END AS newest_status,
           coalesce((j.definition ->> 'jitter_s')::integer, 0) * interval '1 second' AS jitter
    FROM lamplighter.job j LEFT JOIN lamplighter.trigger t ON t.job_id = j.id
    WHERE (%(job_id)s::text IS NULL OR j.id = %(job_id)s)
      AND (%(search)s::text IS NULL OR position(lower(%(search)s) IN lower(j.id)) > 0
           OR position(lower(%(search)s) IN lower(j.definition ->> 'description')) > 0
           OR EXISTS (SELECT FROM jsonb_array_elements_text(j.definition -> 'tags') AS tag
                      WHERE position(lower(%(search)s) IN tag) > 0))
      AND (%(tags)s::jsonb IS NULL OR j.definition -> 'tags' @> %(tags)s)
), job AS (
    SELECT k.*,
           CASE WHEN k.removed_at IS NOT NULL OR NOT k.in_code AND NOT k.has_trigger THEN 'removed'
                WHEN NOT k.in_code THEN 'orphan'
                WHEN k.is_paused THEN 'paused'
                WHEN %(is_enabled)s AND NOT k.is_by_hand AND NOT k.has_trigger THEN 'missing'
                WHEN %(is_enabled)s AND NOT k.is_by_hand AND (
                    k.last_missed_at > greatest(k.last_fired_at, k.held_until_at, k.updated_at, k.applied_at)
                    OR k.judge_at > '-infinity' AND k.judge_at <= statement_timestamp() - %(grace)s
                       AND coalesce(k.last_fired_at < k.judge_at - k.jitter - %(grace)s, true))
                    THEN 'overdue'
                WHEN k.newest_status IN ('failed', 'lost') OR k.consecutive_failures > 0 THEN 'error'
                WHEN k.is_by_hand THEN 'manual'
                ELSE 'enabled' END AS state
    FROM known k
), listed AS (
    SELECT id, definition ->> 'schedule' AS schedule, definition ->> 'timezone' AS timezone,
           definition ->> 'description' AS description, definition ->> 'tags' AS tags_json,
           (definition ->> 'timeout_s')::integer AS timeout_s, state,
           CASE WHEN %(is_enabled)s AND NOT is_by_hand AND state NOT IN ('paused', 'removed', 'orphan')
                THEN next_execution_at END AS next_execution_at,
           last_started_at, newest_status AS last_status, last_duration_ms,
           CASE WHEN is_paused THEN paused_at END AS paused_at, CASE WHEN is_paused THEN paused_by END AS paused_by,
           CASE WHEN is_paused THEN pause_reason END AS pause_reason,
           CASE WHEN is_paused THEN resume_at END AS resume_at, created_at
    FROM job
    WHERE state = ANY (%(states)s) AND (%(last_statuses)s::text[] IS NULL OR newest_status = ANY (%(last_statuses)s))
)
SELECT * FROM listed
"""
# Nulls come last in either direction, and what is equal by id: so a place in the list is a key and an id.
_UP = """
WHERE %(after_id)s::text IS NULL
   OR CASE WHEN %(after)s::{type} IS NULL THEN {key} IS NULL AND id > %(after_id)s
           ELSE {key} > %(after)s OR {key} IS NULL OR {key} = %(after)s AND id > %(after_id)s END
ORDER BY {key} ASC NULLS LAST, id LIMIT %(limit)s
"""
_DOWN = """
WHERE %(after_id)s::text IS NULL
   OR CASE WHEN %(after)s::{type} IS NULL THEN {key} IS NULL AND id > %(after_id)s
           ELSE {key} < %(after)s OR {key} IS NULL OR {key} = %(after)s AND id > %(after_id)s END
ORDER BY {key} DESC NULLS LAST, id LIMIT %(limit)s
"""
_BY_ID_UP = "WHERE %(after_id)s::text IS NULL OR id > %(after_id)s ORDER BY id LIMIT %(limit)s"
_BY_ID_DOWN = "WHERE %(after_id)s::text IS NULL OR id < %(after_id)s ORDER BY id DESC LIMIT %(limit)s"
_KEYS: Mapping[str, Mapping[str, str]] = {
    "nextExecution": {"key": "next_execution_at", "type": "timestamptz"},
    "lastExecution": {"key": "last_started_at", "type": "timestamptz"},
    "lastStatus": {"key": "last_status", "type": "text"},
    "lastDuration": {"key": "last_duration_ms", "type": "bigint"},
}
# Every statement there is: one for each order.
_QUERIES: Mapping[tuple[str, bool], bytes] = {
    ("id", False): (_JOBS + _BY_ID_UP).encode(),
    ("id", True): (_JOBS + _BY_ID_DOWN).encode(),
    **{(sort, False): (_JOBS + _UP.format_map(names)).encode() for sort, names in _KEYS.items()},
    **{(sort, True): (_JOBS + _DOWN.format_map(names)).encode() for sort, names in _KEYS.items()},
}


def listed(connection: Connection, wanted: Wanted) -> list[ListedJob]:
    """The jobs that are wanted, in their order; `limit` and no more."""
    with connection.cursor(row_factory=args_row(ListedJob)) as cursor:
        return cursor.execute(_QUERIES[wanted.sort, wanted.is_descending], _values(wanted)).fetchall()


def _values(wanted: Wanted) -> dict[str, object]:
    return {
        "is_enabled": wanted.is_enabled, "grace": _GRACE, "job_id": wanted.job_id, "search": wanted.search,
        "states": list(wanted.states),
        "last_statuses": None if wanted.last_statuses is None else list(wanted.last_statuses),
        "tags": as_jsonb([*wanted.tags]) if wanted.tags else None, "limit": wanted.limit,
        "after": None if wanted.after is None else wanted.after.key,
        "after_id": None if wanted.after is None else wanted.after.job_id,
    }  # fmt: skip


_COUNTS = (_JOBS.replace("SELECT * FROM listed", "SELECT state, count(*) FROM listed GROUP BY state")).encode()


def counts(connection: Connection, wanted: Wanted) -> dict[str, int]:
    """How many of the wanted jobs there are in each state, on whichever page; none for a state nobody is in."""
    return {str(state): int(number) for state, number in connection.execute(_COUNTS, _values(wanted)).fetchall()}


def place(job: ListedJob, sort: str) -> After:
    """Where this job is in a list with this order."""
    return After(None if sort == "id" else getattr(job, _KEYS[sort]["key"]), job.id)


class Passed(NamedTuple):
    """A job whose stored next execution has passed, or that has none; anchor_at: one fire time of a rate, if known."""

    id: str
    schedule: str
    timezone: str
    next_execution_at: datetime | None
    anchor_at: datetime | None


# The anchor as functions/scheduling/next_executions.py has it: its StartDate, else a fire since it was last written.
_PASSED = """
SELECT j.id, j.definition ->> 'schedule', j.definition ->> 'timezone', j.next_execution_at,
       coalesce(t.anchor_at, CASE WHEN j.last_fired_at > t.applied_at THEN j.last_fired_at END)
FROM lamplighter.job j LEFT JOIN lamplighter.trigger t ON t.job_id = j.id
WHERE (j.next_execution_at IS NULL OR j.next_execution_at <= %(now)s)
  AND (%(job_id)s::text IS NULL OR j.id = %(job_id)s)
  AND j.in_code AND NOT j.is_by_hand AND j.removed_at IS NULL
  AND (j.paused_at IS NULL OR j.resume_at <= statement_timestamp())
"""


def passed(connection: Connection, *, now: datetime, job_id: str | None = None) -> list[Passed]:
    """The jobs, or this one, whose next execution has to be computed: the one that is stored has passed, or is none."""
    with connection.cursor(row_factory=args_row(Passed)) as cursor:
        return cursor.execute(_PASSED, {"now": now, "job_id": job_id}).fetchall()
