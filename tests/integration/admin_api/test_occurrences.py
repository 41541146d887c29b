"""GET /jobs/{jobId}/occurrences."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.db import jobs
from functions.db.connection import Connection
from functions.definition import JobDefinition
from functions.settings import settings
from tests.integration.admin_api.api import BASE, Api
from tests.integration.admin_api.cases import assert_knows_no_other_ids, assert_needs, assert_needs_a_token

PRAGUE = "Europe/Prague"


def stored(connection: Connection, schedule: str | None, timezone: str = "UTC") -> None:
    jobs.store_definitions(connection, [JobDefinition(id="a", schedule=schedule, timezone=timezone)])


def asked(api: Api, query: str = "") -> Any:
    answer = api("GET", f"{BASE}/jobs/a/occurrences{query}", permissions=("jobs.view",))
    assert answer.status == 200
    return answer.json


def test_the_next_ones_after_an_instant_in_utc_and_on_the_jobs_clock(api: Api, connection: Connection) -> None:
    stored(connection, "0 9 * * *", PRAGUE)
    found = asked(api, "?count=2&after=2026-12-24T12:00:00%2B01:00")
    assert found == {
        "timezone": PRAGUE,
        "occurrences": [
            {"at": f"2026-12-{day}T08:00:00+00:00", "local": f"2026-12-{day}T09:00:00+01:00", "clockChange": None,
             "isHeld": False}
            for day in (25, 26)
        ],
        "reason": None,
        "clockChanges": [],
    }  # fmt: skip


def test_by_default_the_next_ten_from_now_on(api: Api, connection: Connection) -> None:
    stored(connection, "* * * * *")
    before = datetime.now(UTC)
    first, *rest = [datetime.fromisoformat(each["at"]) for each in asked(api)["occurrences"]]
    assert timedelta() < first - before <= timedelta(minutes=1, seconds=30)
    assert rest == [first + timedelta(minutes=number) for number in range(1, 10)]


def test_a_time_the_clocks_skip_is_named_and_its_day_is_marked(api: Api, connection: Connection) -> None:
    stored(connection, "30 2,5 * * *", PRAGUE)
    found = asked(api, "?count=3&after=2027-03-27T12:00:00Z")
    assert [(each["local"], each["clockChange"]) for each in found["occurrences"]] == [
        ("2027-03-28T05:30:00+02:00", "forward"),
        ("2027-03-29T02:30:00+02:00", None),
        ("2027-03-29T05:30:00+02:00", None),
    ]
    (change,) = found["clockChanges"]
    assert (change["direction"], change["skipped"], change["repeated"]) == ("forward", ["2027-03-28T02:30:00"], [])
    assert change["at"] == "2027-03-28T01:00:00+00:00"


def test_a_time_the_clocks_repeat_runs_once_and_is_named(api: Api, connection: Connection) -> None:
    stored(connection, "30 2 * * *", PRAGUE)
    found = asked(api, "?count=2&after=2027-10-30T12:00:00Z")
    assert [(each["local"], each["clockChange"]) for each in found["occurrences"]] == [
        ("2027-10-31T02:30:00+02:00", "back"),
        ("2027-11-01T02:30:00+01:00", None),
    ]
    assert found["clockChanges"][0]["repeated"] == ["2027-10-31T02:30:00"]


def test_of_a_rate_nobody_has_seen_fire_nothing_is_claimed(api: Api, deployed: Connection) -> None:
    found = api("GET", f"{BASE}/jobs/a.b_c-1/occurrences").json
    assert found["occurrences"] is None
    assert "once it has fired" in found["reason"]
    fired_at = datetime.now(UTC) + timedelta(seconds=1)
    deployed.execute("UPDATE lamplighter.job SET last_fired_at = %s WHERE id = 'a.b_c-1'", (fired_at,))
    (only,) = api("GET", f"{BASE}/jobs/a.b_c-1/occurrences?count=1").json["occurrences"]
    assert datetime.fromisoformat(only["at"]) - fired_at in (timedelta(), timedelta(minutes=5))


def test_a_job_run_by_hand_only_and_one_that_never_fires_have_none(api: Api, connection: Connection) -> None:
    stored(connection, None)
    assert (asked(api)["occurrences"], asked(api)["reason"]) == ([], "the job only runs by hand: it has no schedule")
    stored(connection, "0 0 30 2 *")
    assert asked(api)["reason"] == "the job only runs by hand: no date matches its schedule"


def test_those_a_pause_stops_are_marked(api: Api, connection: Connection) -> None:
    stored(connection, "0 * * * *")
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    until = now + timedelta(hours=3)
    assert api("POST", f"{BASE}/jobs/a/pause", json_body={"until": until.isoformat()}).status == 204
    found = asked(api, f"?count=4&after={now.strftime('%Y-%m-%dT%H:%M:%SZ')}")
    held = [each["isHeld"] for each in found["occurrences"]]
    assert held == [True, True, False, False]


def test_switched_off_nothing_comes(api: Api, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(connection, "@hourly")
    monkeypatch.setenv("JOBS_ENABLED", "false")
    settings.cache_clear()
    assert asked(api)["reason"] == "nothing fires: JOBS_ENABLED is false"


@pytest.mark.parametrize("query", ["count=0", "count=51", "count=x", "after=2026-12-24T12:00:00", "after=soon", "n=1"])
def test_other_parameters_are_refused(api: Api, connection: Connection, query: str) -> None:
    stored(connection, "@hourly")
    answer = api("GET", f"{BASE}/jobs/a/occurrences?{query}")
    assert (answer.status, answer.code) == (400, "validation_failed")


def test_an_unknown_removed_or_impossible_id_is_404(api: Api, deployed: Connection) -> None:
    assert_knows_no_other_ids(api, "GET", "/jobs/{}/occurrences")


def test_it_needs_a_token(api: Api) -> None:
    assert_needs_a_token(api, "GET", "/jobs/cleanup/occurrences")


def test_managing_does_not_include_seeing(api: Api) -> None:
    assert_needs("jobs.view", api, "GET", "/jobs/cleanup/occurrences")


@pytest.mark.parametrize("after", ["0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59"])
def test_an_instant_utc_has_no_date_for_is_refused(api: Api, connection: Connection, after: str) -> None:
    stored(connection, "@hourly")
    answer = api("GET", f"{BASE}/jobs/a/occurrences?after={after}")
    assert (answer.status, answer.code) == (400, "validation_failed")
