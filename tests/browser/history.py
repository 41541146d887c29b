"""A deployment with a past: every state a job and an execution can be in, for tests that look and for the pictures."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.types.json import Jsonb

from functions.db import one_time, users
from functions.db.audit import Author
from functions.db.connection import Connection
from functions.db.partitions import ensure_month
from functions.definition import JobDefinition
from functions.redaction import Secret
from functions.retry import Retry
from tests.browser.running_jobs import BACKUP, IMPORT
from tests.browser.site import Site

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class EmailParams:
    """What a message is."""

    to: str
    subject: str = ""
    copies: int = 1
    token: Secret[str] = ""
    labels: list[str] = field(default_factory=list)


@dataclass
class InvoiceParams:
    """Whose invoices."""

    month: str = ""
    dry_run: bool = False


# Enough for what tests do.
FEW = [
    JobDefinition(id="cleanup", schedule="@hourly", description="Removes what expired", tags=("housekeeping",)),
    JobDefinition(id=BACKUP, schedule="30 2 * * *", timezone="Europe/Prague", description="Copies the database"),
    JobDefinition(id=IMPORT, schedule="*/10 * * * *", description="Fetches prices"),
    JobDefinition(id="send-email", description="Sends one message", params=EmailParams),
]
_MANY = [
    JobDefinition(id="billing.invoice-run", schedule="0 6 * * MON-FRI", timezone="Europe/Prague", params=InvoiceParams,
                  description="Sends the invoices of the day", tags=("billing", "critical"), source="jobs.billing:run"),
    JobDefinition(id="cache-warmup", schedule="rate(5 minutes)", source="jobs.cache:warm_up"),
    JobDefinition(id="daily-report", schedule="0 7 * * *", timezone="Europe/Prague", tags=("reports",),
                  description="Mails yesterday’s numbers to the team", source="jobs.reports:daily"),
    JobDefinition(id="export-to-warehouse", schedule="15 * * * *", tags=("critical", "data"), memory_mb=1024,
                  description="Copies the orders of the last hour", timeout=timedelta(minutes=10),
                  source="jobs.warehouse:export"),
    JobDefinition(id="heartbeat", schedule="rate(1 minute)", description="Says that the clock still ticks"),
    JobDefinition(id=IMPORT, schedule="*/10 * * * *", description="Fetches prices from three suppliers",
                  tags=("data",), retry=Retry(attempts=3), source="jobs.prices:fetch"),
    JobDefinition(id="new-feed", schedule="@hourly", description="Reads the partner feed", tags=("data",)),
    JobDefinition(id=BACKUP, schedule="30 2 * * *", timezone="Europe/Prague", tags=("housekeeping", "critical"),
                  description="Copies the database to another region", timeout=timedelta(minutes=15)),
    JobDefinition(id="old-cleanup", schedule="@daily", description="Was moved to another service"),
    JobDefinition(id="legacy-import", schedule="@daily", description="Nobody needs it any more"),
    JobDefinition(id="reindex-search", schedule="30 2 * * SUN", description="Builds the search index afresh"),
    JobDefinition(id="send-email", params=EmailParams, description="Sends one message", tags=("mail",)),
    JobDefinition(id="sync-crm", schedule="@hourly", description="Two-way sync with the CRM", tags=("data",)),
    JobDefinition(id="weekly-digest", schedule="0 8 * * MON", timezone="Europe/Prague", tags=("mail", "reports"),
                  retry=Retry(attempts=5), description="What happened in the week"),
]  # fmt: skip
_STACK = """Traceback (most recent call last):
  File "/var/task/functions/runner.py", line 88, in run
    result = job.function(context)
  File "/var/task/functions/jobs/prices.py", line 41, in fetch
    prices = [parse(row) for row in supplier.rows()]
  File "/var/task/functions/jobs/prices.py", line 63, in rows
    raise SupplierError(f"supplier {self.number} answered {answer.status}: {answer.reason}")
jobs.prices.SupplierError: supplier 3 answered 502: Bad Gateway
"""
# How often each ran, and how long it takes: minutes between, mean seconds, share that fails.
_RHYTHM = {
    "billing.invoice-run": (1440, 95, 0.0), "cache-warmup": (5, 1.2, 0.0), "daily-report": (1440, 14, 0.0),
    "export-to-warehouse": (60, 130, 0.04), "heartbeat": (1, 0.2, 0.0), IMPORT: (10, 8, 0.22),
    BACKUP: (1440, 610, 0.03), "old-cleanup": (1440, 3, 0.0), "reindex-search": (10080, 340, 0.0),
    "sync-crm": (60, 22, 0.1), "weekly-digest": (10080, 19, 0.0),
}  # fmt: skip
_RUNS = 34
_INSERT = """
INSERT INTO lamplighter.execution (id, job_id, scheduled_at, cause, status, reason, attempt, claim_token,
    lease_expires_at, started_at, finished_at, duration_ms, error_type, error_message, error_stack, retry_at, actor,
    params, progress, failed_attempts)
VALUES (%(id)s, %(job_id)s, %(at)s, %(cause)s, %(status)s, %(reason)s, %(attempt)s, %(token)s, %(lease)s, %(started)s,
    %(finished)s, %(took)s, %(error_type)s, %(error)s, %(stack)s, %(retry_at)s, %(actor)s, %(params)s, %(progress)s,
    %(failed)s)
"""
_FREE = "DELETE FROM lamplighter.execution WHERE job_id = %(job_id)s AND scheduled_at = %(at)s"
_COUNT = "SELECT lamplighter.count_execution(%(job_id)s, %(status)s, %(finished)s, %(took)s)"
_ATTEMPT = """
INSERT INTO lamplighter.attempt (execution_id, scheduled_at, attempt, status, started_at, finished_at, duration_ms,
    error_type, error_message, error_stack)
VALUES (%(id)s, %(at)s, %(attempt)s, %(status)s, %(started)s, %(finished)s, %(took)s, %(error_type)s, %(error)s,
    %(stack)s)
"""
_SUMMARY = """
UPDATE lamplighter.job SET last_execution_id = %(id)s, last_started_at = %(started)s, last_status = %(status)s,
    last_duration_ms = %(took)s, last_fired_at = %(at)s,
    running_execution_id = CASE WHEN %(status)s = 'running' THEN %(id)s END,
    running_lease_expires_at = CASE WHEN %(status)s = 'running' THEN %(lease)s::timestamptz END
WHERE id = %(job_id)s
"""
_LINE = """
INSERT INTO lamplighter.job_log (execution_id, scheduled_at, attempt, line, logged_at, level, message, fields)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_OLDER = """
INSERT INTO lamplighter.job_stats_hourly (hour, job_id, succeeded, failed, missed, timed, duration_sum_ms,
    duration_max_ms, durations)
SELECT h, 'sync-crm', 20, CASE WHEN extract(day FROM h)::integer %% 9 = 4 THEN 6 ELSE 0 END,
       CASE WHEN extract(day FROM h)::integer %% 13 = 2 THEN 1 ELSE 0 END, 20, 440000, 40000,
       array_fill(20, ARRAY[1], ARRAY[54])
FROM generate_series(date_trunc('hour', %(now)s::timestamptz, 'UTC') - interval '30 days',
                     date_trunc('hour', %(now)s::timestamptz, 'UTC') - interval '2 days', interval '1 hour') AS h
ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Story:
    """Where in it things are."""

    running: uuid.UUID
    failed: uuid.UUID
    retrying: uuid.UUID
    lost: uuid.UUID
    missed: uuid.UUID
    queued: uuid.UUID
    scheduled: uuid.UUID
    cancelled: uuid.UUID


def tell(site: Site) -> Story:
    """All of it, in a site that has been emptied; in AWS too."""
    connection, now = site.empty(), datetime.now(UTC)
    site.deploy(_MANY)
    for months in range(10):
        ensure_month(connection, now - months * 30 * _DAY)
    teller = _Teller(connection, now)
    teller.tell_of_the_ordinary()
    teller.tell_of_the_audit()
    connection.execute(_OLDER, {"now": now})
    teller.put_jobs_into_their_states()
    return teller.tell_of_the_special()


class _Teller:
    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._minute = now.replace(second=0, microsecond=0)
        self._chance = random.Random(7)  # the same story each time

    def tell_of_the_ordinary(self) -> None:
        for job_id, (minutes, seconds, failing) in _RHYTHM.items():
            for number in range(_RUNS, 0, -1):
                at = self._minute - number * minutes * _MINUTE
                failed = self._chance.random() < failing
                took = max(0.05, self._chance.lognormvariate(0, 0.35) * seconds)
                status = "failed" if failed else "skipped" if self._chance.random() < 0.02 else "succeeded"
                error = {"error_type": "SupplierError", "error": "supplier 3 answered 502: Bad Gateway",
                         "stack": _STACK} if failed else {}  # fmt: skip
                reason = "overlap" if status == "skipped" else None
                self._ran(job_id, at, status, None if status == "skipped" else took, reason=reason, **error)

    def tell_of_the_special(self) -> Story:
        bars = [
            {"label": "orders", "done": 41_200, "total": 58_731},
            {"label": "customers", "done": 9_310, "total": None},
        ]
        running = self._ran("export-to-warehouse", self._minute - 2 * _MINUTE, "running", None, progress=bars)
        self._log(running, self._minute - 2 * _MINUTE, 180)
        failed = self._ran(
            IMPORT, self._minute - 3 * _MINUTE, "failed", 6.4, attempt=3, error_type="SupplierError", failed=3,
            error="supplier 3 answered 502: Bad Gateway", stack=_STACK,
        )  # fmt: skip
        self._log(failed, self._minute - 3 * _MINUTE, 40, attempt=3)
        retrying = self._ran(
            "weekly-digest", self._minute - 12 * _MINUTE, "retrying", None, attempt=2, failed=2,
            error_type="ConnectionError", error="smtp.example.com: connection refused",
            retry_at=self._now + 7 * _MINUTE,
        )  # fmt: skip
        lost = self._ran("reindex-search", self._minute - 5 * _HOUR, "lost", None, reason="lease ran out")
        missed = self._ran(BACKUP, self._minute - 9 * _HOUR, "missed", None, reason="no event came")
        cancelled = self._ran("sync-crm", self._minute - 4 * _HOUR, "cancelled", 31, reason="cancelled by ada")
        queued, scheduled = self._enqueue()
        return Story(running, failed, retrying, lost, missed, queued, scheduled, cancelled)

    def put_jobs_into_their_states(self) -> None:
        execute = self._connection.execute
        execute(
            "UPDATE lamplighter.job SET paused_at = %s, paused_by = 'ada', pause_reason = %s, resume_at = %s "
            "WHERE id = 'sync-crm'",
            (self._now - 3 * _HOUR, "the CRM is being upgraded, ticket 4711", self._now + 20 * _HOUR),
        )
        execute("UPDATE lamplighter.job SET in_code = false WHERE id = 'old-cleanup'")
        execute("DELETE FROM lamplighter.trigger WHERE job_id = 'new-feed'")
        execute("UPDATE lamplighter.job SET removed_at = now(), removed_by = 'ada' WHERE id = 'legacy-import'")
        ago = self._now - 3 * _DAY
        execute("UPDATE lamplighter.trigger SET applied_at = %s", (ago,))
        execute("UPDATE lamplighter.trigger SET judge_at = %s WHERE job_id = 'heartbeat'", (self._now - 2 * _HOUR,))
        execute("UPDATE lamplighter.job SET last_fired_at = %s WHERE id = 'heartbeat'", (self._now - 4 * _HOUR,))

    def tell_of_the_audit(self) -> None:
        author = Author(actor="ada", request_id="9f2c7c1e-0d5b-4f0e-9b34-5a8e5f7d1a10")
        for name, roles, disabled in (("karel", ["operator"], False), ("lena", ["viewer"], False), ("bot", [], True)):
            added = users.add(self._connection, author, name=name, password_hash=None, role_names=roles)
            if disabled:
                self._connection.execute("UPDATE lamplighter.user SET is_disabled = true WHERE id = %s", (added.id,))
        rows = [
            (3, "ada", "jobs.pause", "sync-crm", {"paused_at": None}, {"paused_at": "2026-11-23T09:12:00+00:00",
             "pause_reason": "the CRM is being upgraded, ticket 4711"}, "the CRM is being upgraded, ticket 4711"),
            (5, "oto", "jobs.trigger", "daily-report", None, {"execution_id": str(uuid.uuid4())}, None),
            (9, "deploy", "plan.apply", None, None, {"planned": {"create": 2, "update": 1}}, None),
            (26, "ada", "jobs.remove", "legacy-import", {"removed_at": None},
             {"removed_at": "2026-11-22T10:00:00+00:00"}, None),
            (31, "oto", "executions.cancel", "sync-crm", {"status": "running"}, {"status": "cancelled"}, None),
        ]  # fmt: skip
        for hours, actor, action, job_id, before, after, reason in rows:
            self._connection.execute(
                "INSERT INTO lamplighter.audit (at, actor, action, job_id, before, after, reason, request_id) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                (self._now - hours * _HOUR, actor, action, job_id, before and Jsonb(before), after and Jsonb(after),
                 reason, str(uuid.uuid4())),
            )  # fmt: skip

    def _enqueue(self) -> tuple[uuid.UUID, uuid.UUID]:
        params = {"to": "team@example.com", "subject": "The numbers of November", "copies": 2}
        queued = one_time.enqueue(self._connection, job_id="send-email", params=params, actor="oto", key="numbers-11")
        later = one_time.enqueue(
            self._connection, job_id="send-email", params=params, actor="ada", start_at=self._now + 3 * _HOUR
        )
        return queued.execution_id, later.execution_id

    def _ran(self, job_id: str, at: datetime, status: str, took_s: float | None, **more: Any) -> uuid.UUID:
        has_ended = status in ("succeeded", "failed", "skipped", "cancelled", "lost", "missed")
        has_run = status not in ("skipped", "missed")
        started = at + timedelta(seconds=self._chance.uniform(0.3, 2)) if has_run else None
        values: dict[str, Any] = {
            "id": uuid.uuid4(), "job_id": job_id, "at": at, "cause": "schedule", "status": status, "reason": None,
            "attempt": 1 if has_run else 0, "token": uuid.uuid4() if has_run else None,
            "lease": self._now + _HOUR if status == "running" else None, "started": started,
            "finished": (started or at) + timedelta(seconds=took_s or 1) if has_ended else None,
            "took": None if took_s is None else round(took_s * 1000), "error_type": None, "error": None, "stack": None,
            "retry_at": None, "actor": None, "params": None, "progress": None, "failed": 0,
        } | more  # fmt: skip
        values["progress"] = values["progress"] and Jsonb(values["progress"])
        self._connection.execute(_FREE, values)
        self._connection.execute(_INSERT, values)
        if has_ended:
            self._connection.execute(_COUNT, values)
        if has_run:
            self._attempts(values)
            self._connection.execute(_SUMMARY, values)
        return uuid.UUID(str(values["id"]))

    def _attempts(self, values: dict[str, Any]) -> None:
        ended = {"succeeded", "failed", "cancelled", "lost"}
        for number in range(1, values["attempt"] + 1):
            is_last = number == values["attempt"]
            if is_last and values["status"] not in ended | {"retrying"}:
                continue
            status = values["status"] if is_last and values["status"] in ended else "retrying"
            finished = values["finished"] or values["started"] + timedelta(seconds=number)
            self._connection.execute(_ATTEMPT, values | {"attempt": number, "status": status, "finished": finished})

    def _log(self, execution_id: uuid.UUID, at: datetime, count: int, *, attempt: int = 1) -> None:
        said = [
            ("INFO", "batch %(n)d: 320 orders read", None), ("DEBUG", "SELECT … FROM orders WHERE id > %(n)d000", None),
            ("INFO", "batch %(n)d: written to warehouse.orders", {"rows": 320, "seconds": 0.41}),
            ("WARNING", "the warehouse is slow: 4.2 s for batch %(n)d", None), ("INFO", "batch %(n)d: checked", None),
        ]  # fmt: skip
        for number in range(1, count + 1):
            level, message, fields = said[(number * 3 + number // 9) % len(said)] if number % 37 else (
                "ERROR", "batch %(n)d was refused: duplicate key value violates unique constraint “orders_pkey”", None
            )  # fmt: skip
            logged_at = at + timedelta(seconds=2 + number * 0.6)
            said_now = message % {"n": number}
            self._connection.execute(
                _LINE, (execution_id, at, attempt, number, logged_at, level, said_now, fields and Jsonb(fields))
            )
