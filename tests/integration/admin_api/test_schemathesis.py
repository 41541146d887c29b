"""The API against its own OpenAPI document: whatever is sent, the answer is one that is promised (Schemathesis)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from functions.db.connection import Connection
from functions.db.outcomes import Outcome
from infra.local.gateway import Gateway
from infra.local.gateway_routes import admin_api_routes
from tests.conftest import PROJECT
from tests.integration.admin_api.api import KEY, Api
from tests.integration.admin_api.runs import FIRST, run

CONFIG = PROJECT / "tests/integration/admin_api/schemathesis.toml"
# How many cases each operation gets in the fuzzing phase, more with SCHEMATHESIS_EXAMPLES.
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "10")
# What is made up follows from it, and from what the API answers: two runs are alike, not the same.
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")


@pytest.fixture
def known_ids(reporting: Connection) -> dict[str, list[str]]:
    """The ids there are, by the parameter that names them: jobs with and without params, executions of every kind."""
    ends = ("succeeded", "failed", "skipped", "cancelled", "lost")
    ended = [
        run(reporting, "cleanup", FIRST + timedelta(hours=number), Outcome(status=status, error_type="E"))
        for number, status in enumerate(ends * 8)
    ]
    running = run(reporting, "plain", FIRST, None, lease=timedelta(hours=1))
    return {
        "job_id": ["report", "plain", "cleanup", "removed"],
        "execution_id": [str(execution_id) for execution_id in (*ended, running)],
    }


@pytest.fixture
def url(api: Api) -> Iterator[str]:
    """The app behind HTTP."""
    from app import app

    turn = threading.Lock()  # an instance of Lambda answers one request at a time

    def invoke(event: bytes) -> bytes:
        with turn:
            return json.dumps(app(json.loads(event), None)).encode()

    gateway = Gateway(routes=admin_api_routes(PROJECT), invoke=invoke)
    yield gateway.start()
    gateway.stop()


def test_every_answer_to_whatever_is_sent_is_one_the_document_promises(
    url: str, known_ids: dict[str, list[str]]
) -> None:
    command = [
        sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(CONFIG), "run",
        f"{url}/openapi.json", "--checks", "all", "--seed", SEED,
        "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", EXAMPLES,
    ]  # fmt: skip
    environment = {
        **os.environ,
        "SCHEMATHESIS_HOOKS": "tests.integration.admin_api.schemathesis_hooks",
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(PROJECT / "admin_api")]),
        "AUTH_SIGNING_KEY": KEY,
        "KNOWN_IDS": json.dumps(known_ids),
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd="/tmp")
    print(done.stdout)  # its summary: scripts/test -s shows it
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
