"""Thirty changes a minute for each actor."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

from functions.db.connection import Connection, connect
from functions.db.mutation_counts import count_mutation
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


def test_every_change_says_what_the_limit_is_and_how_much_of_it_is_left(api: Api, deployed: Connection) -> None:
    changes = [("POST", "/jobs/cleanup/pause"), ("POST", "/jobs/nope/pause"), ("DELETE", "/jobs/cleanup")]
    for left, (method, path) in zip((29, 28, 27), changes, strict=True):
        headers = api(method, BASE + path).headers
        assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("30", str(left))
        assert 1 <= int(headers["X-RateLimit-Reset"]) <= 60
    assert not any(name.startswith("X-RateLimit") for name in api("GET", f"{BASE}/jobs").headers)


def test_of_changes_raced_over_two_connections_exactly_thirty_pass(api: Api, database_url: str) -> None:
    def change(_: int) -> int:
        with connect(database_url) as opened:
            ready.wait()
            counts = [count_mutation(opened, ACTOR, limit=30, window=timedelta(minutes=1)) for _ in range(20)]
        return sum(counted.mutations <= 30 for counted in counts)

    ready = Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        passed = list(pool.map(change, range(2)))
    assert sum(passed) == 30
    assert min(passed) > 0, "they did not race"
