"""The whole product on one machine, from the schedule firing to the row a person sees, used from outside."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import stat
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from functions.naming import job_name
from infra.local.postgres import home_for
from tests.acceptance.local_stack import LocalStack, launch, output, run_script, until

CLEANUP = "expired-refresh-token-cleanup"
HEARTBEAT = "demo-heartbeat"
TEAM = "team-job"
Start = Callable[..., LocalStack]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "a state"


@pytest.fixture
def start(state: Path) -> Iterator[Start]:
    """Starts scripts/dev with this test's state; what still runs at the end is stopped."""
    started: list[LocalStack] = []

    def start_one(*arguments: str, **environment: str) -> LocalStack:
        started.append(LocalStack.start(state, *arguments, **environment))
        return started[-1]

    yield start_one
    for stack in started:
        if stack.process.poll() is None:
            stack.stop()
    shutil.rmtree(home_for(state / "postgres"), ignore_errors=True)


def test_a_job_runs_from_what_aws_would_get_is_paused_triggered_resumed_removed_and_restored(
    start: Start, state: Path
) -> None:
    team = _installed_jobs_package(state.parent / "site")
    stack = start("--package", JOBS_PACKAGES="functions.jobs,team_jobs", PYTHONPATH=str(team))
    assert {job["id"] for job in stack.call("GET").json()} >= {CLEANUP, HEARTBEAT, TEAM}
    assert stack.call("POST", f"/{TEAM}/trigger").status_code == 204
    assert until(lambda: _succeeded(stack, TEAM), what="a job in a package of its own")
    assert {_pyc_flags(file) for file in (state / "packages").glob("*/functions/__pycache__/settings.*.pyc")} == {1}
    events, rule = stack.aws("events"), job_name("local", CLEANUP)

    # The cleanup job, hourly by definition, is made due every minute behind our back.
    events.put_rule(Name=rule, ScheduleExpression="cron(* * * * ? *)", State="ENABLED")
    assert len(_tokens(stack)) == 25
    first = until(lambda: _succeeded(stack, CLEANUP), what="the cleanup's first run")[0]
    assert _tokens(stack) == [f"demo-valid-{number}" for number in range(5)]
    assert first["cause"] == "schedule"
    assert _lines(stack, first["jobId"]) == ["deleted 20 refresh tokens"]

    assert stack.call("POST", f"/{CLEANUP}/pause").status_code == 204
    paused_at = datetime.now(UTC)
    before = [execution["jobId"] for execution in stack.history(CLEANUP)]
    until(lambda: _ran_after(stack, HEARTBEAT, paused_at), what="a minute's turn after the pause")
    assert [execution["jobId"] for execution in stack.history(CLEANUP)] == before
    assert stack.job(CLEANUP)["isPaused"] is True
    assert stack.job(CLEANUP)["nextExecution"] is None

    triggered = stack.call("POST", f"/{CLEANUP}/trigger")
    assert triggered.status_code == 204
    execution_id = triggered.headers["Location"].rsplit("/", 1)[1]
    manual = until(lambda: [e for e in _succeeded(stack, CLEANUP) if e["jobId"] == execution_id], what="the trigger")
    assert manual[0]["cause"] == "manual"
    assert stack.job(CLEANUP)["isPaused"] is True

    assert stack.call("POST", f"/{CLEANUP}/resume").status_code == 204
    resumed = events.describe_rule(Name=rule)
    assert (resumed["State"], resumed["ScheduleExpression"]) == ("ENABLED", "cron(0 * * * ? *)")
    assert stack.job(CLEANUP)["nextExecution"] is not None

    assert stack.call("DELETE", f"/{CLEANUP}").status_code == 204
    assert stack.call("DELETE", f"/{CLEANUP}").status_code == 404
    assert rule not in _rules(events)
    assert len(_rows(stack, CLEANUP)) >= 2

    assert stack.call("POST", "/restore").status_code == 204
    assert events.describe_rule(Name=rule)["State"] == "ENABLED"
    assert stack.job(CLEANUP)["isPaused"] is False
    asked = "SELECT action FROM lamplighter.audit WHERE action <> 'users.create' ORDER BY id"  # the first user's
    actions = [action for (action,) in stack.query(asked)]
    of_cleanup = ["jobs.pause", "jobs.trigger", "jobs.resume", "jobs.remove", "jobs.restore"]
    assert actions == ["jobs.trigger", *of_cleanup]


def test_what_somebody_changed_in_aws_by_hand_is_shown_and_repaired(start: Start, state: Path) -> None:
    stack = start()
    events, rule = stack.aws("events"), job_name("local", HEARTBEAT)
    assert run_script("reconcile", "plan", "--check", "--state", str(state)).returncode == 0

    events.disable_rule(Name=rule)
    plan = run_script("reconcile", "plan", "--check", "--state", str(state))
    assert plan.returncode == 2
    assert f"state   rule      {HEARTBEAT}" in plan.stdout
    assert "State: DISABLED → ENABLED" in plan.stdout
    assert run_script("reconcile", "apply", "--state", str(state)).returncode == 0
    assert events.describe_rule(Name=rule)["State"] == "ENABLED"

    target = events.list_targets_by_rule(Rule=rule)["Targets"][0]
    events.put_targets(Rule=rule, Targets=[{**target, "Input": "{}"}])
    assert run_script("reconcile", "plan", "--check", "--state", str(state)).returncode == 0
    deep = run_script("reconcile", "apply", "--deep", "--json", "--state", str(state))
    assert [step["action"] for step in json.loads(deep.stdout)["done"]].count("update") == 1
    assert events.list_targets_by_rule(Rule=rule)["Targets"] == [target]


def test_a_second_start_keeps_history_pauses_and_removals_and_leaves_nothing_running(start: Start, state: Path) -> None:
    first = start()
    assert first.call("POST", f"/{HEARTBEAT}/trigger").status_code == 204
    before = until(lambda: _succeeded(first, HEARTBEAT))
    first.call("POST", f"/{HEARTBEAT}/pause")
    first.call("DELETE", f"/{CLEANUP}")
    assert "days of history" in run_script("cost", "--state", str(state)).stdout
    children = psutil.Process(first.process.pid).children(recursive=True)
    assert first.stop() == 0
    assert not (state / "dev.json").exists()
    assert [child for child in children if child.is_running()] == []

    second = start()
    assert second.job(HEARTBEAT)["isPaused"] is True
    assert before[0]["jobId"] in [execution["jobId"] for execution in second.history(HEARTBEAT)]
    assert second.call("GET", f"/{CLEANUP}").status_code == 404
    events = second.aws("events")
    assert events.describe_rule(Name=job_name("local", HEARTBEAT))["State"] == "DISABLED"
    assert job_name("local", CLEANUP) not in _rules(events)
    assert second.facts["token"]
    assert first.call("GET").status_code == 200, "a token outlives a restart"
    second.stop()


def test_a_start_after_a_kill_sweeps_what_the_killed_one_left_and_a_reset_forgets(start: Start) -> None:
    killed = start()
    killed.call("POST", f"/{HEARTBEAT}/pause")
    children = psutil.Process(killed.process.pid).children(recursive=True)
    assert children
    killed.stop(signal.SIGKILL)

    again = start()
    assert [child for child in children if child.is_running()] == []
    assert again.job(HEARTBEAT)["isPaused"] is True
    again.stop()

    clean = start("--reset")
    assert clean.job(HEARTBEAT)["isPaused"] is False
    clean.stop(signal.SIGTERM)


def test_it_says_where_it_is_and_takes_another_port_when_its_own_is_taken(start: Start, state: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 8765))
        taken.listen()
        stack = start()
    said = until(lambda: output(state) if "Ctrl-C stops" in output(state) else "", what="its welcome")
    assert not stack.facts["url"].endswith(":8765")
    assert stack.facts["url"] in said
    assert "next occurrences" in said
    assert HEARTBEAT in said.split("next occurrences")[1]
    assert stat.S_IMODE((state / "dev.json").stat().st_mode) == 0o600
    assert set(stack.facts) == {"url", "token", "database_url", "aws_endpoint_url", "region", "admin_password"}

    other = launch(state)
    assert other.wait(timeout=60) == 1
    assert f"is running already (process {stack.process.pid})" in output(state)
    assert stack.call("GET").status_code == 200, "the second start did not disturb the first"
    stack.stop()


def test_a_database_given_by_the_user_is_used_and_one_elsewhere_is_refused(
    start: Start, state: Path, database_url: str
) -> None:
    refused = launch(state, DATABASE_URL="postgresql://u:p@db.example.com/prod")
    assert refused.wait(timeout=60) == 1
    assert "DATABASE_URL leads to db.example.com" in output(state)

    nowhere = dict.fromkeys(("http_proxy", "HTTP_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
    stack = start(DATABASE_URL=database_url, **nowhere)
    assert stack.facts["database_url"] == database_url
    assert stack.query("SELECT count(*) FROM lamplighter.job") == [(len(stack.call("GET").json()),)]
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE TABLE public.not_ours AS SELECT 1 AS n")
    assert stack.call("POST", f"/{HEARTBEAT}/pause").status_code == 204
    stack.stop()

    clean = start("--reset", DATABASE_URL=database_url)
    assert "the schema lamplighter in DATABASE_URL's database is gone" in output(state)
    assert clean.job(HEARTBEAT)["isPaused"] is False
    assert clean.query("SELECT n FROM public.not_ours") == [(1,)]
    clean.stop()


def _installed_jobs_package(site: Path) -> Path:
    """A directory that holds a jobs package which is no part of this project."""
    (site / "team_jobs").mkdir(parents=True)
    (site / "team_jobs" / "__init__.py").touch()
    source = f"from functions.job import job\n\n\n@job(id={TEAM!r}, schedule=None)\ndef team_job(ctx): ...\n"
    (site / "team_jobs" / "nightly.py").write_text(source)
    return site


def _pyc_flags(compiled: Path) -> int:
    """PEP 552: 1 is not held against its source. What Python compiles by itself, as in a usual start, has 0."""
    return int.from_bytes(compiled.read_bytes()[4:8], "little")


def _succeeded(stack: LocalStack, job_id: str) -> list[dict[str, Any]]:
    return [execution for execution in stack.history(job_id) if execution["status"] == "succeeded"]


def _ran_after(stack: LocalStack, job_id: str, instant: datetime) -> bool:
    """Whether an occurrence whose minute began after this instant has been run: then that minute was fired."""
    turned = [datetime.fromisoformat(execution["scheduledAt"]) for execution in _succeeded(stack, job_id)]
    return any(at > instant for at in turned)


def _tokens(stack: LocalStack) -> list[str]:
    return [name for (name,) in stack.query("SELECT subject FROM lamplighter.refresh_token ORDER BY subject")]


def _lines(stack: LocalStack, execution_id: str) -> list[str]:
    lines = stack.query("SELECT message FROM lamplighter.job_log WHERE execution_id = %s ORDER BY line", execution_id)
    return [message for (message,) in lines]


def _rows(stack: LocalStack, job_id: str) -> list[tuple[Any, ...]]:
    return stack.query("SELECT id FROM lamplighter.execution WHERE job_id = %s", job_id)


def _rules(events: Any) -> list[str]:
    return [rule["Name"] for rule in events.list_rules()["Rules"]]
