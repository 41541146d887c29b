"""What the heaviest page weighs: a full page of jobs among a thousand, each with a strip of executions."""

from __future__ import annotations

import re

from chalicelib.pages.assets import served
from functions.db import jobs as job_rows
from functions.db.connection import Connection
from functions.definition import JobDefinition
from tests.integration.admin_api.pages.browser import Browser

_MOST = 100_000
_SCHEDULES = ("@hourly", "*/5 * * * *", "0 3 * * *", "30 6 * * 1-5")
_JOBS = [
    JobDefinition(
        id=f"job-{number:04}",
        schedule=_SCHEDULES[number % 4],
        timezone="UTC" if number % 2 else "Europe/Prague",
        description=f"Does what job {number} does",
        tags=("data",) if number % 3 == 0 else (),
    )
    for number in range(1_000)
]
_RUNS = """
INSERT INTO lamplighter.execution (id, job_id, scheduled_at, status, cause, attempt, started_at, finished_at,
                                   duration_ms)
SELECT gen_random_uuid(), j.id, m.at, CASE WHEN n % 7 = 3 THEN 'failed' ELSE 'succeeded' END, 'schedule', 1, m.at, m.at,
       200 + abs(hashint4(n)) % 100 * 20
FROM lamplighter.job j, generate_series(1, 30) AS n,
     LATERAL (SELECT date_trunc('minute', clock_timestamp()) - n * interval '1 minute' AS at) m
WHERE j.id < 'job-0050'
"""
_TRIGGERS = """
INSERT INTO lamplighter.trigger (job_id, backend, reason, digest, applied_at)
SELECT id, 'rule', '', '', clock_timestamp() FROM lamplighter.job WHERE id NOT LIKE '%7'
"""
_LAST = """
UPDATE lamplighter.job SET last_status = 'succeeded', last_started_at = clock_timestamp() - interval '1 minute',
    last_duration_ms = 1234
"""


def test_a_full_page_of_jobs_with_all_it_loads_is_at_most_100_kb(ada: Browser, connection: Connection) -> None:
    job_rows.store_definitions(connection, _JOBS)
    connection.execute(_TRIGGERS)
    connection.execute(_RUNS)
    connection.execute(_LAST)
    for language in ("en", "cs"):
        page = ada.get("/admin/jobs", **{"Accept-Language": language}).body
        assert page.count('class="spark"') == 50
        loaded = sum(len(served(name).encode()) for name in set(re.findall(r"/static/([^?\"]+)", page)))
        assert len(page.encode()) + loaded <= _MOST, f"{len(page.encode())} bytes of HTML, {loaded} of what it loads"
