"""Two instances of the API, two processes, over one PostgreSQL and one AWS: what one has done the other knows."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.db.claims import claim
from functions.db.connection import Connection
from tests.conftest import PROJECT
from tests.integration.admin_api.api import BASE, KEY, token
from tests.integration.admin_api.aws import REGION, Aws
from tests.integration.admin_api.instance import Instance
from tests.integration.admin_api.logins import AUTH, PASSWORD, add_user

Pair = tuple[Instance, Instance]


@pytest.fixture
def pair(deployed: Connection, database_url: str, aws: Aws) -> Iterator[Pair]:
    """Both, over the five jobs."""
    environment = {
        **{name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")},
        "PYTHONPATH": os.pathsep.join([str(PROJECT / "admin_api"), str(PROJECT)]),
        "DATABASE_URL": database_url,
        "AUTH_SIGNING_KEY": KEY,
        "AWS_REGION": REGION,
        "AWS_ENDPOINT_URL": aws.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_MAX_ATTEMPTS": "1",
    }
    both = Instance(environment), Instance(environment)
    yield both
    for instance in both:
        instance.stop()


def send(instance: Instance, method: str, path: str, *, actor: str = "ada", body: object = None, **headers: str) -> Any:
    return instance.call(method, BASE + path, token=token("*", actor=actor), body=body, **headers)


def listed(instance: Instance) -> dict[str, dict[str, Any]]:
    return {job["id"]: job for job in send(instance, "GET", "/jobs").json()}


def test_a_pause_and_a_resume_of_one_are_seen_by_the_other_at_once(pair: Pair, deployed: Connection) -> None:
    one, other = pair
    assert one.pid != other.pid
    for _ in range(3):
        for paused, (doing, looking) in ((True, (one, other)), (False, (other, one))):
            assert listed(looking)["cleanup"]["isPaused"] is not paused
            answer = send(doing, "POST", f"/jobs/cleanup/{'pause' if paused else 'resume'}")
            assert answer.status_code == 204, answer.text
            assert listed(looking)["cleanup"]["isPaused"] is paused
            detail = send(looking, "GET", "/jobs/cleanup").json()
            assert (detail["isPaused"], detail["nextExecution"] is None) == (paused, paused)
            assert listed(looking) == listed(doing)


def test_nothing_starts_once_either_has_answered_that_a_job_is_paused(pair: Pair, deployed: Connection) -> None:
    assert send(pair[1], "POST", "/jobs/cleanup/pause").status_code == 204
    claimed = claim(
        deployed, job_id="cleanup", scheduled_at=datetime.now(UTC).replace(second=0, microsecond=0), cause="schedule",
        overlap="skip", execution_id=uuid.uuid4(), token=uuid.uuid4(), lease=timedelta(minutes=1),
    )  # fmt: skip
    assert (claimed.decision, claimed.reason) == ("skip", "paused")
    (execution,) = send(pair[0], "GET", "/jobs/cleanup").json()["executionHistory"]
    assert (execution["status"], execution["reason"]) == ("skipped", "paused")


def test_what_one_removes_the_other_does_not_know_and_what_it_restores_it_does(
    pair: Pair, deployed: Connection, aws: Aws
) -> None:
    one, other = pair
    assert send(one, "DELETE", "/jobs/cleanup").status_code == 204
    assert send(other, "DELETE", "/jobs/cleanup").status_code == 404
    assert "cleanup" not in listed(other)
    assert send(other, "POST", "/jobs/restore").status_code == 204
    assert "cleanup" in listed(one)
    assert sum("cleanup" in name for name in aws.rules()) == 1


def test_the_limit_is_one_for_both_also_when_they_are_asked_at_the_same_time(pair: Pair, deployed: Connection) -> None:
    def change(number: int) -> int:
        status: int = send(pair[number % 2], "POST", "/jobs/nope/pause").status_code
        return status

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(change, range(40)))
    assert (statuses.count(404), statuses.count(429)) == (30, 10)
    refused = send(pair[0], "POST", "/jobs/nope/pause")
    assert (refused.status_code, refused.headers["X-RateLimit-Remaining"]) == (429, "0")
    assert send(pair[1], "POST", "/jobs/cleanup/pause", actor="grace").headers["X-RateLimit-Remaining"] == "29"


def test_both_pausing_at_once_is_one_pause(pair: Pair, deployed: Connection) -> None:
    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(lambda each: send(each, "POST", "/jobs/cleanup/pause").status_code, pair))
    assert statuses == [204, 204]
    changed = "SELECT before <> after FROM lamplighter.audit WHERE action = 'jobs.pause' ORDER BY id"
    assert deployed.execute(changed).fetchall() == [(True,), (False,)], "they took turns"
    assert listed(pair[0]) == listed(pair[1])


def test_an_execution_one_enqueues_can_be_seen_and_cancelled_through_the_other(
    pair: Pair, deployed: Connection
) -> None:
    made = send(pair[0], "POST", "/jobs/by-hand/executions", body={"delay": 600, "key": "once"})
    assert made.status_code == 201, made.text
    again = send(pair[1], "POST", "/jobs/by-hand/executions", body={"key": "once"})
    assert (again.status_code, again.headers["Location"]) == (204, made.headers["Location"])
    path = made.headers["Location"].removeprefix(BASE)
    assert send(pair[1], "GET", path).json()["status"] in ("queued", "scheduled")
    assert send(pair[1], "POST", f"{path}/cancel").status_code == 204
    assert send(pair[0], "GET", path).json()["status"] == "cancelled"
    assert send(pair[0], "POST", f"{path}/cancel").status_code == 409


def test_a_login_at_one_counts_at_the_other_and_its_end_too(pair: Pair, deployed: Connection) -> None:
    add_user(deployed, "ann", "viewer")
    logged_in = pair[0].call("POST", f"{AUTH}/login", token="", body={"name": "ann", "password": PASSWORD}).json()
    access = logged_in["accessToken"]
    assert [each.call("GET", f"{BASE}/jobs", token=access).status_code for each in pair] == [200, 200]
    ended = pair[1].call("POST", f"{AUTH}/logout", token=access, body={"refreshToken": logged_in["refreshToken"]})
    assert ended.status_code == 204, ended.text
    assert [each.call("GET", f"{BASE}/jobs", token=access).status_code for each in pair] == [401, 401]


def test_what_a_user_may_do_changes_at_both_at_once(pair: Pair, deployed: Connection) -> None:
    user_id = add_user(deployed, "ann", "viewer")
    login = {"name": "ann", "password": PASSWORD}
    access = pair[0].call("POST", f"{AUTH}/login", token="", body=login).json()["accessToken"]
    pause = f"{BASE}/jobs/cleanup/pause"
    assert [each.call("POST", pause, token=access).status_code for each in pair] == [403, 403]
    deployed.execute("INSERT INTO lamplighter.user_role VALUES (%s, 'operator')", (user_id,))
    assert [each.call("POST", pause, token=access).status_code for each in pair] == [204, 204]
    deployed.execute("DELETE FROM lamplighter.user_role WHERE user_id = %s", (user_id,))
    assert [each.call("POST", pause, token=access).status_code for each in pair] == [403, 403]
