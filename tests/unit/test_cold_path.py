"""What a job's Lambda imports before it can run: psycopg, Powertools' Logger and Metrics, and what is listed here.

It is waited for at every cold start. Something new belongs on the list only if every execution needs it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

_OURS = {
    "functions", "functions.database", "functions.db", "functions.db.claims", "functions.db.connection",
    "functions.db.json_values", "functions.db.live", "functions.db.log_lines", "functions.db.outcomes",
    "functions.definition", "functions.errors", "functions.handler", "functions.invocation",
    "functions.job", "functions.live", "functions.log_lines", "functions.logs", "functions.metrics",
    "functions.naming", "functions.printed", "functions.progress", "functions.record", "functions.redaction",
    "functions.registry", "functions.retry", "functions.runner", "functions.settings",
}  # fmt: skip
_OF_THE_JOB = {"functions.jobs", "functions.jobs.expired_refresh_token_cleanup", "functions.db.refresh_tokens"}
# Beside what psycopg and Powertools import themselves. `platform` comes with uuid, before Python 3.12.
_STANDARD_LIBRARY = {"uuid", "_uuid", "platform"}

_SCRIPT = """
import gc, json, sys
import psycopg
from aws_lambda_powertools import Logger, Metrics
floor = set(sys.modules)
from functions import handler
job = handler.registry.find("expired-refresh-token-cleanup")
added = sorted(set(sys.modules) - floor)
compiled = [
    value.__name__
    for name in added if name.startswith("functions")
    for value in vars(sys.modules[name]).values()
    if isinstance(value, type) and value.__module__ == name
    and (hasattr(value, "__dataclass_fields__") or issubclass(value, tuple))
]
collector = {"enabled": gc.isenabled(), "kept": gc.get_freeze_count()}
print(json.dumps({"added": added, "compiled": compiled, "schedule": job.definition.schedule, "collector": collector}))
"""


@pytest.fixture(scope="module")
def start() -> Any:
    environment = {"JOB_MODULE": "functions.jobs.expired_refresh_token_cleanup"}
    done = subprocess.run([sys.executable, "-c", _SCRIPT], env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_a_jobs_function_imports_its_own_job_and_nothing_that_is_not_listed(start: Any) -> None:
    added = set(start["added"])
    ours = {name for name in added if name.partition(".")[0] == "functions"}

    assert ours == _OURS | _OF_THE_JOB
    assert added - ours <= _STANDARD_LIBRARY


def test_a_jobs_function_makes_no_dataclass_and_no_named_tuple(start: Any) -> None:
    # Python compiles methods of either at each import; a Record has none of its own (docs/adr/0023).
    assert start["compiled"] == []


def test_a_jobs_function_collects_garbage_but_never_walks_what_it_imported(start: Any) -> None:
    # psycopg and Powertools alone leave 33,000 objects (docs/adr/0033).
    assert start["collector"]["enabled"]
    assert start["collector"]["kept"] > 30_000


def test_a_jobs_function_knows_the_schedule_it_does_not_parse(start: Any) -> None:
    assert start["schedule"] == "@hourly"
    assert not any(name.startswith("functions.scheduling") for name in start["added"])
