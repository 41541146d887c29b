"""GET /stats and GET /jobs/{jobId}/stats."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.db import stats as hourly
from functions.db.connection import Connection
from tests.integration.admin_api.api import BASE, Api
from tests.integration.admin_api.cases import assert_needs, assert_needs_a_token

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
_COUNT = "SELECT lamplighter.count_execution(%s, %s, %s, %s)"
BOTH = pytest.mark.parametrize("path", ["/stats", "/jobs/cleanup/stats"])


def count(
    connection: Connection, status: str, at: datetime, took_ms: int | None = None, job_id: str = "cleanup"
) -> None:
    connection.execute(_COUNT, (job_id, status, at, took_ms))


def stats(api: Api, path: str, **query: str) -> Any:
    asked = "&".join(f"{name}={value.replace('+', '%2B')}" for name, value in query.items())
    answer = api("GET", f"{BASE}{path}?{asked}", permissions=("jobs.view",))
    assert answer.status == 200, answer.body
    return answer.json


def at_noon(api: Api, path: str) -> Any:
    return stats(api, path, **{"from": NOON.isoformat(), "to": (NOON + HOUR).isoformat()})


@BOTH
def test_an_hour_says_how_executions_ended_and_how_long_they_took(api: Api, deployed: Connection, path: str) -> None:
    for status, took_ms in (("succeeded", 1000), ("succeeded", 3000), ("succeeded", 2000), ("failed", 10_000)):
        count(deployed, status, NOON + HOUR / 2, took_ms)
    for status in ("lost", "skipped", "skipped", "missed", "cancelled"):
        count(deployed, status, NOON)
    page = at_noon(api, path)
    (period,) = page["periods"]
    assert page["total"] == {name: value for name, value in period.items() if name != "at"}
    assert (page["by"], page["from"], page["to"]) == ("hour", NOON.isoformat(), (NOON + HOUR).isoformat())
    p50, p95 = period.pop("p50"), period.pop("p95")
    assert period == {
        "at": NOON.isoformat(), "succeeded": 3, "failed": 1, "skipped": 2, "cancelled": 1, "lost": 1, "missed": 1,
        "successRate": 0.6, "mean": 4.0, "max": 10.0,
    }  # fmt: skip
    assert (p50, p95) == (pytest.approx(2, rel=0.1), pytest.approx(10, rel=0.1))


@BOTH
def test_what_nothing_is_known_of_is_null_and_hours_in_which_nothing_ended_are_there(
    api: Api, deployed: Connection, path: str
) -> None:
    count(deployed, "missed", NOON)
    page = stats(api, path, **{"from": NOON.isoformat(), "to": (NOON + 3 * HOUR).isoformat()})
    assert [(each["at"], each["missed"]) for each in page["periods"]] == [
        (NOON.isoformat(), 1), ((NOON + HOUR).isoformat(), 0), ((NOON + 2 * HOUR).isoformat(), 0),
    ]  # fmt: skip
    unknown = ("successRate", "mean", "p50", "p95", "max")
    assert {each[name] for each in (*page["periods"], page["total"]) for name in unknown} == {None}


def test_one_jobs_are_not_anothers(api: Api, deployed: Connection) -> None:
    count(deployed, "succeeded", NOON, 100)
    count(deployed, "failed", NOON, 100, job_id="by-hand")
    assert at_noon(api, "/jobs/cleanup/stats")["total"]["failed"] == 0
    assert at_noon(api, "/stats")["total"]["failed"] == 1


@BOTH
def test_days_begin_at_midnight_utc_and_a_time_that_begins_within_a_period_has_all_of_it(
    api: Api, deployed: Connection, path: str
) -> None:
    for at in (NOON, NOON + 11 * HOUR, NOON + 12 * HOUR, NOON - 13 * HOUR):
        count(deployed, "succeeded", at, 100)
    page = stats(api, path, by="day", **{"from": (NOON + HOUR).isoformat(), "to": (NOON + 13 * HOUR).isoformat()})
    assert [(each["at"][:10], each["succeeded"]) for each in page["periods"]] == [("2026-11-20", 2), ("2026-11-21", 1)]
    page = stats(api, path, **{"from": "2026-11-20T13:30:00+01:00", "to": "2026-11-20T12:00:01Z"})
    assert [(each["at"], each["succeeded"]) for each in page["periods"]] == [(NOON.isoformat(), 1)]


@BOTH
def test_the_last_day_or_thirty_are_shown_unless_told_otherwise(api: Api, deployed: Connection, path: str) -> None:
    count(deployed, "succeeded", datetime.now(UTC), 100)
    for query, periods in (({}, 24), ({"by": "day"}, 30)):
        page = stats(api, path, **query)
        assert (len(page["periods"]), page["periods"][-1]["succeeded"]) == (periods, 1)


def test_percentiles_are_within_ten_percent_of_the_true_ones(api: Api, deployed: Connection) -> None:
    durations = sorted(int(1.11**n) for n in range(1, 130))
    for took_ms in durations:
        count(deployed, "succeeded", NOON, took_ms)
    for path in ("/stats", "/jobs/cleanup/stats"):
        total = at_noon(api, path)["total"]
        assert total["p50"] == pytest.approx(durations[64] / 1000, rel=0.1)
        assert total["p95"] == pytest.approx(durations[122] / 1000, rel=0.1)


def test_what_has_been_rolled_up_says_the_same_also_when_something_is_taken_back(
    api: Api, deployed: Connection
) -> None:
    for number in range(5):
        count(deployed, "succeeded", NOON + number * HOUR, 50 * 7**number)
        count(deployed, "missed", NOON + number * HOUR, job_id="by-hand")
    span = {"from": NOON.isoformat(), "to": (NOON + 6 * HOUR).isoformat()}
    before = stats(api, "/stats", **span)
    assert hourly.roll_up(deployed, before=NOON + 2 * HOUR) == 2
    assert hourly.roll_up(deployed, before=NOON + 4 * HOUR) == 2
    assert hourly.roll_up(deployed, before=NOON + 4 * HOUR) == 0
    assert stats(api, "/stats", **span) == before
    deployed.execute("SELECT lamplighter.uncount_execution('by-hand', 'missed', %s)", (NOON,))
    assert stats(api, "/stats", **span)["total"] == before["total"] | {"missed": 4}


@BOTH
@pytest.mark.parametrize(
    "query",
    [
        "by=week", "by=", "from=yesterday", "from=2026-11-20T00:00:00", "from=2026-01-01T00:00:00Z",
        "by=day&from=2025-01-01T00:00:00Z", "from=2026-11-20T12:00:00Z&to=2026-11-20T12:00:00Z",
        "from=2026-11-21T00:00:00Z&to=2026-11-20T00:00:00Z", "limit=5",
        "from=0001-01-01T00:00:00%2B14:00", "to=9999-12-31T23:59:59-12:00", "to=0001-01-01T00:00:00Z",
    ],
)  # fmt: skip
def test_a_time_nobody_can_mean_is_400(api: Api, deployed: Connection, path: str, query: str) -> None:
    answer = api("GET", f"{BASE}{path}?{query}")
    assert (answer.status, answer.code) == (400, "validation_failed")


def test_an_unknown_or_impossible_job_is_404(api: Api, deployed: Connection) -> None:
    for job_id in ("nope", "%00", "CLEANUP"):
        assert api("GET", f"{BASE}/jobs/{job_id}/stats").code == "jobs_not_found"


@BOTH
def test_it_needs_a_token(api: Api, path: str) -> None:
    assert_needs_a_token(api, "GET", path)


@BOTH
def test_managing_does_not_include_seeing(api: Api, path: str) -> None:
    assert_needs("jobs.view", api, "GET", path)
