"""`scripts/dev`, started and used as a person would: over its files, HTTP, boto3 and SQL, from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import psycopg
import requests

from tests.conftest import PROJECT

T = TypeVar("T")
JOBS = "/api/v1/admin/jobs"
_PATIENCE_S = 150


def until(probe: Callable[[], T], *, seconds: float = _PATIENCE_S, what: str = "it") -> T:
    """The probe's first true answer; fails when none comes in time."""
    deadline = time.monotonic() + seconds
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.1)
    return answer


@dataclass
class LocalStack:
    """One start of scripts/dev with its own state directory."""

    process: subprocess.Popen[str]
    state: Path
    seconds: float
    facts: dict[str, str]

    @classmethod
    def start(cls, state: Path, *arguments: str, **environment: str) -> LocalStack:
        """Start it and wait until dev.json says that everything is up."""
        begun = time.monotonic()
        (state / "dev.json").unlink(missing_ok=True)
        process = launch(state, *arguments, **environment)
        published = state / "dev.json"

        def up() -> bool:
            assert process.poll() is None, f"scripts/dev ended: {output(state)}"
            return published.exists()

        until(up, what="scripts/dev being up")
        return cls(process, state, time.monotonic() - begun, json.loads(published.read_text()))

    def stop(self, number: int = signal.SIGINT) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def call(self, method: str, path: str = "", **options: Any) -> requests.Response:
        """One request to the admin API's jobs with the developer's token."""
        headers = {"Authorization": f"Bearer {self.facts['token']}"}
        return requests.request(method, f"{self.facts['url']}{JOBS}{path}", headers=headers, timeout=30, **options)

    def job(self, job_id: str) -> dict[str, Any]:
        """The job's detail, from the API."""
        answer = self.call("GET", f"/{job_id}")
        assert answer.status_code == 200, answer.text
        detail: dict[str, Any] = answer.json()
        return detail

    def history(self, job_id: str) -> list[dict[str, Any]]:
        """The job's executions, newest first, from the API."""
        found: list[dict[str, Any]] = self.job(job_id)["executionHistory"]
        return found

    def aws(self, service: str) -> Any:
        """A boto3 client of the local AWS."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.facts["aws_endpoint_url"],
            region_name=self.facts["region"],
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of the stack's database."""
        with psycopg.connect(self.facts["database_url"], autocommit=True) as connection:
            return connection.execute(statement.encode(), parameters).fetchall()


def launch(state: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """scripts/dev with its output in a file beside the state directory."""
    state.mkdir(parents=True, exist_ok=True)
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "JOBS_PACKAGES")}
    command = [str(PROJECT / "scripts" / "dev"), "--state", str(state), "--port", "8765", *arguments]
    with (state.parent / f"{state.name}.out").open("a") as out:
        return subprocess.Popen(
            command, stdout=out, stderr=out, text=True, env=clean | environment, start_new_session=True
        )


def run_script(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """One of our other commands, run to its end."""
    command = [str(PROJECT / "scripts" / name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def output(state: Path) -> str:
    """What scripts/dev has printed, over all its starts with this state."""
    return (state.parent / f"{state.name}.out").read_text()
