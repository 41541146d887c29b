"""GET /jobs with search, order, filters and pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.db import jobs, triggers
from functions.db.connection import Connection
from functions.db.job_list import LISTED_STATES, STATES
from functions.definition import JobDefinition
from functions.settings import settings
from tests.integration.admin_api.api import BASE, Answer, Api
from tests.integration.seeds import triggered

NOW = datetime.now(UTC)
PATH = f"{BASE}/jobs"


def ids(answer: Answer) -> list[str]:
    assert answer.status == 200
    return [job["id"] for job in answer.json]


def found(api: Api, query: str) -> list[str]:
    return ids(api("GET", f"{PATH}?{query}"))


@pytest.fixture
def known(api: Api, connection: Connection) -> Connection:
    """Jobs of every kind, as PostgreSQL knows them; `is` names the state of each."""
    definitions = [
        JobDefinition(id=name, schedule=schedule, description=description, tags=tags)
        for name, schedule, description, tags in (
            ("enabled", "@hourly", "Sends Invoices", ("billing", "nightly")),
            ("paused", "@hourly", "100% of it", ("billing",)),
            ("paused-no-longer", "@hourly", "", ()),
            ("manual", None, "by_hand", ()),
            ("manual-never", "0 0 30 2 *", "", ()),
            ("missing", "@hourly", "", ("nightly",)),
            ("error", "@hourly", "", ()),
            ("error-by-hand", None, "", ()),
            ("error-lost", "@hourly", "", ()),
            ("overdue", "@hourly", "", ()),
            ("overdue-unseen", "@hourly", "", ()),
            ("removed", "@hourly", "", ()),
            ("removed-code", None, "", ()),
            ("orphan", "@hourly", "", ()),
        )
    ]
    jobs.store_definitions(connection, definitions)
    without = {"manual", "manual-never", "missing", "error-by-hand", "removed", "removed-code"}
    triggered(connection, *({each.id for each in definitions} - without), at=NOW - timedelta(days=1))
    _update(connection, "%", "updated_at = now() - interval '1 day'")
    _update(connection, "paused%", "paused_at = now() - interval '1 hour', paused_by = 'ann'")
    _update(connection, "paused-no-longer", "resume_at = now()")
    _update(connection, "error%", "last_status = 'failed', last_started_at = now() - interval '2 hours'")
    _update(connection, "error-lost", "last_status = 'running', running_lease_expires_at = now()")
    _update(connection, "enabled", "last_status = 'succeeded', last_started_at = now(), last_duration_ms = 1500")
    _update(
        connection, "overdue", "last_missed_at = now() - interval '1 hour', last_fired_at = now() - interval '2 hours'"
    )
    connection.execute("UPDATE lamplighter.trigger SET judge_at = now() + interval '1 hour'")
    connection.execute("UPDATE lamplighter.trigger SET judge_at = now() - interval '4 minutes' "
                       "WHERE job_id = 'overdue-unseen'")  # fmt: skip
    _update(connection, "removed", "removed_at = now(), removed_by = 'ann'")
    _update(connection, "orphan", "in_code = false")
    _update(connection, "removed-code", "in_code = false")
    return connection


def _update(connection: Connection, like: str, assignments: str) -> None:
    connection.execute(f"UPDATE lamplighter.job SET {assignments} WHERE id LIKE %s".encode(), (like,))


def test_each_job_is_in_the_one_state_it_is_named_after(api: Api, known: Connection) -> None:
    listed = api("GET", f"{PATH}?state={','.join(STATES)}").json
    assert len(listed) == 14
    expected = {job["id"]: job["id"].split("-")[0] for job in listed} | {"paused-no-longer": "enabled"}
    assert {job["id"]: job["state"] for job in listed} == expected


def test_removed_jobs_and_orphans_are_listed_only_when_asked_for(api: Api, known: Connection) -> None:
    states = {job["state"] for job in api("GET", PATH).json}
    assert states == set(LISTED_STATES)
    assert found(api, "state=orphan") == ["orphan"]
    assert found(api, "state=removed,orphan") == ["orphan", "removed", "removed-code"]
    assert found(api, "state=removed&state=orphan") == ["orphan", "removed", "removed-code"]


def test_what_is_late_is_overdue_no_longer_once_it_came_or_was_repaired(api: Api, known: Connection) -> None:
    _update(known, "overdue%", "last_fired_at = now()")
    assert found(api, "state=overdue") == []
    _update(known, "overdue%", "last_fired_at = NULL")
    assert found(api, "state=overdue") == ["overdue", "overdue-unseen"]
    triggers.store(known, [triggers.all_triggers(known)["overdue"]])
    known.execute("UPDATE lamplighter.trigger SET applied_at = now() WHERE job_id = 'overdue'")
    assert found(api, "state=overdue") == ["overdue-unseen"]


def test_switched_off_nothing_is_missing_or_overdue(
    api: Api, known: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JOBS_ENABLED", "false")
    settings.cache_clear()
    assert found(api, "state=missing,overdue") == []
    assert all(job["nextExecution"] is None for job in api("GET", PATH).json)


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("invoices", ["enabled"]),
        ("INVOICES", ["enabled"]),
        ("ERROR-", ["error-by-hand", "error-lost"]),
        ("Nightly", ["enabled", "missing"]),
        ("100%25", ["paused"]),
        ("y_h", ["manual"]),
        ("no%20such", []),
        ("%27%3B--", []),
    ],
)
def test_search_finds_a_part_of_id_description_or_tag_whatever_its_case(
    api: Api, known: Connection, search: str, expected: list[str]
) -> None:
    assert found(api, f"search={search}") == expected


def test_an_empty_search_is_none(api: Api, known: Connection) -> None:
    assert found(api, "search=") == found(api, "")


def test_a_job_has_all_tags_that_are_asked_for(api: Api, known: Connection) -> None:
    assert found(api, "tag=billing") == ["enabled", "paused"]
    assert found(api, "tag=billing,nightly") == ["enabled"]
    assert found(api, "tag=bill") == []


def test_filters_add_up(api: Api, known: Connection) -> None:
    assert found(api, "lastStatus=failed") == ["error", "error-by-hand"]
    assert found(api, "lastStatus=failed,lost") == ["error", "error-by-hand", "error-lost"]
    assert found(api, "lastStatus=failed&search=hand&state=error") == ["error-by-hand"]
    assert found(api, "lastStatus=failed&search=hand&state=manual") == []


@pytest.mark.parametrize(
    ("sort", "field"),
    [("nextExecution",) * 2, ("lastExecution",) * 2, ("lastStatus",) * 2, ("lastDuration",) * 2, ("id",) * 2],
)
@pytest.mark.parametrize("sign", ["", "-"])
def test_every_order_has_nulls_last_and_equals_by_id_and_its_pages_add_up(
    api: Api, known: Connection, sort: str, field: str, sign: str
) -> None:
    _update(known, "error%", "last_duration_ms = 7")
    answer = api("GET", f"{PATH}?sort={sign}{sort}")
    some = [job for job in answer.json if job[field] is not None]
    rest = [job["id"] for job in answer.json if job[field] is None]
    by_id = sorted(some, key=lambda job: str(job["id"]))
    in_order = sorted(by_id, key=lambda job: job[field], reverse=bool(sign))
    assert ids(answer) == [job["id"] for job in in_order] + sorted(rest)
    for limit in (1, 3, 5):
        assert _paged(api, f"{PATH}?sort={sign}{sort}&limit={limit}") == ids(answer)


def test_the_link_keeps_the_question(api: Api, known: Connection) -> None:
    path = f"{PATH}?state=error&state=manual&limit=2&search=r&sort=-lastExecution"
    assert _paged(api, path) == ids(api("GET", path.replace("limit=2&", "")))


def test_a_page_that_is_the_last_has_no_link(api: Api, known: Connection) -> None:
    everything = len(api("GET", PATH).json)
    assert "Link" not in api("GET", PATH).headers
    assert "Link" not in api("GET", f"{PATH}?limit={everything}").headers
    assert "Link" in api("GET", f"{PATH}?limit={everything - 1}").headers


def _paged(api: Api, path: str) -> list[str]:
    seen: list[str] = []
    for _ in range(20):
        answer = api("GET", path)
        seen += ids(answer)
        link: Any = answer.headers.get("Link")
        if link is None:
            return seen
        match = re.fullmatch(r'<(/\S+)>; rel="next"', link)
        assert match is not None
        path = match[1].removeprefix("/prod")
    raise AssertionError("the pages never end")


@pytest.mark.parametrize(
    "query",
    [
        "state=broken", "sort=cron", "sort=--id", "sort=id&sort=-id", "limit=0", "limit=1001", "limit=x",
        "lastStatus=ok", "tag=A%20B", "tag=%00", "search=%00", "cursor=x", "cursor=", "page=2",
        "cursor=WyJpZCIsbnVsbCwiYSIsMV0",
    ],
)  # fmt: skip
def test_what_nothing_reads_is_refused(api: Api, known: Connection, query: str) -> None:
    answer = api("GET", f"{PATH}?{query}")
    assert (answer.status, answer.code) == (400, "validation_failed")


def test_a_cursor_of_another_order_is_refused(api: Api, known: Connection) -> None:
    link = api("GET", f"{PATH}?limit=1&sort=lastStatus").headers["Link"]
    cursor = re.search(r"cursor=([\w-]+)", link)
    assert cursor is not None
    assert api("GET", f"{PATH}?sort=lastDuration&cursor={cursor[1]}").code == "validation_failed"
