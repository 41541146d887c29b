"""GET /health/live and /health/ready."""

from __future__ import annotations

import pytest

from chalicelib.database import warm
from chalicelib.services import health
from functions.db.connection import Connection
from tests.integration.admin_api.api import BASE, Api
from tests.integration.admin_api.aws import REGION, Aws
from tests.integration.admin_api.cases import assert_needs, assert_needs_a_token


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    health.aws = health.AwsHealth()


@pytest.mark.parametrize(
    ("path", "said"), [("/health/live", {"status": "ok"}), ("/health/ready", {"status": "ok", "migrations": "applied"})]
)
def test_a_healthy_instance_says_so_to_everybody(api: Api, path: str, said: dict[str, str]) -> None:
    answer = api("GET", path, headers={})
    assert (answer.status, answer.json) == (200, said)


def test_without_aws_it_is_not_ready_and_says_which_is_away_and_not_where(api: Api, aws: Aws) -> None:
    with aws.away():
        answer = api("GET", "/health/ready", headers={})
        assert api("GET", "/health/live", headers={}).status == 200
    assert (answer.status, answer.code) == (503, "aws_unavailable")
    assert "127.0.0.1" not in answer.body


def test_aws_is_asked_once_in_a_few_seconds_however_often_somebody_asks_us(
    api: Api, aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api("GET", "/health/ready", headers={}).status == 200
    with aws.away():
        assert {api("GET", "/health/ready", headers={}).status for _ in range(5)} == {200}
        monkeypatch.setattr(health, "_REMEMBERED_S", 0.0)
        assert api("GET", "/health/ready", headers={}).status == 503


def test_ready_and_version_say_that_a_migration_is_missing(api: Api, connection: Connection) -> None:
    version = api("GET", f"{BASE}/version", permissions=("jobs.view",)).json
    assert version.keys() == {"version", "stage", "region", "python", "schema", "pendingMigrations"}
    assert (version["pendingMigrations"], version["stage"], version["region"]) == ([], "local", REGION)
    connection.execute("DELETE FROM lamplighter._yoyo_migration WHERE migration_id = %s", (version["schema"],))
    assert api("GET", "/health/ready", headers={}).json["migrations"] == "pending"
    older = api("GET", f"{BASE}/version", permissions=("jobs.view",)).json
    assert older["pendingMigrations"] == [version["schema"]]
    assert older["schema"] < version["schema"]


def test_the_version_is_for_who_may_see_jobs(api: Api) -> None:
    assert_needs_a_token(api, "GET", "/version")
    assert_needs("jobs.view", api, "GET", "/version")


def test_without_postgresql_it_lives_but_is_not_ready(offline: Api) -> None:
    assert offline("GET", "/health/live", headers={}).status == 200
    answer = offline("GET", "/health/ready", headers={})
    assert (answer.status, answer.code) == (503, "database_unavailable")
    assert "secret" not in answer.body
    assert "127.0.0.1" not in answer.body


def test_ready_notices_at_once_and_recovers_when_its_connection_died(api: Api, connection: Connection) -> None:
    assert api("GET", "/health/ready", headers={}).status == 200
    connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert api("GET", "/health/ready", headers={}).status == 200


def test_an_instance_whose_server_became_a_standby_says_so_once_and_then_asks_for_another(
    api: Api, deployed: Connection
) -> None:
    pause = f"{BASE}/jobs/cleanup/pause"
    assert api("POST", pause).status == 204
    warm().get().execute("SET default_transaction_read_only = on")  # what a standby answers to writes
    refused = api("POST", f"{BASE}/jobs/cleanup/resume")
    assert (refused.status, refused.code) == (503, "database_unavailable")
    assert api("POST", f"{BASE}/jobs/cleanup/resume").status == 204
