"""The session cookie of browsers, and that other sites cannot use it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from functions.db.connection import Connection
from tests.integration.admin_api.api import BASE, Answer, Api, token
from tests.integration.admin_api.logins import AUTH, PASSWORD, add_user

NAME = "__Host-lamplighter-session"
OURS = {"Sec-Fetch-Site": "same-origin"}
HOST = {"Host": "jobs.example.com"}


def log_in(api: Api, headers: dict[str, str]) -> Answer:
    body = {"name": "ann", "password": PASSWORD, "cookie": True}
    return api("POST", f"{AUTH}/login", headers=headers, json_body=body)


@pytest.fixture
def cookie(api: Api, deployed: Connection) -> dict[str, str]:
    """The Cookie header of a browser in which an administrator is logged in."""
    add_user(deployed, "ann", "admin")
    return {"Cookie": log_in(api, OURS).headers["Set-Cookie"].partition(";")[0]}


def pause(api: Api, headers: dict[str, str]) -> Answer:
    return api("POST", f"{BASE}/jobs/cleanup/pause", headers=headers)


def test_a_browser_gets_a_cookie_that_scripts_and_other_hosts_cannot_read_and_no_token(
    api: Api, connection: Connection
) -> None:
    add_user(connection)
    answer = log_in(api, OURS)
    assert (answer.status, answer.body) == (204, "")
    value, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert re.fullmatch(rf"{NAME}=[\w-]{{43}}", value)
    assert set(attributes) == {"Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=604800"}
    assert connection.execute("SELECT count(*) FROM lamplighter.refresh_token").fetchone() == (0,)
    (row,) = connection.execute("SELECT s::text FROM lamplighter.session s")
    assert value.partition("=")[2] not in str(row)


def test_the_cookie_is_as_good_as_a_token(api: Api, cookie: dict[str, str]) -> None:
    said = api("GET", f"{AUTH}/me", headers=cookie).json
    assert (said["name"], said["permissions"]) == ("ann", ["*"])
    assert api("GET", f"{BASE}/jobs", headers={"Cookie": f"a=b; {cookie['Cookie']}; c=d"}).status == 200


@pytest.mark.parametrize(
    "sent", ["", NAME, f"{NAME}=", f"{NAME}=x", f"x{NAME}=x", f"{NAME}=\u00e9", "=;=;;", "a" * 4000]
)
def test_another_cookie_is_none(api: Api, sent: str) -> None:
    answer = api("GET", f"{AUTH}/me", headers={"Cookie": sent})
    assert (answer.status, answer.code) == (401, "auth_not_authenticated")


@pytest.mark.parametrize(
    "evidence", [OURS, {**HOST, "Origin": "https://jobs.example.com"}, {**HOST, "Origin": "http://JOBS.example.com"}]
)
def test_a_page_of_ours_may_change_things(api: Api, cookie: dict[str, str], evidence: dict[str, str]) -> None:
    assert pause(api, cookie | evidence).status == 204


@pytest.mark.parametrize(
    "evidence",
    [
        {}, HOST, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": ""}, {**HOST, "Origin": "https://evil.example"}, {**HOST, "Origin": "null"},
        {**HOST, "Origin": ""}, {**HOST, "Origin": "https://jobs.example.com.evil.example"},
        {**HOST, "Origin": "https://jobs.example.com:8443"}, {**HOST, "Origin": "https://[::1"},
        {"Origin": "https://jobs.example.com"}, {"Host": "", "Origin": "https://"},
        {**HOST, "Origin": "https://jobs.example.com", "Sec-Fetch-Site": "cross-site"},
        {**HOST, "Referer": "https://jobs.example.com/"},
    ],
)  # fmt: skip
def test_no_other_page_may(api: Api, cookie: dict[str, str], evidence: dict[str, str]) -> None:
    answer = pause(api, cookie | evidence)
    assert (answer.status, answer.code) == (403, "auth_cross_site")
    assert api("GET", f"{BASE}/jobs/cleanup", headers=cookie).json["isPaused"] is False
    assert api("POST", f"{AUTH}/logout", headers=cookie | evidence).code == "auth_cross_site"
    assert api("GET", f"{AUTH}/me", headers=cookie).status == 200


def test_a_link_from_elsewhere_leads_to_a_page_that_is_logged_in(api: Api, cookie: dict[str, str]) -> None:
    assert api("GET", f"{BASE}/jobs", headers=cookie | {"Sec-Fetch-Site": "cross-site"}).status == 200


def test_a_token_counts_before_a_cookie_and_needs_no_origin(api: Api, cookie: dict[str, str]) -> None:
    assert pause(api, cookie | {"Authorization": f"Bearer {token('jobs.pause')}"}).status == 204
    assert pause(api, cookie | {"Authorization": "Bearer nonsense"} | OURS).status == 401


def test_no_other_site_can_log_a_browser_in_as_somebody_of_its_own(api: Api, connection: Connection) -> None:
    add_user(connection)
    answer = log_in(api, {"Sec-Fetch-Site": "cross-site"})
    assert (answer.status, answer.code) == (403, "auth_cross_site")
    assert "Set-Cookie" not in answer.headers


def test_logging_out_ends_the_session_and_takes_the_cookie_away(api: Api, cookie: dict[str, str]) -> None:
    answer = api("POST", f"{AUTH}/logout", headers=cookie | OURS)
    assert answer.status == 204
    assert answer.headers["Set-Cookie"] == f"{NAME}=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax"
    assert api("GET", f"{AUTH}/me", headers=cookie).status == 401


def test_a_session_nobody_used_for_three_days_has_ended(api: Api, deployed: Connection, cookie: dict[str, str]) -> None:
    def unused_for(time: timedelta) -> None:
        deployed.execute("UPDATE lamplighter.session SET last_used_at = clock_timestamp() - %s", (time,))

    unused_for(timedelta(days=3) - timedelta(minutes=1))
    assert api("GET", f"{AUTH}/me", headers=cookie).status == 200
    unused_for(timedelta(days=3))
    assert api("GET", f"{AUTH}/me", headers=cookie).status == 401
