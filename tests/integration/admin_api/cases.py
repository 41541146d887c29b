"""What every endpoint must refuse, asserted the same way for each."""

from __future__ import annotations

import uuid
from datetime import timedelta

from chalicelib import permissions
from chalicelib.rate_limit import LIMIT
from functions.db.connection import Connection
from functions.db.mutation_counts import count_mutation
from tests.integration.admin_api.api import ACTOR, BASE, Answer, Api

# A job nobody knows, a removed one, and what can never be an id, sent as browsers and attackers send it.
_OTHER_IDS = [
    "nope",
    "removed",
    "CLEANUP",
    "Clean%20Up",
    "cleanup%20",
    "cleanup%00",
    "%FF",
    "%E2%82%AC",
    "a%2Fb",
    "..%2Fcleanup",
    "cleanup%27--",
    "x" * 101,
    "%7Bjob_id%7D",
]


def assert_needs_a_token(api: Api, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": ""}, {"Authorization": "Bearer"}, {"Authorization": "Bearer nonsense"}):
        answer = api(method, BASE + path, headers=headers)
        assert (answer.status, answer.code) == (401, "auth_not_authenticated")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def assert_needs(permission: str, api: Api, method: str, path: str) -> None:
    others = permissions.DESCRIPTIONS.keys() - {permission, permissions.EVERYTHING}
    others -= {name for name, implied in permissions.IMPLIES.items() if permission in implied}
    for held in ((), tuple(others), ("jobs",), ("jobs.*",), (permission.upper(),), (permission + " ",)):
        answer = api(method, BASE + path, permissions=held)
        assert (answer.status, answer.code) == (403, "auth_insufficient_permissions")


def assert_knows_no_other_ids(api: Api, method: str, path: str) -> None:
    for job_id in _OTHER_IDS:
        assert_unknown(api(method, BASE + path.format(job_id)))


def assert_knows_no_other_executions(api: Api, method: str, path: str) -> None:
    for execution_id in (str(uuid.uuid4()), "1", "nope", "%00", "%27", "%7B%7D", "a" * 300):
        answer = api(method, BASE + path.format(execution_id))
        assert (answer.status, answer.code) == (404, "executions_not_found")


def assert_unknown(answer: Answer) -> None:
    assert (answer.status, answer.code) == (404, "jobs_not_found")


def assert_limited(api: Api, connection: Connection, method: str, path: str, *, json_body: object = None) -> None:
    for _ in range(LIMIT):
        count_mutation(connection, ACTOR, limit=LIMIT, window=timedelta(minutes=1))
    before = audited(connection)
    answer = api(method, BASE + path, json_body=json_body)
    assert (answer.status, answer.code) == (429, "server_too_many_requests")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert (answer.headers["X-RateLimit-Limit"], answer.headers["X-RateLimit-Remaining"]) == (str(LIMIT), "0")
    assert audited(connection) == before, "a refused change must change nothing"
    assert api(method, BASE + path, permissions=("jobs.view",)).status == 403, "permission comes before the limit"
    assert api(method, BASE + path, actor="somebody-else", json_body=json_body).status < 400, (
        "each actor has a limit of their own"
    )


def audited(connection: Connection) -> list[tuple[str, str | None, str, str | None]]:
    """Actor, job, action and request id of every audit row, oldest first."""
    rows = connection.execute("SELECT actor, job_id, action, request_id FROM lamplighter.audit ORDER BY id").fetchall()
    return [(row[0], row[1], row[2], row[3]) for row in rows]
