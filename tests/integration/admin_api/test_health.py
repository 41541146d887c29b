"""GET /health/live and /health/ready."""

from __future__ import annotations

import pytest

from functions.db.connection import Connection
from tests.integration.admin_api.api import Api


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_a_healthy_instance_says_so_to_everybody(api: Api, path: str) -> None:
    answer = api("GET", path, headers={})
    assert (answer.status, answer.json) == (200, {"status": "ok"})


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
