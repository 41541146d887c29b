"""What the operations function does inside the account: it says first what it would do, and refuses in time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest

from chalicelib import passwords
from functions import registry
from functions.db import jobs, users
from functions.db.connection import Connection
from functions.definition import JobDefinition
from functions.errors import AdministratorExists, InvalidEvent, LimitExceeded
from functions.job import Job
from functions.operations import handle
from functions.settings import settings
from tests.integration.holders import audit_of
from tests.integration.scheduling.conftest import ON_RULES, Calls, in_aws, job, states

Ship = Callable[..., None]
HUGE = ({"Action": "s3:GetObject", "Resource": "x" * 9_000},)


@pytest.fixture
def ship(database_url: str, calls: Calls, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ship]:
    """Makes these the definitions of the package that the operations function runs from."""
    environment = {
        "STAGE": "test", "ACCOUNT_ID": ON_RULES.account_id, "AWS_REGION": ON_RULES.region, "DATABASE_URL": database_url,
    }  # fmt: skip
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()

    def ship_these(*definitions: JobDefinition) -> None:
        shipped = tuple(Job(definition=definition, function=print) for definition in definitions)
        monkeypatch.setattr(registry, "all_jobs", lambda: shipped)

    yield ship_these
    settings.cache_clear()


def ask(operation: str, **options: Any) -> Any:
    """The answer as it comes out of Lambda."""
    return json.loads(json.dumps(handle({"operation": operation, **options}, None)))


def hijack_target() -> None:
    """What no listing shows: the rule's target is another function."""
    target: Any = {"Id": "job", "Arn": "arn:aws:lambda:us-east-1:1:function:x"}
    boto3.client("events", "us-east-1").put_targets(Rule="lamplighter-test-job-cleanup", Targets=[target])


def test_the_first_administrator_is_made_from_here_and_no_second_one(connection: Connection, ship: Ship) -> None:
    given = {"password_hash": passwords.hash("correct horse battery staple"), "by": "ci"}
    assert ask("administrator", name="Ada", **given)["lines"] == ["ada can log in and may do everything"]
    ada = users.find(connection, "ada")
    assert (ada.permissions, users.password_hash(connection, ada.id)) == (["*"], given["password_hash"])
    ((actor, action, _, after),) = audit_of(connection)
    assert (actor, action, "argon2" in str(after)) == ("scripts/deploy of ci", "users.create", False)
    with pytest.raises(AdministratorExists):
        ask("administrator", name="eve", **given)
    assert [user.name for user in users.page(connection, limit=9)] == ["ada"]


def test_of_two_first_administrators_asked_for_at_once_one_is_made(connection: Connection, ship: Ship) -> None:
    given = {"password_hash": passwords.hash("correct horse battery staple"), "by": "ci"}

    def make(name: str) -> str:
        try:
            return str(ask("administrator", name=name, **given)["name"])
        except AdministratorExists:
            return "refused"

    with ThreadPoolExecutor(4) as threads:
        made = sorted(threads.map(make, ["a", "b", "c", "d"]))
    assert made.count("refused") == 3
    assert [user.name for user in users.page(connection, limit=9)] == [name for name in made if name != "refused"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "ada", "password_hash": "hunter2 hunter2", "by": "ci"}, "use an argon2id hash"),
        ({"name": "ada", "by": "ci"}, "needs password_hash as well"),
        ({"name": 7, "password_hash": "$argon2id$x", "by": "ci"}, "name=7 is invalid: use text"),
    ],
)
def test_an_administrator_without_what_it_takes_is_refused_and_no_password_shown(
    connection: Connection, ship: Ship, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidEvent, match=said) as caught:
        ask("administrator", **options)
    assert "hunter2" not in str(caught.value)
    assert users.page(connection, limit=9) == []


def test_reconcile_stores_the_definitions_of_the_package_and_makes_aws_match(
    connection: Connection, ship: Ship
) -> None:
    ship(job(), job("by-hand", None))
    answer = ask("reconcile")
    assert answer["lines"][-1] == "1 create, 1 leave"
    assert [step["action"] for step in answer["report"]["done"]] == ["create", "leave"]
    assert [row.id for row in jobs.all_jobs(connection)] == ["by-hand", "cleanup"]
    assert states(ON_RULES) == {"rule": "ENABLED"}


def test_a_refused_reconcile_changes_neither_postgresql_nor_aws(
    connection: Connection, calls: Calls, ship: Ship
) -> None:
    ship(job(), job("goes"))
    ask("reconcile")
    before, rules = jobs.all_jobs(connection), in_aws(ON_RULES)
    ship(job(schedule="0 3 * * *"), job("huge", permissions=HUGE), job("huge-by-hand", None, permissions=HUGE))
    calls.forget()
    with pytest.raises(LimitExceeded) as caught:
        ask("reconcile")
    assert calls.made == []
    assert "job 'huge': permissions" in str(caught.value)
    assert "job 'huge-by-hand': permissions" in str(caught.value)
    assert jobs.all_jobs(connection) == before
    assert in_aws(ON_RULES) == rules


def test_plan_shows_what_a_reconcile_of_this_package_would_do_and_changes_nothing(
    connection: Connection, calls: Calls, ship: Ship
) -> None:
    ship(job(), job("goes"))
    ask("reconcile")
    before = jobs.all_jobs(connection)
    ship(job(schedule="0 3 * * *"), job("comes"))
    calls.forget()
    planned = ask("plan")
    assert calls.writes == []
    assert jobs.all_jobs(connection) == before
    assert planned["lines"][-1] == "1 remove, 1 update, 1 create"
    done = ask("reconcile")["report"]["done"]
    assert [(s["action"], s["job_id"]) for s in planned["plan"]["steps"]] == [(s["action"], s["job_id"]) for s in done]


def test_plan_holds_no_jobs_row_while_it_asks_aws(connection: Connection, calls: Calls, ship: Ship) -> None:
    ship(job())
    ask("reconcile")
    ship(job(schedule="0 3 * * *"))
    locked: list[int] = []

    def look(operation: str) -> None:
        free = connection.execute("SELECT count(*) FROM (SELECT FROM lamplighter.job FOR UPDATE SKIP LOCKED) j")
        locked.extend(1 - count for (count,) in free.fetchall())

    calls.before = look
    ask("plan")
    assert locked
    assert not any(locked)


def test_a_deep_plan_and_a_deep_reconcile_see_what_no_listing_shows(connection: Connection, ship: Ship) -> None:
    ship(job())
    ask("reconcile")
    before = in_aws(ON_RULES)
    hijack_target()
    assert ask("plan")["lines"][-1] == ask("plan", deep=False)["lines"][-1] == "1 leave"
    assert ask("reconcile")["lines"][-1] == "1 leave"
    assert ask("plan", deep=True)["lines"][-1] == "1 update"
    assert ask("reconcile", deep=True)["lines"][-1] == "1 update"
    assert in_aws(ON_RULES) == before


def test_migrate_says_when_there_is_nothing_to_apply(ship: Ship) -> None:
    assert ask("migrate") == {"applied": [], "left": [], "lines": ["nothing to apply"]}
    assert ask("migrate", before=True)["applied"] == []


def test_a_plan_of_another_package_takes_its_definitions_settings_and_migrations(ship: Ship) -> None:
    ship(job())
    ask("reconcile")
    new, migrations = [job().to_json(), job("comes").to_json()], ["0001_first_tables", "0999_next", "0998_then.after"]
    answer = ask("plan", definitions=new, migrations=migrations, settings={"jobs_enabled": False})
    assert answer["pending"] == ["0998_then.after", "0999_next"]
    assert [(step["action"], step["job_id"]) for step in answer["plan"]["steps"]] == [
        ("remove", "cleanup"), ("leave", "comes"),
    ]  # fmt: skip
    assert ask("plan")["lines"] == [*ask("plan")["lines"][:-1], "1 leave"]


def test_the_doctor_says_what_it_finds_at_the_database(connection: Connection, ship: Ship) -> None:
    ship(job())
    connection.execute("DELETE FROM lamplighter._yoyo_migration WHERE migration_id = '0014_oidc'")
    answer = ask("doctor")
    found = answer["database"]
    assert (found["pending"], found["is_encrypted"], found["is_standby"], found["owners"]) == (
        ["0014_oidc"], False, False, [],
    )  # fmt: skip
    assert abs(answer["clock_ahead_s"]) < 1
    assert 0 < found["connections"] <= found["max_connections"]


def test_a_database_that_cannot_be_reached_is_the_doctors_answer(ship: Ship, monkeypatch: pytest.MonkeyPatch) -> None:
    ship(job())
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:hunter2@127.0.0.1:1/none")
    settings.cache_clear()
    answer = ask("doctor")
    assert answer["database"] is None
    assert "PostgreSQL cannot be reached" in answer["error"]
    assert "hunter2" not in json.dumps(answer)


def test_usage_says_how_often_and_how_long_jobs_ran_in_the_last_days(connection: Connection, ship: Ship) -> None:
    assert ask("usage") == {"days": 0, "jobs": {}, "log_bytes": None, "lines": ["0 jobs ran in the last 0.0 days"]}
    for hours_ago, job_id, status, took_ms in (
        (48, "a", "succeeded", 100), (1, "a", "succeeded", 300), (1, "a", "failed", 500), (1, "b", "missed", None),
        (24 * 40, "c", "succeeded", 1),
    ):  # fmt: skip
        connection.execute(
            "SELECT lamplighter.count_execution(%s, %s, now() - %s * interval '1 hour', %s)",
            (job_id, status, hours_ago, took_ms),
        )
    answer = ask("usage")
    assert answer["jobs"] == {
        "a": {"ended": {"succeeded": 2, "failed": 1}, "mean_ms": 300},
        "b": {"ended": {"missed": 1}, "mean_ms": None},
    }
    assert answer["days"] == 30
    assert answer["lines"] == ["2 jobs ran in the last 30.0 days"]
    connection.execute("DELETE FROM lamplighter.job_stats_hourly WHERE job_id = 'c'")
    assert 2 <= ask("usage")["days"] < 2.1


def test_usage_knows_what_an_execution_logs_once_there_are_enough(connection: Connection, ship: Ship) -> None:
    connection.execute("SELECT lamplighter.ensure_month(now() - n * interval '1 hour') FROM generate_series(0, 1) n")
    connection.execute(
        "INSERT INTO lamplighter.execution (id, job_id, scheduled_at, cause, status, finished_at)"
        " SELECT gen_random_uuid(), 'a', date_trunc('minute', now()) - n * interval '1 second', 'retry', 'missed',"
        " now() FROM generate_series(1, 1000) n"
    )
    assert ask("usage")["log_bytes"] is None
    connection.execute("ANALYZE lamplighter.execution")
    assert ask("usage")["log_bytes"] < 100


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"operation": "reconcile", "dep": True}, "dep=True is unknown: reconcile takes deep"),
        ({"operation": "migrate", "deep": True}, "deep=True is unknown: migrate takes before"),
        ({"operation": "doctor", "deep": True}, "deep=True is unknown: doctor takes nothing more"),
        ({"operation": "plan", "definitions": {}}, "definitions={} is invalid: use a list"),
        ({"operation": "plan", "settings": {"stage": "prod"}}, "settings: 'stage' is unknown: a plan takes jobs_en"),
        ({"operation": "plan", "deep": "yes"}, "deep='yes' is invalid: use true or false"),
        ({"operation": "drop"}, "operation='drop' is unknown: use one of migrate, reconcile, plan, doctor, usage"),
        ({"operation": ["plan"]}, r"operation=\['plan'\] is unknown"),
        ({}, "operation=None is unknown"),
        ("plan", "operation=None is unknown"),
    ],
)
def test_anything_else_is_refused_by_name_before_anything_is_done(
    calls: Calls, ship: Ship, event: Any, message: str
) -> None:
    with pytest.raises(InvalidEvent, match=message):
        handle(event, None)
    assert calls.made == []
