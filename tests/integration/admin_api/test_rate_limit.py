"""Thirty changes a minute for each actor."""

from __future__ import annotations

from functions.db.connection import Connection
from tests.integration.admin_api.api import ACTOR, BASE, Api


def test_the_31st_change_of_a_minute_is_refused_whatever_became_of_the_others(api: Api, deployed: Connection) -> None:
    statuses = [api("POST", f"{BASE}/jobs/nope/pause").status for _ in range(31)]
    assert statuses == [404] * 30 + [429]
    assert api("POST", f"{BASE}/jobs/cleanup/pause").status == 429
    assert api("GET", f"{BASE}/jobs/cleanup").json["isPaused"] is False


def test_looking_is_not_limited_and_not_counted(api: Api, deployed: Connection) -> None:
    assert {api("GET", f"{BASE}/jobs").status for _ in range(40)} == {200}
    assert api("POST", f"{BASE}/jobs/cleanup/pause").status == 204


def test_who_may_not_change_anything_is_not_counted(api: Api, deployed: Connection) -> None:
    assert {api("POST", f"{BASE}/jobs/cleanup/pause", permissions=()).status for _ in range(40)} == {403}
    assert api("POST", f"{BASE}/jobs/cleanup/pause").status == 204


def test_a_minute_later_changes_are_possible_again(api: Api, deployed: Connection) -> None:
    for _ in range(31):
        last = api("POST", f"{BASE}/jobs/nope/pause")
    assert last.status == 429
    moved = (
        "UPDATE lamplighter.mutation_count SET window_started_at = window_started_at - interval '61 s' WHERE actor = %s"
    )
    assert deployed.execute(moved, (ACTOR,)).rowcount == 1
    assert api("POST", f"{BASE}/jobs/cleanup/pause").status == 204


def test_every_change_says_what_the_limit_is(api: Api, deployed: Connection) -> None:
    for method, path in (("POST", "/jobs/cleanup/pause"), ("POST", "/jobs/nope/pause"), ("DELETE", "/jobs/cleanup")):
        assert api(method, BASE + path).headers["X-RateLimit-Limit"] == "30"
    assert "X-RateLimit-Limit" not in api("GET", f"{BASE}/jobs").headers
